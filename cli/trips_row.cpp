#include "cli/trips_row.h"

#include <array>
#include <charconv>
#include <cstring>

namespace tipple {
namespace {

constexpr std::int64_t kFirstPickupSeconds = 1'420'070'400;  // 2015-01-01 00:00:00
constexpr std::uint64_t kRowsPerSecond = 4;                  // pickups follow one another, as in the real data
constexpr std::uint64_t kSecondsMax = 40ull * 365 * 86'400;  // then the years begin again

constexpr std::uint64_t mixed(std::uint64_t x) {
  // SplitMix64's output function (Steele, Lea, Flood 2014).
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// Random numbers of one row: counter-based, so that any row can be made without those before it.
class RowRandom {
 public:
  RowRandom(std::uint64_t seed, std::uint64_t row) : state_(mixed(seed) ^ mixed(row + 0x9E3779B97F4A7C15ull)) {}
  std::uint32_t bits() { return static_cast<std::uint32_t>(mixed(state_ += 0x9E3779B97F4A7C15ull) >> 32); }
  // 0 .. bound - 1
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>((std::uint64_t{bits()} * bound) >> 32); }
  bool hits(std::uint64_t threshold) { return bits() < threshold; }

 private:
  std::uint64_t state_;
};

constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (int i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

class FieldWriter {
 public:
  explicit FieldWriter(char* out) : out_(out) {}
  [[nodiscard]] char* end() const { return out_; }

  void byte(char c) { *out_++ = c; }
  void text(std::string_view text) {
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }
  void number(std::uint64_t value) { out_ = std::to_chars(out_, out_ + 20, value).ptr; }
  void two_digits(std::uint32_t value) {
    std::memcpy(out_, &kTwoDigits[2 * value], 2);
    out_ += 2;
  }
  void hundredths(std::uint32_t value) {
    number(value / 100);
    byte('.');
    two_digits(value % 100);
  }
  void millionths(std::uint32_t value) {
    number(value / 1'000'000);
    byte('.');
    const std::uint32_t fraction = value % 1'000'000;
    two_digits(fraction / 10'000);
    two_digits(fraction / 100 % 100);
    two_digits(fraction % 100);
  }
  // YYYY-MM-DD HH:MM:SS
  void timestamp(std::int64_t seconds) {
    // Howard Hinnant, chrono-compatible low-level date algorithms: civil_from_days.
    const std::int64_t days = seconds / 86'400 + 719'468;
    const auto time = static_cast<std::uint32_t>(seconds % 86'400);
    const std::int64_t era = days / 146'097;
    const auto doe = static_cast<std::uint32_t>(days - era * 146'097);
    const std::uint32_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
    const std::uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const std::uint32_t mp = (5 * doy + 2) / 153;
    const std::uint32_t month = mp < 10 ? mp + 3 : mp - 9;
    const auto year = static_cast<std::uint32_t>(yoe + era * 400 + (month <= 2 ? 1 : 0));
    two_digits(year / 100);
    two_digits(year % 100);
    byte('-');
    two_digits(month);
    byte('-');
    two_digits(doy - (153 * mp + 2) / 5 + 1);
    byte(' ');
    two_digits(time / 3600);
    byte(':');
    two_digits(time / 60 % 60);
    byte(':');
    two_digits(time % 60);
  }

 private:
  char* out_;
};

constexpr std::array<std::string_view, 4> kVendors = {"CMT", "VTS", "VTS", "DDS"};
constexpr std::array<std::string_view, 8> kPayments = {"card", "card", "card",    "card",
                                                       "cash", "cash", "dispute", "free"};
constexpr std::array<std::string_view, 8> kNotes = {"ok", "ok", "ok", "ok", "rain", "shared", "airport", "round trip"};

void write_note(FieldWriter& out, RowRandom& random, const TripsRates& rates) {
  // All three are drawn always, so that one rate does not move the others' rows.
  const bool null = random.hits(rates.null);
  const bool newline = random.hits(rates.newline);
  const bool quoted = random.hits(rates.quoted);
  const std::uint32_t detail = random.bits();
  if (null) return;
  if (newline) {
    out.text(detail & 1 ? "\"left a bag in the car,\ncalled about it after "
                        : "\"two stops:\n\"\"Main Street\"\" first\nwaited ");
    out.number(detail >> 1 & 63);
    out.text(" minutes\"");
  } else if (quoted) {
    out.text(detail & 1 ? "\"said \"\"keep the change\"\", twice, " : "\"by the bridge, not the tunnel, ");
    out.number(detail >> 1 & 1023);
    out.text(detail & 2048 ? "\"" : ",\"\"\"");
  } else {
    out.text(kNotes[detail % kNotes.size()]);
  }
}

}  // namespace

char* write_trips_row(char* begin, std::uint64_t seed, std::uint64_t row, const TripsRates& rates) {
  RowRandom random(seed, row);
  FieldWriter out(begin);
  const std::int64_t pickup =
      kFirstPickupSeconds + static_cast<std::int64_t>(row / kRowsPerSecond % kSecondsMax) + random.below(3600);
  const std::uint32_t duration = 120 + random.below(1800) + random.below(1800);
  const std::uint32_t distance = duration * (15 + random.below(60)) / 100;  // hundredths of a km
  const std::uint32_t fare = 250 + distance * 12 / 10 + duration / 60 * 35;
  const std::uint32_t tip = random.below(4) == 0 ? 0 : fare * (5 + random.below(20)) / 100;
  const std::uint32_t tolls = random.below(20) == 0 ? 550 : 0;

  out.number(row + 1);
  out.byte(',');
  out.text(kVendors[random.below(kVendors.size())]);
  out.byte(',');
  out.timestamp(pickup);
  out.byte(',');
  out.timestamp(pickup + duration);
  out.byte(',');
  const std::uint32_t passengers = random.below(10);
  if (!random.hits(rates.null)) out.number(passengers < 7 ? 1 : passengers - 5);
  out.byte(',');
  out.hundredths(distance);
  for (int end = 0; end < 2; ++end) {
    out.text(",-");
    out.millionths(73'750'000 + random.below(300'000));
    out.byte(',');
    out.millionths(40'550'000 + random.below(350'000));
  }
  out.byte(',');
  const std::uint32_t rate_code = random.below(40);
  if (!random.hits(rates.null)) out.number(rate_code < 35 ? 1 : rate_code - 33);
  out.byte(',');
  out.text(kPayments[random.below(kPayments.size())]);
  out.byte(',');
  out.hundredths(fare);
  out.byte(',');
  if (!random.hits(rates.null)) out.hundredths(tip);
  out.byte(',');
  out.hundredths(tolls);
  out.byte(',');
  out.hundredths(fare + tip + tolls);
  out.byte(',');
  write_note(out, random, rates);
  out.byte('\n');
  return out.end();
}

}  // namespace tipple
