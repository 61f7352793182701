// ColumnInference: what all values of one column have in common, and so the narrowest type that holds every one of them
// exactly.
//
// A state is a value of a join semilattice with counts beside it: facts(a then b) == merge(facts(a), facts(b)),
// whatever the order and the way that a column is cut into pieces. The facts are sets of types and date formats that
// are still possible (intersected), extremes (minimum, maximum) and sets of what was seen (united); counts add up.
//
//   nothing < bool, int8 .. int64, uint64 < decimal(p,s) < float64, date, time, timestamp, timestamp_tz  <  enum <
//   string(n) < string
//
// Only what a load reads is taken for a number: no leading zeros (007 is a name), no plus sign, no thousands
// separators, no spaces. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_number.h"
#include "formats/csv_time.h"
#include "formats/infer_labels.h"
#include "formats/infer_time.h"
#include "jobs/data_type.h"

namespace tipple {

// What a column comes to.
struct InferredColumn {
  DataType type;
  bool nullable = false;
  std::string format;     // of dates and times that are not ISO 8601
  std::string ambiguous;  // the other format that all values have, too
};

class ColumnInference {
 public:
  // A value. 32 bytes past its end can be read.
  [[gnu::always_inline]] inline void add_padded(const char* p, std::uint32_t length);
  void add(std::string_view text);
  // add_padded() in two halves, for whoever counts in registers: the value, and the sizes of many.
  [[gnu::always_inline]] inline void add_unsized(const char* p, std::uint32_t length);
  void add_sizes(std::uint64_t values, std::uint64_t bytes, std::uint32_t width_min, std::uint32_t width_max) {
    values_ += values;
    bytes_ += bytes;
    if (width_min < width_min_) width_min_ = width_min;
    if (width_max > width_max_) width_max_ = width_max;
  }
  // A value that is known to be text, as a JSON string: it may be a date, but is no number.
  void add_text(std::string_view text);
  void add_nulls(std::uint64_t count = 1) { nulls_ += count; }
  // A text that may mean null: one of 64 that the caller knows. Whether it does is said to finish().
  void add_null_candidate(unsigned which) { candidates_ |= std::uint64_t{1} << which; }

  void merge(const ColumnInference& other);

  [[nodiscard]] std::uint64_t values() const { return values_; }
  [[nodiscard]] std::uint64_t nulls() const { return nulls_; }
  [[nodiscard]] std::uint64_t null_candidates() const { return candidates_; }
  [[nodiscard]] std::uint32_t width_min() const { return values_ == 0 ? 0 : width_min_; }
  [[nodiscard]] std::uint32_t width_max() const { return width_max_; }
  // Is it something else than text, by its values (there are some)?
  [[nodiscard]] bool is_typed() const;
  // `nulls`: which candidates mean null; `texts`: what each of them says. The others are values.
  [[nodiscard]] InferredColumn finish(std::uint64_t nulls = 0, const std::vector<std::string>& texts = {}) const;

  friend bool operator==(const ColumnInference&, const ColumnInference&) = default;

 private:
  enum : std::uint16_t {
    kBool = 1,
    kInteger = 2,
    kDecimal = 4,
    kFloat = 8,
    kNumber = kInteger | kDecimal | kFloat,
    kDate = 16,
    kTime = 32,
    kTimestamp = 64,
    kTimestampTz = 128,
    kOtherTime = 256,  // one of formats_
    kAll = 511,
  };

  [[gnu::always_inline]] inline bool add_plain_number(const char* p, std::uint32_t length);
  // More than 8 digits and nothing else, in a column where dots were seen.
  [[nodiscard]] bool add_long_integer(const char* p, std::uint32_t length);
  [[gnu::always_inline]] inline void note_short_integer(std::uint64_t mantissa, bool negative) {
    const auto size = static_cast<std::int64_t>(mantissa);
    const std::int64_t value = negative ? -size : size;
    if (value < short_low_) short_low_ = value;
    if (value > short_high_) short_high_ = value;
    possible_ &= kNumber;
  }
  void note_integer(__int128 value) {
    if (value < low_) low_ = value;
    if (value > high_) high_ = value;
  }
  void classify(std::string_view text, std::uint16_t among);
  [[nodiscard]] std::uint16_t classify_number(std::string_view text);
  [[nodiscard]] std::uint16_t classify_time(std::string_view text);
  [[nodiscard]] std::uint16_t classify_word(std::string_view text);
  [[nodiscard]] DataType integer_type() const;
  [[nodiscard]] DataType text_type() const;
  [[nodiscard]] bool is_bool() const;
  [[nodiscard]] bool fits_decimal() const;

  std::uint16_t possible_ = kAll;
  std::uint8_t bool_words_ = 0;     // seen: true, false, yes, no, t, f
  std::uint16_t whole_digits_ = 0;  // of numbers without an exponent
  std::uint16_t fraction_digits_ = 0;
  std::uint32_t width_min_ = 0xFFFFFFFF;
  std::uint32_t width_max_ = 0;
  __int128 low_ = 0;  // of whole numbers, and 0: which type holds it is the same
  __int128 high_ = 0;
  std::int64_t short_low_ = 0;  // likewise, of those of at most 16 digits: two words would cost more than the number
  std::int64_t short_high_ = 0;
  TimeFormatSet formats_ = kAllTimeFormats;
  LabelSet labels_;
  std::uint64_t candidates_ = 0;
  std::uint64_t values_ = 0;
  std::uint64_t nulls_ = 0;
  std::uint64_t bytes_ = 0;
};

inline bool ColumnInference::add_plain_number(const char* p, std::uint32_t length) {
  const std::uint32_t sign = minus_at(p);
  // A leading or a lone zero: the slow way knows which.
  if (p[sign] == '0' && length - sign > 1 && p[sign + 1] != '.') return false;
  CsvPlainDecimal plain;
  // Where a dot was seen, more dots follow: reading them as whole numbers first would only fail.
  if ((possible_ & kInteger) == 0 || length - sign <= 8 ||
      !CsvIntParser<std::uint64_t>().fast(p + sign, length - sign, &plain.mantissa)) {
    if (!read_plain_decimal(p, length, &plain) || p[length - 1] == '.') return add_long_integer(p, length);
  }
  const std::uint32_t whole = plain.fraction == 0 ? length - sign : length - sign - plain.fraction - 1;
  if (whole > whole_digits_) whole_digits_ = static_cast<std::uint16_t>(whole);
  if (plain.fraction > 0) {
    if (plain.fraction > fraction_digits_) fraction_digits_ = static_cast<std::uint16_t>(plain.fraction);
    possible_ &= kDecimal | kFloat;
  } else {
    note_short_integer(plain.mantissa, sign != 0);
  }
  return true;
}

inline void ColumnInference::add_padded(const char* p, std::uint32_t length) {
  add_sizes(1, length, length, length);
  add_unsized(p, length);
}

inline void ColumnInference::add_unsized(const char* p, std::uint32_t length) {
  labels_.add(p, length);
  if (possible_ == 0) return;
  if ((possible_ & kNumber) != 0) {
    if (add_plain_number(p, length)) return;
  } else if (length == 19 && (possible_ & kTimestamp) != 0) {
    std::int64_t value = 0;
    if (CsvTimestampParser(false).fast(p, length, &value)) {
      formats_ &= iso_timestamp_formats(p[10]);
      possible_ &= kTimestamp | kOtherTime;
      return;
    }
  } else if (length == 10 && (possible_ & kDate) != 0) {
    std::int32_t days = 0;
    if (CsvDateParser().fast(p, length, &days)) {
      formats_ &= iso_date_formats();
      possible_ &= kDate | kOtherTime;
      return;
    }
  }
  classify({p, length}, possible_);
}

}  // namespace tipple
