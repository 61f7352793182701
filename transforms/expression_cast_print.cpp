// CAST to text, as PostgreSQL prints numbers, dates and times.
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "transforms/expression_calendar.h"
#include "transforms/expression_cast.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_digits.h"
#include "transforms/expression_order.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

constexpr std::size_t kPrintedBytesMax = 64;

char* put_text(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// `size` with `point` digits behind the point, no zeros at its end; null: they are not `size` exactly.
char* print_at_point(double size, int point, char* out) {
  auto digits = static_cast<std::uint64_t>(size * kExactPowersOfTen[point] + 0.5);
  if (static_cast<double>(digits) / kExactPowersOfTen[point] != size) return nullptr;
  // No branch on how many zeros there are: values come in no order.
  const auto drop = [&](std::uint64_t power, int zeros) {
    const std::uint64_t shorter = digits / power;
    const bool all = (shorter * power == digits) & (point >= zeros);
    digits = all ? shorter : digits;
    point -= all ? zeros : 0;
  };
  drop(100'000'000, 8);
  drop(10'000, 4);
  drop(100, 2);
  drop(10, 1);
  const std::uint64_t whole = digits / kPowersOfTen[point];
  out = put_number(whole, out);
  if (point == 0) return out;
  *out++ = '.';
  return put_padded(digits - whole * kPowersOfTen[point], point, out);
}

// Most numbers have at most 15 digits. Such a text is the only one of so few digits that is read as its number, so it
// is the shortest one, too: digits that divide back into exactly `size` are it. Null: there is none. Precondition: 1e-4
// <= size < 1e15.
char* print_few_digits(double size, char* out) {
  constexpr int kUsualPoint = 6;
  if (size < 1e9) {
    if (char* end = print_at_point(size, kUsualPoint, out)) return end;
  }
  const int point = 14 - decimal_exponent(size);
  const double limit = kExactPowersOfTen[15];
  return size * kExactPowersOfTen[point] + 0.5 < limit ? print_at_point(size, point, out) : nullptr;
}

// Shortest digits that read back as the same number: 1e+15 is the first with an exponent (float32: 1e+06).
template <typename T>
char* print_float(T value, char* out) {
  if (std::isnan(value)) return put_text("NaN", out);
  if (std::isinf(value)) return put_text(value < 0 ? "-Infinity" : "Infinity", out);
  const T size = std::fabs(value);
  const T large = std::is_same_v<T, float> ? T(1e6) : T(1e15);
  const bool plain = value == 0 || (size >= T(1e-4) && size < large);
  if (std::is_same_v<T, double> && plain && value != 0) {
    *out = '-';
    char* end = print_few_digits(size, out + (value < 0 ? 1 : 0));
    if (end != nullptr) return end;
  }
  const auto form = plain ? std::chars_format::fixed : std::chars_format::scientific;
  return std::to_chars(out, out + 48, value, form).ptr;
}

char* print_date(std::int32_t days, char* out) {
  const CivilDate date = civil_from_days(days);
  if (date.year < 0 || date.year > 9999) [[unlikely]]
    return fmt::format_to(out, "{:04}-{:02}-{:02}", date.year, date.month, date.day);
  const auto year = static_cast<std::uint32_t>(date.year);
  put_pair(year / 100, out);
  put_pair(year % 100, out + 2);
  out[4] = '-';
  put_pair(static_cast<std::uint32_t>(date.month), out + 5);
  out[7] = '-';
  put_pair(static_cast<std::uint32_t>(date.day), out + 8);
  return out + 10;
}

// HH:MM:SS[.ffffff], no zeros at the end.
char* print_time(std::int64_t micros, char* out) {
  if (micros < 0 || micros >= kDayMicros) [[unlikely]] {
    const std::int64_t all = micros / kMicrosPerSecond;
    out = fmt::format_to(out, "{:02}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
    if (micros % kMicrosPerSecond == 0) return out;
    out = fmt::format_to(out, ".{:06}", micros % kMicrosPerSecond);
  } else {
    const auto seconds = static_cast<std::uint32_t>(micros / kMicrosPerSecond);
    const auto rest = static_cast<std::uint32_t>(micros % kMicrosPerSecond);
    put_pair(seconds / 3600, out);
    out[2] = ':';
    put_pair(seconds / 60 % 60, out + 3);
    out[5] = ':';
    put_pair(seconds % 60, out + 6);
    out += 8;
    if (rest == 0) return out;
    *out = '.';
    out = put_padded(rest, 6, out + 1);
  }
  while (out[-1] == '0') --out;
  return out;
}

char* print_timestamp(std::int64_t micros, bool zoned, char* out) {
  const std::int32_t days = floor_days(micros);
  out = print_date(days, out);
  *out++ = ' ';
  out = print_time(micros - days * kDayMicros, out);
  return zoned ? put_text("+00", out) : out;
}

// print(value, out) -> one behind the last of at most kPrintedBytesMax bytes.
template <typename T, typename Print>
Result<ExprVector> print_values(ExprContext& context, const ExprCall& call, ExprArguments arguments, Print print) {
  const std::size_t width =
      call.type().kind == TypeKind::kFixedString ? std::size_t{call.type().width} : kPrintedBytesMax;
  return map_text(
      context, call.type(), arguments, context.rows * 16,
      [&context, print, width, values = ExprValues<T>(arguments[0])](std::int64_t row, ExprTextWriter& out) {
        char* to = out.room(kPrintedBytesMax);
        if (to == nullptr) return false;
        const char* end = print(values[row], to);
        if (static_cast<std::size_t>(end - to) > width) [[unlikely]] {
          const std::string_view text(to, static_cast<std::size_t>(end - to));
          context.fault(row, "cast", fmt::format("'{}' is longer than {} bytes", text, width));
          return false;
        }
        out.advance_to(end);
        return true;
      });
}

template <typename T>
Result<ExprVector> print_number(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return print_values<T>(context, call, arguments, [scale = int{arguments[0].type.scale}](T value, char* out) {
    if constexpr (std::is_same_v<T, bool>)
      return put_text(value ? "true" : "false", out);
    else if constexpr (std::is_same_v<T, Int128>)
      return print_decimal(value, scale, out);
    else if constexpr (std::is_floating_point_v<T>)
      return print_float(value, out);
    else if constexpr (std::is_signed_v<T>)
      return put_signed(value, out);
    else
      return put_number(value, out);
  });
}

Result<ExprVector> print_dates(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return print_values<std::int32_t>(context, call, arguments,
                                    [](std::int32_t value, char* out) { return print_date(value, out); });
}
Result<ExprVector> print_times(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return print_values<std::int64_t>(context, call, arguments,
                                    [](std::int64_t value, char* out) { return print_time(value, out); });
}
Result<ExprVector> print_timestamps(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return print_values<std::int64_t>(
      context, call, arguments,
      [zoned = arguments[0].type.zoned](std::int64_t value, char* out) { return print_timestamp(value, zoned, out); });
}

}  // namespace

ExprKernel print_cast_kernel(const DataType& from) {
  if (from.kind == TypeKind::kDate) return print_dates;
  if (from.kind == TypeKind::kTime) return print_times;
  if (from.kind == TypeKind::kTimestamp) return print_timestamps;
  return with_value_type(from, [](auto zero) -> ExprKernel {
    using T = std::remove_cvref_t<decltype(zero)>;
    if constexpr (std::is_same_v<T, std::string_view>)
      return text_as_text;
    else
      return print_number<T>;
  });
}

}  // namespace tipple
