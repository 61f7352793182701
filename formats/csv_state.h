// The CSV language as one table: state x class of byte -> next state and what ends. docs/formats.md says the same in
// words.
//
// Everything else that finds records and fields (formats/csv_index.h, the kernels) must agree with this table byte for
// byte. Thread rule: CsvRules is immutable after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "jobs/job_spec.h"

namespace tipple {

enum class CsvState : std::uint8_t {
  kRecordStart,    // nothing of the record has been seen
  kFieldStart,     // just past a delimiter
  kBare,           // in a field without quotes, or past a closing quote: quotes mean nothing here
  kQuoted,         // between quotes
  kQuoteInQuoted,  // past a quote between quotes: it closes, unless another quote follows
  kComment,        // in a comment line
  kCrAtStart,      // past a CR that began a record: a blank line if LF follows
  kBareEscape,     // past an escape character outside quotes: the next byte is literal
  kQuotedEscape,   // the same between quotes
};
inline constexpr std::size_t kCsvStates = 9;

struct CsvStep {
  CsvState next = CsvState::kRecordStart;
  bool ends_field = false;
  bool ends_record = false;
  bool ends_skipped = false;  // a blank or comment line ends here
};

class CsvRules {
 public:
  // `skip_blank`: an empty line (or one with only a CR before its LF) is nothing; otherwise it is a record with one
  // empty field. Special characters that repeat an earlier one (order: delimiter, quote, escape, comment) or are CR or
  // LF have no meaning. Precondition: the delimiter is neither CR nor LF.
  CsvRules(const CsvDialect& dialect, bool skip_blank);

  // The step that `byte` makes out of `state`.
  [[nodiscard]] const CsvStep& step(CsvState state, char byte) const {
    return table_[static_cast<std::size_t>(state) * kClasses + classes_[static_cast<unsigned char>(byte)]];
  }

  [[nodiscard]] char delimiter() const { return delimiter_; }
  [[nodiscard]] char line_end() const { return line_end_; }
  // Characters that the dialect does not have are '\0' with their `has_` false.
  [[nodiscard]] char quote() const { return quote_; }
  [[nodiscard]] char escape() const { return escape_; }
  [[nodiscard]] char comment() const { return comment_; }
  [[nodiscard]] bool has_quote() const { return has_quote_; }
  [[nodiscard]] bool has_escape() const { return has_escape_; }
  [[nodiscard]] bool has_comment() const { return has_comment_; }
  [[nodiscard]] bool skip_blank() const { return skip_blank_; }

 private:
  enum Class : std::uint8_t { kOther, kDelimiter, kLineEnd, kQuote, kEscape, kCommentMark, kCarriageReturn, kClasses };
  [[nodiscard]] CsvStep make_step(CsvState state, Class byte) const;
  [[nodiscard]] CsvStep start_step(CsvState state, Class byte) const;

  char delimiter_;
  char line_end_;
  char quote_ = '\0';
  char escape_ = '\0';
  char comment_ = '\0';
  bool has_quote_ = false;
  bool has_escape_ = false;
  bool has_comment_ = false;
  bool skip_blank_;
  std::array<std::uint8_t, 256> classes_{};
  std::array<CsvStep, kCsvStates * kClasses> table_{};
};

}  // namespace tipple
