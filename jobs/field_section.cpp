// The fields of a source that the job file names itself, and which fields a column can be filled from.
#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/limits.h"
#include "jobs/job_sections.h"

namespace tipple {
namespace {

void check_count(const YamlNode& node, std::size_t count, Mistakes& mistakes) {
  if (count > limits::kColumnsMax)
    mistakes.add(node, fmt::format("{} fields, more than {}", count, limits::kColumnsMax));
}

std::optional<std::uint32_t> position(const YamlNode& node) {
  std::uint32_t number = 0;
  const char* end = node.text.data() + node.text.size();
  if (node.kind != YamlNode::Kind::kText || node.quoted) return std::nullopt;
  const auto [stopped, failed] = std::from_chars(node.text.data(), end, number);
  if (failed != std::errc() || stopped != end || number < 1 || number > limits::kRecordBytesMax) return std::nullopt;
  return number;
}

struct PatternGroups {
  std::string error;  // not empty: RE2 does not take the pattern
  std::vector<std::string> names;
};

PatternGroups groups_of(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(limits::kPatternMemoryBytesMax);
  const RE2 compiled(pattern, options);
  PatternGroups groups;
  if (!compiled.ok()) {
    groups.error = compiled.error();
    return groups;
  }
  for (const auto& [number, name] : compiled.CapturingGroupNames()) groups.names.push_back(name);
  return groups;
}

// The $fields that a source has.
std::vector<std::string> special_fields(const SourceSpec& source) {
  if (source.format == SourceFormat::kTable) return {};
  std::vector<std::string> fields;
  if (source.stream.kind == StreamSpec::Kind::kNone) fields.emplace_back(kFileField);
  if (!is_columnar(source.format))
    fields.insert(fields.end(), {std::string(kLineField), std::string(kOffsetField), std::string(kRecordField)});
  if (source.stream.kind == StreamSpec::Kind::kNone) fields.push_back(std::string(kPathFieldPrefix) + "KEY");
  return fields;
}

// Precondition: `field` begins with '$'.
void check_special_field(const YamlNode& at, const std::string& field, const SourceSpec& source, Mistakes& mistakes) {
  const std::vector<std::string> fields = special_fields(source);
  if (std::find(fields.begin(), fields.end(), field) != fields.end() && field != std::string(kPathFieldPrefix) + "KEY")
    return;
  const bool has_path = !fields.empty() && fields.back().starts_with(kPathFieldPrefix);
  if (has_path && field.starts_with(kPathFieldPrefix) && field.size() > kPathFieldPrefix.size()) return;
  mistakes.add(at, fmt::format("the source '{}' has no field '{}'", source.name, field),
               fields.empty()
                   ? "names that begin with '$' say where a record came from; rows of a table do not have that"
                   : nearest_hint(field, fields, "names that begin with '$' say where a record came from:"));
}

}  // namespace

void read_field_names(const SettingsReader& settings, const YamlNode& source, SourceSpec& spec) {
  const YamlNode* fields = settings.find("fields");
  if (fields != nullptr && fields->kind == YamlNode::Kind::kMap) {
    settings.mistakes().add(*fields,
                            fmt::format("'{}' must be a list of names, not a map", settings.place_of("fields")),
                            "fields by position in the line are for 'format: fixed'");
    return;
  }
  std::set<std::string> seen;
  for (const YamlNode* field : settings.texts("fields")) {
    if (field->text.empty()) {
      settings.mistakes().add(*field, "a field's name is empty");
    } else if (!seen.insert(field->text).second) {
      settings.mistakes().add(*field, fmt::format("the field '{}' is named twice", field->text));
    }
    spec.fields.push_back(field->text);
  }
  if (spec.csv.header && fields != nullptr) {
    settings.mistakes().add(*fields, fmt::format("'{}' is for files without a header", settings.place_of("fields")),
                            "add 'header: false', or leave 'fields' out");
    spec.fields.clear();
  }
  if (!spec.csv.header && fields == nullptr) {
    settings.mistakes().add(source, fmt::format("'{}' is missing", settings.place_of("fields")),
                            "without a header the fields' names must be listed, in order");
  }
  if (fields != nullptr) check_count(*fields, seen.size(), settings.mistakes());
}

void read_fixed_fields(const SettingsReader& settings, SourceSpec& spec) {
  const YamlNode* fields = settings.require(
      "fields", "a map from each field's name to [its first character, counted from 1, its width in characters]");
  if (fields == nullptr) return;
  const std::string place = settings.place_of("fields");
  for (const YamlEntry* entry : named_entries(*fields, place, "field", settings.mistakes())) {
    const YamlNode& node = entry->value;
    const std::size_t numbers = node.kind == YamlNode::Kind::kList ? node.items.size() : 0;
    std::optional<std::uint32_t> begin, width;
    if (numbers == 1 || numbers == 2) begin = position(node.items[0]);
    width = numbers == 2 ? position(node.items[1]) : std::optional<std::uint32_t>(0);
    if (entry->key.text.empty()) settings.mistakes().add(entry->key, "a field's name is empty");
    if (!begin || !width || *begin - 1 + *width > limits::kRecordBytesMax) {
      settings.mistakes().add(
          node,
          fmt::format("'{}.{}' must be [first character, width], whole numbers from 1; without a width the field goes "
                      "to the line's end",
                      place, entry->key.text),
          fmt::format("characters of a line count from 1: [1, 5] is its first five, [6] all others; a line has at most "
                      "{} bytes",
                      limits::kRecordBytesMax));
      continue;
    }
    spec.fixed.push_back({entry->key.text, *begin - 1, *width});
    spec.fields.push_back(entry->key.text);
  }
  check_count(*fields, spec.fixed.size(), settings.mistakes());
}

void read_log_pattern(const SettingsReader& settings, SourceSpec& spec) {
  const char* hint = "a regular expression with a named group for each field, as '(?P<host>\\S+) (?P<status>\\d+)'";
  if (settings.require("pattern", hint) == nullptr) return;
  auto pattern = settings.text("pattern");
  if (!pattern) return;
  const YamlNode& node = *settings.find("pattern");
  PatternGroups groups = groups_of(*pattern);
  if (!groups.error.empty()) {
    settings.mistakes().add(
        node, fmt::format("'{}' is not a regular expression: {}", settings.place_of("pattern"), groups.error),
        "the syntax is RE2's: no back references, no look-around");
  } else if (groups.names.empty()) {
    settings.mistakes().add(node, fmt::format("'{}' names no fields", settings.place_of("pattern")), hint);
  }
  check_count(node, groups.names.size(), settings.mistakes());
  spec.pattern = std::move(*pattern);
  spec.fields = std::move(groups.names);
}

void check_field(const YamlNode& at, const std::string& field, const SourceSpec& source, Mistakes& mistakes) {
  if (field.starts_with('$')) {
    check_special_field(at, field, source, mistakes);
    return;
  }
  if (source.fields.empty() || std::find(source.fields.begin(), source.fields.end(), field) != source.fields.end())
    return;
  mistakes.add(at, fmt::format("the source '{}' has no field '{}'", source.name, field),
               nearest_hint(field, source.fields, "its fields are"));
}

}  // namespace tipple
