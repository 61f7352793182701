// The section `sources`: which keys each format has, and what they say.
#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "jobs/job_sections.h"

namespace tipple {
namespace {

// What `format` may say, and a bit for each.
struct FormatName {
  std::string_view name;
  SourceFormat format;
};
constexpr std::array<FormatName, 7> kFormats = {{
    {"csv", SourceFormat::kCsv},
    {"tsv", SourceFormat::kCsv},
    {"jsonl", SourceFormat::kJsonLines},
    {"fixed", SourceFormat::kFixedWidth},
    {"log", SourceFormat::kLog},
    {"parquet", SourceFormat::kParquet},
    {"hdf5", SourceFormat::kHdf5},
}};
constexpr unsigned kDelimited = 0b11;
constexpr unsigned kFixed = 0b1000;
constexpr unsigned kLog = 0b10000;
constexpr unsigned kText = 0b11111;
constexpr unsigned kHdf5 = 0b1000000;
constexpr unsigned kAll = 0b1111111;

// The keys of a source and the formats that have them.
struct KeyRule {
  std::string_view key;
  unsigned formats;
};
constexpr std::array<KeyRule, 19> kKeys = {{
    {"path", kAll},
    {"manifest", kAll},
    {"stream", kText},
    {"table", kAll},
    {"format", kAll},
    {"encoding", kText},
    {"on_invalid", kText},
    {"decompression", kText},
    {"delimiter", kDelimited},
    {"quote", kDelimited},
    {"escape", kDelimited},
    {"newline", kDelimited},
    {"header", kDelimited},
    {"comment", kText},
    {"skip_rows", kText},
    {"nulls", kText},
    {"fields", kDelimited | kFixed},
    {"pattern", kLog},
    {"group", kHdf5},
}};

std::string names_of(unsigned formats) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if ((formats >> i & 1U) != 0) names.emplace_back(kFormats[i].name);
  }
  return quoted_list(names, "and");
}

void check_format_keys(const SettingsReader& settings, std::size_t format) {
  for (const KeyRule& rule : kKeys) {
    const YamlNode* node = settings.find(rule.key);
    if (node == nullptr || (rule.formats >> format & 1U) != 0) continue;
    settings.mistakes().add(
        *node, fmt::format("'{}' does not go with the format '{}'", settings.place_of(rule.key), kFormats[format].name),
        fmt::format("it is for {}", names_of(rule.formats)));
  }
}

// The format that a path's ending names, whatever it is packed with: position in kFormats.
std::size_t format_of(std::string_view path) {
  std::string lower(path);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string_view name = lower;
  for (const std::string_view packed : {".gz", ".bgz", ".bz2", ".xz", ".zst", ".lz4"}) {
    if (name.ends_with(packed)) {
      name.remove_suffix(packed.size());
      break;
    }
  }
  constexpr std::array<std::pair<std::string_view, std::size_t>, 8> kEndings = {{
      {".tsv", 1},
      {".tab", 1},
      {".jsonl", 2},
      {".ndjson", 2},
      {".parquet", 5},
      {".h5", 6},
      {".hdf5", 6},
      {".pq", 5},
  }};
  for (const auto& [ending, format] : kEndings) {
    if (name.ends_with(ending)) return format;
  }
  return 0;
}

// Position in kFormats; absent: a mistake was noted.
std::optional<std::size_t> read_format(const SettingsReader& settings, const YamlNode& source, const SourceSpec& spec) {
  if (settings.find("format") != nullptr) {
    std::vector<std::string> names;
    for (const FormatName& format : kFormats) names.emplace_back(format.name);
    return settings.choice("format", names);
  }
  std::optional<std::size_t> format;
  for (const std::string& path : spec.paths) {
    const std::size_t its = format_of(path);
    if (format && *format != its) {
      settings.mistakes().add(source,
                              fmt::format("the paths of '{}' end as '{}' and as '{}'", spec.name,
                                          kFormats[*format].name, kFormats[its].name),
                              "say which it is with 'format', or make two sources of them");
      return std::nullopt;
    }
    format = its;
  }
  return format.value_or(0);
}

Encoding read_encoding(const SettingsReader& settings) {
  const auto text = settings.text("encoding");
  if (!text) return Encoding::kUtf8;
  std::string plain;  // UTF-8, utf_8 and utf8 are one name
  for (const char c : *text) {
    if (c != '-' && c != '_') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  constexpr std::array<std::pair<std::string_view, Encoding>, 8> kEncodings = {{
      {"utf8", Encoding::kUtf8},
      {"utf16", Encoding::kUtf16},
      {"utf16le", Encoding::kUtf16Le},
      {"utf16be", Encoding::kUtf16Be},
      {"latin1", Encoding::kLatin1},
      {"iso88591", Encoding::kLatin1},
      {"windows1252", Encoding::kWindows1252},
      {"cp1252", Encoding::kWindows1252},
  }};
  for (const auto& [name, encoding] : kEncodings) {
    if (plain == name) return encoding;
  }
  const std::vector<std::string> names = {"utf-8", "utf-16", "utf-16le", "utf-16be", "latin-1", "windows-1252"};
  settings.mistakes().add(
      *settings.find("encoding"),
      fmt::format("'{}' must be {}, not '{}'", settings.place_of("encoding"), quoted_list(names), *text),
      "'utf-16' goes by the file's byte order mark");
  return Encoding::kUtf8;
}

DecompressionLimits read_decompression(const SettingsReader& source_settings) {
  DecompressionLimits limits;
  const YamlNode* node = source_settings.find("decompression");
  if (node == nullptr) return limits;
  const SettingsReader settings(*node, source_settings.place_of("decompression"), {"max_bytes", "max_ratio"},
                                source_settings.mistakes());
  limits.bytes_max = settings.bytes("max_bytes").value_or(limits.bytes_max);
  const auto ratio = settings.count("max_ratio", std::numeric_limits<std::uint32_t>::max());
  if (ratio && *ratio == 0) {
    settings.mistakes().add(*settings.find("max_ratio"),
                            fmt::format("'{}' must be at least 1", settings.place_of("max_ratio")));
  } else if (ratio) {
    limits.ratio_max = static_cast<std::uint32_t>(*ratio);
  }
  return limits;
}

void read_text(const SettingsReader& settings, const YamlNode& source, std::size_t format, SourceSpec& spec) {
  spec.encoding = read_encoding(settings);
  constexpr std::array<OnInvalid, 3> kOnInvalid = {OnInvalid::kReject, OnInvalid::kReplace, OnInvalid::kFail};
  if (const auto chosen = settings.choice("on_invalid", {"reject", "replace", "fail"}))
    spec.on_invalid = kOnInvalid[*chosen];
  spec.decompression = read_decompression(settings);
  if (spec.format == SourceFormat::kCsv) {
    spec.csv = read_csv_dialect(settings, source, format == 1);
    read_field_names(settings, source, spec);
    return;
  }
  spec.csv = read_line_dialect(settings);
  if (spec.format == SourceFormat::kFixedWidth) read_fixed_fields(settings, spec);
  if (spec.format == SourceFormat::kLog) read_log_pattern(settings, spec);
}

// The newest version of a table: its own schema says the rest.
void read_table_source(const SettingsReader& settings, SourceSpec& spec) {
  spec.format = SourceFormat::kTable;
  for (const KeyRule& rule : kKeys) {
    const YamlNode* node = settings.find(rule.key);
    const bool excluded = rule.key == "path" || rule.key == "manifest" || rule.key == "stream";  // noted by read_input
    if (node == nullptr || excluded || rule.key == "table") continue;
    settings.mistakes().add(*node, fmt::format("'{}' does not go with 'table'", settings.place_of(rule.key)),
                            "a table knows its own format and columns");
  }
}

SourceSpec read_source(const YamlEntry& entry, Mistakes& mistakes) {
  SourceSpec spec;
  spec.name = entry.key.text;
  if (!is_plain_name(spec.name)) {
    mistakes.add(entry.key, fmt::format("'{}' cannot be a source's name", spec.name),
                 "1 to 64 letters, digits, '_' and '-'");
  }
  std::vector<std::string> keys;
  for (const KeyRule& rule : kKeys) keys.emplace_back(rule.key);
  const SettingsReader settings(entry.value, "sources." + spec.name, keys, mistakes);
  if (!settings.is_map()) return spec;
  read_input(settings, entry.value, spec);
  if (settings.find("table") != nullptr) {
    read_table_source(settings, spec);
    return spec;
  }
  const auto format = read_format(settings, entry.value, spec);
  if (!format) return spec;
  spec.format = kFormats[*format].format;
  check_format_keys(settings, *format);
  if ((kText >> *format & 1U) != 0) {
    read_text(settings, entry.value, *format, spec);
  } else if (spec.format == SourceFormat::kHdf5) {
    if (auto group = settings.text("group")) spec.group = std::move(*group);
    if (spec.group.empty())
      mistakes.add(*settings.find("group"), fmt::format("'{}' is empty", settings.place_of("group")),
                   "'/' is the file's root");
  }
  return spec;
}

// What comes once can be read by one source only.
void check_streams(const std::vector<const YamlEntry*>& entries, const std::vector<SourceSpec>& sources,
                   Mistakes& mistakes) {
  std::map<std::pair<StreamSpec::Kind, std::string>, std::string> readers;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const StreamSpec& stream = sources[i].stream;
    if (stream.kind == StreamSpec::Kind::kNone) continue;
    const auto [earlier, fresh] = readers.emplace(std::pair(stream.kind, stream.address), sources[i].name);
    if (fresh) continue;
    mistakes.add(entries[i]->key,
                 fmt::format("the sources '{}' and '{}' read the same stream", earlier->second, sources[i].name),
                 "let several tables read one source");
  }
}

}  // namespace

std::vector<SourceSpec> read_sources(const YamlNode& node, Mistakes& mistakes) {
  std::vector<SourceSpec> sources;
  const auto entries = named_entries(node, "sources", "source", mistakes);
  sources.reserve(entries.size());
  for (const YamlEntry* entry : entries) sources.push_back(read_source(*entry, mistakes));
  check_streams(entries, sources, mistakes);
  return sources;
}

}  // namespace tipple
