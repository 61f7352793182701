#include "formats/infer_column.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace tipple {
namespace {

constexpr std::uint16_t kDecimalDigitsMax = 38;
// Text is stored with a fixed length if that wastes little: short, or about as long as the average.
constexpr std::uint32_t kFixedWidthShort = 16;
constexpr std::uint32_t kFixedWidthMax = 256;
// An enum needs each of its labels this often on average; a column of few rows is only a list of texts.
constexpr std::uint64_t kEnumRepeatsMin = 10;

constexpr std::string_view kBoolWords[] = {"true", "false", "yes", "no", "t", "f"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equals_any_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
         });
}

DataType type_of(TypeKind kind) {
  DataType type;
  type.kind = kind;
  return type;
}

DataType timestamp_type(bool zoned) {
  DataType type = type_of(TypeKind::kTimestamp);
  type.zoned = zoned;
  return type;
}

DataType decimal_type(std::uint16_t precision, std::uint16_t scale) {
  DataType type = type_of(TypeKind::kDecimal);
  type.precision = static_cast<std::uint8_t>(std::max<std::uint16_t>(precision, 1));
  type.scale = static_cast<std::uint8_t>(scale);
  return type;
}

}  // namespace

void ColumnInference::add(std::string_view text) {
  thread_local std::vector<char> padded;
  padded.assign(text.begin(), text.end());
  padded.resize(text.size() + 32);
  add_padded(padded.data(), static_cast<std::uint32_t>(text.size()));
}

void ColumnInference::add_text(std::string_view text) {
  char padded[8] = {};
  if (text.size() < sizeof padded && !text.empty()) std::memcpy(padded, text.data(), text.size());
  const auto length = static_cast<std::uint32_t>(text.size());
  add_sizes(1, length, length, length);
  labels_.add(text.size() < sizeof padded ? padded : text.data(), length);
  constexpr std::uint16_t kNoText = kNumber | kBool;
  classify(text, possible_ & ~kNoText);
}

bool ColumnInference::add_long_integer(const char* p, std::uint32_t length) {
  const std::uint32_t sign = minus_at(p);
  std::uint64_t mantissa = 0;
  if (length - sign <= 8 || !CsvIntParser<std::uint64_t>().fast(p + sign, length - sign, &mantissa)) return false;
  whole_digits_ = std::max(whole_digits_, static_cast<std::uint16_t>(length - sign));
  note_short_integer(mantissa, sign != 0);
  return true;
}

void ColumnInference::classify(std::string_view text, std::uint16_t among) {
  std::uint16_t found = 0;
  if ((among & kNumber) != 0) found |= classify_number(text);
  if (found == 0 && (among & kBool) != 0) found |= classify_word(text);
  if (found == 0 && (among & (kDate | kTime | kTimestamp | kTimestampTz | kOtherTime)) != 0)
    found |= classify_time(text);
  possible_ = among & found;
  if ((possible_ & kOtherTime) == 0) formats_ = 0;
}

std::uint16_t ColumnInference::classify_number(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view size = text.substr(negative ? 1 : 0);
  if (size.empty() || (size.size() > 1 && size[0] == '0' && is_digit(size[1]))) return 0;
  const std::size_t dot = std::min(size.find('.'), size.size());
  const std::string_view whole = size.substr(0, dot);
  const std::string_view fraction = dot < size.size() ? size.substr(dot + 1) : std::string_view();
  const bool plain = !(whole.empty() && fraction.empty()) && std::all_of(whole.begin(), whole.end(), is_digit) &&
                     std::all_of(fraction.begin(), fraction.end(), is_digit);
  if (!plain || whole.size() + fraction.size() > kDecimalDigitsMax) {
    double value = 0;
    // A whole number beyond every type is a name: no float holds it exactly.
    return (!plain || dot < size.size()) && size[0] != '+' && CsvFloatParser<double>().parse(text, &value).good()
               ? kFloat
               : 0;
  }
  whole_digits_ = std::max(whole_digits_, static_cast<std::uint16_t>(whole.size()));
  fraction_digits_ = std::max(fraction_digits_, static_cast<std::uint16_t>(fraction.size()));
  if (dot < size.size()) return kDecimal | kFloat;
  __int128 value = 0;
  for (const char c : whole) value = value * 10 + (c - '0');
  note_integer(negative ? -value : value);
  return kNumber;
}

std::uint16_t ColumnInference::classify_word(std::string_view text) {
  for (unsigned word = 0; word < std::size(kBoolWords); ++word) {
    if (!equals_any_case(text, kBoolWords[word])) continue;
    bool_words_ |= static_cast<std::uint8_t>(1U << word);
    return kBool;
  }
  return 0;
}

std::uint16_t ColumnInference::classify_time(std::string_view text) {
  std::int64_t value = 0;
  std::int32_t days = 0;
  std::uint16_t found = 0;
  if (text.size() < 4) return found;
  if (is_digit(text[0])) {
    if (CsvDateParser().parse(text, &days).good()) found |= kDate;
    if (CsvTimeParser().parse(text, &value).good()) found |= kTime;
    if (CsvTimestampParser(false).parse(text, &value).good()) found |= kTimestamp;
    if (CsvTimestampParser(true).parse(text, &value).good()) found |= kTimestampTz;
  }
  formats_ = (possible_ & kOtherTime) != 0 ? matching_time_formats(text, formats_) : 0;
  return formats_ != 0 ? found | kOtherTime : found;
}

void ColumnInference::merge(const ColumnInference& other) {
  possible_ &= other.possible_;
  bool_words_ |= other.bool_words_;
  whole_digits_ = std::max(whole_digits_, other.whole_digits_);
  fraction_digits_ = std::max(fraction_digits_, other.fraction_digits_);
  width_min_ = std::min(width_min_, other.width_min_);
  width_max_ = std::max(width_max_, other.width_max_);
  low_ = std::min(low_, other.low_);
  high_ = std::max(high_, other.high_);
  short_low_ = std::min(short_low_, other.short_low_);
  short_high_ = std::max(short_high_, other.short_high_);
  formats_ &= other.formats_;
  if (formats_ == 0) possible_ &= static_cast<std::uint16_t>(~kOtherTime);
  labels_.merge(other.labels_);
  candidates_ |= other.candidates_;
  values_ += other.values_;
  nulls_ += other.nulls_;
  bytes_ += other.bytes_;
}

bool ColumnInference::is_bool() const {
  constexpr std::uint8_t kTrueFalse = 3;
  constexpr std::uint8_t kYesNo = 12;
  constexpr std::uint8_t kTF = 48;
  // A column of nothing but NO is Norway, one of nothing but F is about women: both words must be there, unless they
  // can mean nothing else.
  return (bool_words_ & ~kTrueFalse) == 0 || bool_words_ == kYesNo || bool_words_ == kTF;
}

bool ColumnInference::fits_decimal() const { return whole_digits_ + fraction_digits_ <= kDecimalDigitsMax; }

bool ColumnInference::is_typed() const {
  if (values_ == 0 || possible_ == 0) return false;
  return possible_ != kBool || is_bool();
}

DataType ColumnInference::integer_type() const {
  const __int128 low = std::min<__int128>(low_, short_low_);
  const __int128 high = std::max<__int128>(high_, short_high_);
  const auto fits = [low, high]<typename T>(T) {
    return low >= std::numeric_limits<T>::min() && high <= std::numeric_limits<T>::max();
  };
  if (fits(std::int8_t{})) return type_of(TypeKind::kInt8);
  if (fits(std::int16_t{})) return type_of(TypeKind::kInt16);
  if (fits(std::int32_t{})) return type_of(TypeKind::kInt32);
  if (fits(std::int64_t{})) return type_of(TypeKind::kInt64);
  if (fits(std::uint64_t{})) return type_of(TypeKind::kUint64);
  return decimal_type(whole_digits_, 0);
}

DataType ColumnInference::text_type() const {
  const std::vector<std::string> labels = labels_.sorted();
  const bool few = labels.size() >= 2 && values_ / labels.size() >= kEnumRepeatsMin && width_min_ > 0;
  if (few && !labels_.overflowed()) {
    DataType type = type_of(TypeKind::kEnum);
    type.labels = labels;
    return type;
  }
  const bool even = width_max_ <= kFixedWidthMax && std::uint64_t{width_max_} * values_ <= 2 * bytes_;
  if (width_max_ == 0 || !(width_max_ <= kFixedWidthShort || even)) return type_of(TypeKind::kString);
  DataType type = type_of(TypeKind::kFixedString);
  type.width = width_max_;
  return type;
}

InferredColumn ColumnInference::finish(std::uint64_t nulls, const std::vector<std::string>& texts) const {
  if ((candidates_ & ~nulls) != 0) {  // these are values after all
    ColumnInference all = *this;
    all.candidates_ &= nulls;
    for (std::size_t k = 0; k < texts.size(); ++k) {
      if ((candidates_ & ~nulls) >> k & 1) all.add(texts[k]);
    }
    return all.finish(nulls, texts);
  }
  InferredColumn out;
  out.nullable = nulls_ > 0 || candidates_ != 0 || values_ == 0;
  if (!is_typed()) {
    out.type = text_type();
  } else if ((possible_ & kInteger) != 0) {
    out.type = integer_type();
  } else if ((possible_ & kDecimal) != 0 && fits_decimal()) {
    out.type = decimal_type(whole_digits_ + fraction_digits_, fraction_digits_);
  } else if ((possible_ & kFloat) != 0) {
    out.type = type_of(TypeKind::kFloat64);
  } else if ((possible_ & kBool) != 0) {
    out.type = type_of(TypeKind::kBool);
  } else if ((possible_ & kDate) != 0) {
    out.type = type_of(TypeKind::kDate);
  } else if ((possible_ & kTime) != 0) {
    out.type = type_of(TypeKind::kTime);
  } else if ((possible_ & kTimestamp) != 0) {
    out.type = timestamp_type(false);
  } else if ((possible_ & kTimestampTz) != 0) {
    out.type = timestamp_type(true);
  } else {
    const TimeFormatChoice choice = choose_time_format(formats_);
    out.type = choice.type;
    out.format = choice.format;
    out.ambiguous = choice.other;
  }
  return out;
}

}  // namespace tipple
