#include "cli/init_job.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "cli/output.h"
#include "formats/text_encoding.h"

namespace tipple {
namespace {

constexpr std::size_t kTableNameMax = 64;

bool is_word(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// JSON's strings are YAML's.
std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

// Words that mean something else in some YAML are quoted, too.
std::string yaml_text(const std::string& text) {
  static const std::vector<std::string> kMeanOtherwise = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool plain =
      is_word(text) && std::find(kMeanOtherwise.begin(), kMeanOtherwise.end(), lower) == kMeanOtherwise.end();
  return plain ? text : quoted(text);
}

std::string yaml_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + yaml_text(text);
  return "[" + list + "]";
}

std::string character(char c) { return c == '\t' ? "tab" : quoted(std::string(1, c)); }

std::string format_name(SourceFormat format) { return std::string(to_string(format)); }

// A map to [first character, width], or [first character].
std::string fixed_fields(const std::vector<FixedField>& fields) {
  std::string map;
  for (const FixedField& field : fields) {
    const std::string width = field.is_open() ? std::string() : fmt::format(", {}", field.width);
    map += fmt::format("{}{}: [{}{}]", map.empty() ? "" : ", ", yaml_text(field.name), field.begin + 1, width);
  }
  return "{" + map + "}";
}

std::string source_yaml(const InitGroup& group) {
  const SourceSpec& source = group.shape.source;
  const CsvDialect defaults;
  std::string text;
  for (const std::string& line : group.shape.evidence) text += fmt::format("    # {}\n", line);
  text += fmt::format("    path: {}\n", group.paths.size() == 1 ? yaml_text(group.paths[0]) : yaml_list(group.paths));
  text += fmt::format("    format: {}\n", format_name(source.format));
  if (source.encoding != Encoding::kUtf8) text += fmt::format("    encoding: {}\n", encoding_name(source.encoding));
  const CsvDialect& csv = source.csv;
  if (source.format == SourceFormat::kLog) text += fmt::format("    pattern: '{}'\n", source.pattern);
  if (source.format == SourceFormat::kFixedWidth) text += fmt::format("    fields: {}\n", fixed_fields(source.fixed));
  if (source.format == SourceFormat::kCsv) {
    text += fmt::format("    delimiter: {}\n", character(csv.delimiter));
    if (csv.quote != defaults.quote) text += fmt::format("    quote: {}\n", csv.quote ? character(*csv.quote) : "none");
    if (csv.escape) text += fmt::format("    escape: {}\n", character(*csv.escape));
    if (csv.newline == CsvDialect::Newline::kCr) text += "    newline: cr\n";
    if (!csv.header) text += fmt::format("    header: false\n    fields: {}\n", yaml_list(source.fields));
  }
  if (csv.comment) text += fmt::format("    comment: {}\n", character(*csv.comment));
  if (csv.skip_rows > 0) text += fmt::format("    skip_rows: {}\n", csv.skip_rows);
  if (!group.nulls.empty()) {
    std::vector<std::string> nulls = {""};
    nulls.insert(nulls.end(), group.nulls.begin(), group.nulls.end());
    text += fmt::format("    nulls: {}  # in columns that are otherwise not text\n", yaml_list(nulls));
  }
  return text;
}

std::string column_yaml(const ColumnSpec& spec, const std::string& note) {
  const std::string type = spec.column.type.to_string();
  // Between braces a comma ends a value; elsewhere types stand as they are.
  const bool bare = std::all_of(type.begin(), type.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '(' || c == ')' || c == ',';
  });
  std::string more;
  if (!spec.from.empty() && spec.from != spec.column.name) more += ", from: " + yaml_text(spec.from);
  if (!spec.format.empty()) more += ", format: " + yaml_text(spec.format);
  if (spec.column.nullable) more += ", nullable: true";
  const std::string value = !more.empty() ? fmt::format("{{type: {}{}}}", yaml_text(type), more)
                            : bare        ? type
                                          : quoted(type);
  return fmt::format("      {}: {}{}\n", yaml_text(spec.column.name), value, note.empty() ? "" : "  # " + note);
}

std::string table_yaml(const InitGroup& group) {
  std::string text = fmt::format("    from: {}\n    columns:\n", yaml_text(group.name));
  for (std::size_t k = 0; k < group.columns.size(); ++k) text += column_yaml(group.columns[k], group.notes[k]);
  if (group.bad_records > 0) {
    text +=
        fmt::format("    rejects: {{max_rows: {}}}  # so many records are broken; without this they fail the load\n",
                    group.bad_records);
  }
  return text;
}

}  // namespace

std::string init_job_yaml(const std::string& job, const std::vector<InitGroup>& groups) {
  std::string text =
      "# Written by `tipple init` from what is in the files. Types are the narrowest that hold every value; widen "
      "those that will grow.\n";
  text += fmt::format("version: 1\njob: {}\nwarehouse: warehouse\nsources:\n", yaml_text(job));
  for (const InitGroup& group : groups) text += fmt::format("  {}:\n", yaml_text(group.name)) + source_yaml(group);
  text += "tables:\n";
  for (const InitGroup& group : groups) {
    text += fmt::format("  {}:\n", yaml_text(group.name));
    if (group.records > 0)
      text += fmt::format("    # {} records in {} file{}\n", count_text(group.records), group.files,
                          group.files == 1 ? "" : "s");
    text += table_yaml(group);
  }
  return text + "modes:\n  full: {write: replace}\n";
}

std::string table_name(const std::filesystem::path& file, std::vector<std::string>& taken) {
  const std::string stem = file.filename().string();
  std::string name;
  for (const char c : stem.substr(0, stem.find('.', 1))) {
    const bool kept = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (kept || (!name.empty() && name.back() != '_')) name += kept ? c : '_';
  }
  while (name.ends_with('_')) name.pop_back();
  if (name.empty()) name = "table";
  if (std::isdigit(static_cast<unsigned char>(name[0])) != 0) name = "t_" + name;
  name.resize(std::min(name.size(), kTableNameMax - 4));
  const std::string base = name;
  for (int number = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++number)
    name = fmt::format("{}_{}", base, number);
  taken.push_back(name);
  return name;
}

}  // namespace tipple
