#include "formats/csv_field.h"

#include <algorithm>

#include "formats/csv_state.h"

namespace tipple {
namespace {

constexpr CsvVerdict kTextAfterQuote{CsvRule::kQuote, "text follows the closing quote"};
constexpr CsvVerdict kNoClosingQuote{CsvRule::kQuote, "the quoted field is not closed"};
constexpr CsvVerdict kDanglingEscape{CsvRule::kQuote, "the field ends in an escape character"};

}  // namespace

CsvNullTexts::CsvNullTexts(const std::vector<std::string>& texts) : texts_(texts) {
  for (const std::string& text : texts_) lengths_ |= std::uint64_t{1} << std::min<std::size_t>(text.size(), 63);
}

bool CsvNullTexts::matches_one(const char* text, std::uint32_t length) const {
  if (length == 0) return true;
  const std::string_view view(text, length);
  return std::any_of(texts_.begin(), texts_.end(), [view](const std::string& null_text) { return view == null_text; });
}

CsvFieldReader::CsvFieldReader(const CsvDialect& dialect) : trim_cr_(dialect.newline == CsvDialect::Newline::kLf) {
  const CsvRules rules(dialect, /*skip_blank=*/true);  // knows which of the dialect's characters have a meaning
  if (rules.has_quote()) quote_ = rules.quote();
  if (rules.has_escape()) escape_ = rules.escape();
}

CsvVerdict CsvFieldReader::read(std::string_view field, std::string& scratch, std::string_view& text) const {
  if (is_plain(field)) {
    text = field;
    return {};
  }
  return escape_ ? read_escaped(field, scratch, text) : read_doubled(field, scratch, text);
}

CsvVerdict CsvFieldReader::read_doubled(std::string_view field, std::string& scratch, std::string_view& text) const {
  const char quote = *quote_;
  const std::string_view content = field.substr(1);
  std::size_t end = content.find(quote);
  if (end != std::string_view::npos && end + 1 == content.size()) {  // no doubled quote: nothing to copy
    text = content.substr(0, end);
    return {};
  }
  scratch.clear();
  std::size_t begin = 0;
  while (end != std::string_view::npos) {
    if (end + 1 == content.size()) {
      text = scratch.append(content, begin, end - begin);
      return {};
    }
    if (content[end + 1] != quote) return kTextAfterQuote;
    scratch.append(content, begin, end + 1 - begin);
    begin = end + 2;
    end = content.find(quote, begin);
  }
  return kNoClosingQuote;
}

CsvVerdict CsvFieldReader::read_escaped(std::string_view field, std::string& scratch, std::string_view& text) const {
  const bool quoted = opens_quote(field[0]);
  scratch.clear();
  for (std::size_t i = quoted ? 1 : 0; i < field.size(); ++i) {
    if (field[i] == *escape_) {
      if (++i == field.size()) return kDanglingEscape;
      scratch += field[i];
    } else if (quoted && field[i] == *quote_) {
      text = scratch;
      return i + 1 == field.size() ? CsvVerdict{} : kTextAfterQuote;
    } else {
      scratch += field[i];
    }
  }
  text = scratch;
  return quoted ? kNoClosingQuote : CsvVerdict{};
}

std::size_t CsvFieldReader::trimmed_size(std::string_view field) const {
  if (!trim_cr_ || field.empty() || field.back() != '\r') return field.size();
  if (escape_) {  // an escaped CR is text: an odd number of escape characters stands before it
    std::size_t before = field.size() - 1;
    while (before > 0 && field[before - 1] == *escape_) --before;
    if ((field.size() - 1 - before) % 2 == 1) return field.size();
  }
  return field.size() - 1;
}

}  // namespace tipple
