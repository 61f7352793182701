// How the text of a source is laid out: the dialect of CSV, and what other text formats share with it.
#include <array>
#include <limits>

#include <fmt/format.h>

#include "jobs/job_sections.h"

namespace tipple {
namespace {

// A setting that is one byte, or a word. Absent: the key is absent or wrong.
struct CharSetting {
  const YamlNode* node = nullptr;
  std::optional<char> character;  // absent: `word` was given
};

std::optional<CharSetting> read_char(const SettingsReader& settings, std::string_view key, std::string_view word) {
  const auto text = settings.text(key);
  if (!text) return std::nullopt;
  const YamlNode* node = settings.find(key);
  if (!word.empty() && *text == word) return CharSetting{node, std::nullopt};
  const bool tab = *text == "tab" || *text == "\\t";
  if (tab || text->size() == 1) {
    const char c = tab ? '\t' : text->front();
    if (c != '\n' && c != '\r') return CharSetting{node, c};
  }
  const std::string or_word = word.empty() ? "" : fmt::format(" or '{}'", word);
  settings.mistakes().add(
      *node, fmt::format("'{}' must be one character of one byte, not a line end{}", settings.place_of(key), or_word),
      "write a tab as 'tab'");
  return std::nullopt;
}

// Delimiter, quote, escape and comment must differ: a byte can mean one thing only.
void check_distinct(const SettingsReader& settings, const YamlNode& source, const CsvDialect& dialect) {
  struct Role {
    std::string key;
    std::optional<char> character;
  };
  const std::array<Role, 4> roles = {{
      {"delimiter", dialect.delimiter},
      {"quote", dialect.quote},
      {"escape", dialect.escape},
      {"comment", dialect.comment},
  }};
  for (std::size_t i = 0; i < roles.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!roles[i].character || roles[i].character != roles[j].character) continue;
      const bool doubled = roles[i].key == "escape" && roles[j].key == "quote";
      const YamlNode* node = settings.find(roles[i].key);
      if (node == nullptr) node = settings.find(roles[j].key);
      settings.mistakes().add(
          node != nullptr ? *node : source,
          fmt::format("'{}' and '{}' are the same character", settings.place_of(roles[j].key), roles[i].key),
          doubled ? "for quotes that are written twice use 'escape: doubled'" : "");
    }
  }
}

// What every text format has.
void read_lines(const SettingsReader& settings, CsvDialect& dialect) {
  if (const auto setting = read_char(settings, "comment", "none")) dialect.comment = setting->character;
  dialect.skip_rows =
      static_cast<std::uint32_t>(settings.count("skip_rows", std::numeric_limits<std::uint32_t>::max()).value_or(0));
  const YamlNode* nulls = settings.find("nulls");
  if (nulls == nullptr) return;
  dialect.null_texts.clear();
  if (nulls->kind == YamlNode::Kind::kList && nulls->items.empty()) return;  // nothing is null
  for (const YamlNode* text : settings.texts("nulls")) dialect.null_texts.push_back(text->text);
}

}  // namespace

CsvDialect read_csv_dialect(const SettingsReader& settings, const YamlNode& source, bool tabs) {
  CsvDialect dialect;
  if (tabs) dialect.delimiter = '\t';
  if (const auto setting = read_char(settings, "delimiter", "")) dialect.delimiter = *setting->character;
  if (const auto setting = read_char(settings, "quote", "none")) dialect.quote = setting->character;
  if (const auto setting = read_char(settings, "escape", "doubled")) dialect.escape = setting->character;
  if (const auto chosen = settings.choice("newline", {"lf", "cr"})) {
    dialect.newline = *chosen == 0 ? CsvDialect::Newline::kLf : CsvDialect::Newline::kCr;
  }
  dialect.header = settings.boolean("header").value_or(true);
  read_lines(settings, dialect);
  check_distinct(settings, source, dialect);
  return dialect;
}

CsvDialect read_line_dialect(const SettingsReader& settings) {
  CsvDialect dialect;
  dialect.header = false;
  read_lines(settings, dialect);
  return dialect;
}

}  // namespace tipple
