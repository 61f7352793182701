#include "formats/csv_state.h"

#include "base/check.h"

namespace tipple {

CsvRules::CsvRules(const CsvDialect& dialect, bool skip_blank)
    : delimiter_(dialect.delimiter),
      line_end_(dialect.newline == CsvDialect::Newline::kCr ? '\r' : '\n'),
      skip_blank_(skip_blank) {
  TIPPLE_CHECK(delimiter_ != '\r' && delimiter_ != '\n', "a delimiter that ends lines");
  const auto set = [this](char byte, Class value) { classes_[static_cast<unsigned char>(byte)] = value; };
  const auto free = [this](const std::optional<char>& byte) {
    return byte && *byte != '\r' && *byte != '\n' && classes_[static_cast<unsigned char>(*byte)] == kOther;
  };
  set(delimiter_, kDelimiter);
  set(line_end_, kLineEnd);
  if (line_end_ == '\n') set('\r', kCarriageReturn);
  if (free(dialect.quote)) set(quote_ = *dialect.quote, kQuote), has_quote_ = true;
  if (free(dialect.escape)) set(escape_ = *dialect.escape, kEscape), has_escape_ = true;
  if (free(dialect.comment)) set(comment_ = *dialect.comment, kCommentMark), has_comment_ = true;
  for (std::size_t state = 0; state < kCsvStates; ++state) {
    for (std::size_t byte = 0; byte < kClasses; ++byte) {
      table_[state * kClasses + byte] = make_step(static_cast<CsvState>(state), static_cast<Class>(byte));
    }
  }
}

// Where a field begins: the only places at which a quote opens.
CsvStep CsvRules::start_step(CsvState state, Class byte) const {
  if (byte == kQuote) return {CsvState::kQuoted};
  if (state == CsvState::kRecordStart) {
    if (byte == kCommentMark) return {CsvState::kComment};
    if (byte == kCarriageReturn && skip_blank_) return {CsvState::kCrAtStart};
    if (byte == kLineEnd && skip_blank_) return {CsvState::kRecordStart, false, false, true};
  }
  return make_step(CsvState::kBare, byte);
}

CsvStep CsvRules::make_step(CsvState state, Class byte) const {
  switch (state) {
    case CsvState::kRecordStart:
    case CsvState::kFieldStart:
      return start_step(state, byte);
    case CsvState::kBare:
      if (byte == kDelimiter) return {CsvState::kFieldStart, true};
      if (byte == kLineEnd) return {CsvState::kRecordStart, true, true};
      return {byte == kEscape ? CsvState::kBareEscape : CsvState::kBare};
    case CsvState::kQuoted:
      if (byte == kEscape) return {CsvState::kQuotedEscape};
      if (byte == kQuote) return {has_escape_ ? CsvState::kBare : CsvState::kQuoteInQuoted};
      return {CsvState::kQuoted};
    case CsvState::kQuoteInQuoted:
      return byte == kQuote ? CsvStep{CsvState::kQuoted} : make_step(CsvState::kBare, byte);
    case CsvState::kComment:
      if (byte == kLineEnd) return {CsvState::kRecordStart, false, false, true};
      return {CsvState::kComment};
    case CsvState::kCrAtStart:
      if (byte == kLineEnd) return {CsvState::kRecordStart, false, false, true};
      return make_step(CsvState::kBare, byte);
    case CsvState::kBareEscape:
      return {CsvState::kBare};
    case CsvState::kQuotedEscape:
      return {CsvState::kQuoted};
  }
  TIPPLE_CHECK(false, "unknown CSV state");
}

}  // namespace tipple
