#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_sections.h"

namespace tipple {
namespace {

const std::vector<std::string> kSourceKeys = {"path",    "format", "delimiter", "quote", "escape", "comment",
                                              "newline", "header", "skip_rows", "nulls", "fields"};

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
  settings.mistakes().add(*node, fmt::format("'{}' must be one character of one byte, not a line end{}", settings.place_of(key), or_word),
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
      settings.mistakes().add(node != nullptr ? *node : source,
                              fmt::format("'{}' and '{}' are the same character", settings.place_of(roles[j].key), roles[i].key),
                              doubled ? "for quotes that are written twice use 'escape: doubled'" : "");
    }
  }
}

CsvDialect read_dialect(const SettingsReader& settings, const YamlNode& source, bool tabs) {
  CsvDialect dialect;
  if (tabs) dialect.delimiter = '\t';
  if (const auto setting = read_char(settings, "delimiter", "")) dialect.delimiter = *setting->character;
  if (const auto setting = read_char(settings, "quote", "none")) dialect.quote = setting->character;
  if (const auto setting = read_char(settings, "escape", "doubled")) dialect.escape = setting->character;
  if (const auto setting = read_char(settings, "comment", "none")) dialect.comment = setting->character;
  if (const auto chosen = settings.choice("newline", {"lf", "cr"})) {
    dialect.newline = *chosen == 0 ? CsvDialect::Newline::kLf : CsvDialect::Newline::kCr;
  }
  dialect.header = settings.boolean("header").value_or(true);
  dialect.skip_rows = static_cast<std::uint32_t>(settings.count("skip_rows", std::numeric_limits<std::uint32_t>::max()).value_or(0));
  const YamlNode* nulls = settings.find("nulls");
  if (nulls != nullptr && nulls->kind == YamlNode::Kind::kList && nulls->items.empty()) {
    dialect.null_texts.clear();  // nothing is null
  } else if (nulls != nullptr) {
    dialect.null_texts.clear();
    for (const YamlNode* text : settings.texts("nulls")) dialect.null_texts.push_back(text->text);
  }
  check_distinct(settings, source, dialect);
  return dialect;
}

void read_fields(const SettingsReader& settings, const YamlNode& source, SourceSpec& spec) {
  std::set<std::string> seen;
  for (const YamlNode* field : settings.texts("fields")) {
    if (field->text.empty()) {
      settings.mistakes().add(*field, "a field's name is empty");
    } else if (!seen.insert(field->text).second) {
      settings.mistakes().add(*field, fmt::format("the field '{}' is named twice", field->text));
    }
    spec.fields.push_back(field->text);
  }
  const YamlNode* fields = settings.find("fields");
  if (spec.csv.header && fields != nullptr) {
    settings.mistakes().add(*fields, fmt::format("'{}' is for files without a header", settings.place_of("fields")),
                            "add 'header: false', or leave 'fields' out");
  }
  if (!spec.csv.header && fields == nullptr) {
    settings.mistakes().add(source, fmt::format("'{}' is missing", settings.place_of("fields")),
                            "without a header the fields' names must be listed, in order");
  }
  if (spec.fields.size() > limits::kColumnsMax) {
    settings.mistakes().add(*fields, fmt::format("{} fields, more than {}", spec.fields.size(), limits::kColumnsMax));
  }
}

void read_paths(const SettingsReader& settings, SourceSpec& spec) {
  if (settings.require("path", "a file, a folder, a pattern such as in/*.csv, or a list of them") == nullptr) return;
  for (const YamlNode* path : settings.texts("path")) {
    if (path->text.empty()) {
      settings.mistakes().add(*path, fmt::format("'{}' is empty", settings.place_of("path")));
    } else if (path->text.find("://") != std::string::npos) {
      // Not printed: an address may hold a password.
      settings.mistakes().add(*path, fmt::format("'{}' is an address, not a path", settings.place_of("path")),
                              "only files can be read");
    }
    spec.paths.push_back(path->text);
  }
}

}  // namespace

std::vector<SourceSpec> read_sources(const YamlNode& node, Mistakes& mistakes) {
  std::vector<SourceSpec> sources;
  for (const YamlEntry* entry : named_entries(node, "sources", "source", mistakes)) {
    SourceSpec spec;
    spec.name = entry->key.text;
    if (!is_plain_name(spec.name)) {
      mistakes.add(entry->key, fmt::format("'{}' cannot be a source's name", spec.name), "1 to 64 letters, digits, '_' and '-'");
    }
    const SettingsReader settings(entry->value, "sources." + spec.name, kSourceKeys, mistakes);
    if (settings.is_map()) {
      read_paths(settings, spec);
      bool tabs = false;
      if (settings.require("format", "csv or tsv") != nullptr) {
        tabs = settings.choice("format", {"csv", "tsv"}).value_or(0) == 1;
      }
      spec.csv = read_dialect(settings, entry->value, tabs);
      read_fields(settings, entry->value, spec);
    }
    sources.push_back(std::move(spec));
  }
  return sources;
}

}  // namespace tipple
