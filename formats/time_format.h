// TimeFormat: dates and times written in another way than ISO 8601, by strptime's letters. Compiled once, no locale,
// exact: a text either is a value of the format or is not.
//
//   %Y year, 4 digits      %y year, 2 digits (69-99: 19xx)      %m month   %b %h %B month's English name, any case
//   %d %e day              %j day of the year                   %a %A weekday's English name (read, not compared with
//   the date) %H hour 0-23           %I hour 1-12, with %p AM or PM       %M minute  %S second (no leap seconds) %f
//   fraction of a second, 1-9 digits, to the microsecond     %z zone Z, +HH, +HHMM or +HH:MM      %Z Z, UTC or GMT %s
//   seconds since 1970-01-01T00:00:00Z                       %F %T %R %D as in C                  %% a percent sign
// Numbers of two digits may have one. A space stands for one or more; every other character for itself. A date column
// may name a time: it is read, checked and dropped.
//
// Thread rule: immutable once compiled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/csv_rule.h"
#include "jobs/data_type.h"

namespace tipple {

class TimeFormat {
 public:
  // `type`: kDate, kTime or kTimestamp. Errors: kUsage for an unknown letter, a part that is named twice, or one that
  // the type lacks.
  [[nodiscard]] static Result<TimeFormat> compile(std::string_view format, const DataType& type);

  // kDate: days since 1970-01-01; else microseconds, since midnight or 1970-01-01T00:00:00 (UTC if zoned).
  [[nodiscard]] CsvVerdict parse(std::string_view text, std::int64_t* out) const;
  // May a value of this format have the byte `c`? True when in doubt.
  [[nodiscard]] bool may_contain(char c) const;

 private:
  struct Item {
    char letter = 0;  // 0: the literal
    char literal = 0;
  };
  struct Parts;

  [[nodiscard]] Status add_letter(char letter);
  [[nodiscard]] Status check_parts() const;
  [[nodiscard]] bool has(char letter) const { return (seen_ >> (letter - 'A') & 1) != 0; }
  [[nodiscard]] static bool read_item(Item item, std::string_view& text, Parts& parts);
  [[nodiscard]] CsvVerdict read_day(const Parts& parts, std::int64_t* days) const;

  std::string text_;
  TypeKind kind_ = TypeKind::kDate;
  bool zoned_ = false;
  std::uint64_t seen_ = 0;  // bit k: the part of letter 'A' + k is named; names of months count as %m
  std::vector<Item> items_;
};

}  // namespace tipple
