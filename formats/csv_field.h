// One CSV field's text: is it quoted, what does it say, does it mean null. The slow and complete way; the columns' fast
// paths handle what is plain and come here with the rest, so that the language is defined once.
//
// Thread rule: immutable after construction.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_rule.h"
#include "jobs/job_spec.h"

namespace tipple {

// The first 8 bytes at `p`, in memory order. 8 bytes must be readable.
[[nodiscard]] inline std::uint64_t load_8_bytes(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

// The first `length` bytes of `word`, the others zero. Any length: from 8 on all bytes.
[[nodiscard]] inline std::uint64_t keep_first_bytes(std::uint64_t word, std::uint32_t length) {
  return length >= 8 ? word : word & ((std::uint64_t{1} << (8 * length)) - 1);
}

// Which unquoted texts mean null.
class CsvNullTexts {
 public:
  explicit CsvNullTexts(const std::vector<std::string>& texts);
  // May be asked of any field: one shift for most of them.
  [[nodiscard]] bool matches(const char* text, std::uint32_t length) const {
    if ((lengths_ >> (length < 63 ? length : 63) & 1) == 0) [[likely]]
      return false;
    return matches_one(text, length);
  }
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  [[nodiscard]] bool matches_one(const char* text, std::uint32_t length) const;

  std::uint64_t lengths_ = 0;  // bit n: a text of n bytes; bit 63: a text of 63 or more
  std::vector<std::string> texts_;
};

class CsvFieldReader {
 public:
  explicit CsvFieldReader(const CsvDialect& dialect);

  // True if a field that begins with `c` is quoted.
  [[nodiscard]] bool opens_quote(char c) const { return quote_.has_value() && c == *quote_; }
  [[nodiscard]] std::optional<char> quote() const { return quote_; }
  [[nodiscard]] std::optional<char> escape() const { return escape_; }

  // True if the text of `field` is the field itself.
  [[nodiscard]] bool is_plain(std::string_view field) const {
    if (!field.empty() && opens_quote(field[0])) return false;
    return !escape_.has_value() || field.find(*escape_) == std::string_view::npos;
  }
  // What `field` says, without quotes and escapes. `text` points into `field` or `scratch`. kQuote if it breaks off or
  // goes on past its closing quote.
  [[nodiscard]] CsvVerdict read(std::string_view field, std::string& scratch, std::string_view& text) const;

  // `field` is a record's last: its length without the one CR of a CR LF line end.
  [[nodiscard]] std::size_t trimmed_size(std::string_view field) const;

 private:
  [[nodiscard]] CsvVerdict read_doubled(std::string_view field, std::string& scratch, std::string_view& text) const;
  [[nodiscard]] CsvVerdict read_escaped(std::string_view field, std::string& scratch, std::string_view& text) const;

  std::optional<char> quote_;
  std::optional<char> escape_;
  bool trim_cr_ = false;
};

}  // namespace tipple
