#include "jobs/node_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "jobs/byte_size.h"

namespace tipple {
namespace {

// Keys that ask for something that must not stand in a file that is copied, mailed and committed.
bool looks_secret(std::string_view key) {
  std::string lower;
  for (const char c : key) {
    if (c != '_' && c != '-') lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  constexpr std::array<std::string_view, 8> kWords = {"password", "passwd",     "passphrase", "secret",
                                                      "token",    "credential", "apikey",     "accesskey"};
  return lower == "key" || std::any_of(kWords.begin(), kWords.end(),
                                       [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string first_place(const YamlNode& node) { return fmt::format("line {}", node.line); }

}  // namespace

bool is_text(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kText || (node.kind == YamlNode::Kind::kNull && !node.text.empty());
}

void Mistakes::add(const YamlNode& at, std::string what, std::string hint) {
  mistakes_.push_back({at.line, at.column, std::move(what), std::move(hint)});
}

std::vector<JobFileMistake> Mistakes::take() && {
  std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const JobFileMistake& a, const JobFileMistake& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return std::move(mistakes_);
}

std::string quoted_list(const std::vector<std::string>& names, std::string_view last) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? fmt::format(" {} ", last) : ", ";
    list += "'" + names[i] + "'";
  }
  return list;
}

std::string nearest_hint(std::string_view text, const std::vector<std::string>& known, std::string_view otherwise) {
  const std::string nearest = nearest_name(text, known);
  if (!nearest.empty()) return "did you mean '" + nearest + "'?";
  if (known.empty()) return {};
  return std::string(otherwise) + " " + quoted_list(known, "and");
}

std::string kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kText:
      return "'" + node.text + "'";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  TIPPLE_CHECK(false, "unknown kind of node");
}

bool is_plain_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 64;
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_table_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 64;
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return !name.empty() && name.size() <= kNameBytesMax && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

SettingsReader::SettingsReader(const YamlNode& node, std::string place, std::vector<std::string> known,
                               Mistakes& mistakes)
    : node_(node), place_(std::move(place)), known_(std::move(known)), mistakes_(mistakes) {
  if (!is_map()) {
    const std::string what =
        place_.empty() ? "a job file is a map of settings" : fmt::format("'{}' must be a map", place_);
    mistakes_.add(node, fmt::format("{}, not {}", what, kind_name(node)), "its keys are " + quoted_list(known_, "and"));
    return;
  }
  std::map<std::string_view, const YamlNode*> seen;
  for (const YamlEntry& entry : node.entries) {
    const auto [earlier, fresh] = seen.emplace(entry.key.text, &entry.key);
    if (!fresh) {
      mistakes_.add(entry.key, fmt::format("'{}' is given twice", place_of(entry.key.text)),
                    "the first one is in " + first_place(*earlier->second));
    } else if (std::find(known_.begin(), known_.end(), entry.key.text) == known_.end()) {
      check_unknown(entry);
    }
  }
}

void SettingsReader::check_unknown(const YamlEntry& entry) {
  const std::string& key = entry.key.text;
  if (looks_secret(key) && is_text(entry.value)) {
    mistakes_.add(entry.key, fmt::format("'{}' looks like a secret written out", place_of(key)),
                  "secrets never stand in a job file; name where one is kept: {env: NAME} or {file: PATH}");
    return;
  }
  const std::string where = place_.empty() ? "" : fmt::format(" in '{}'", place_);
  mistakes_.add(entry.key, fmt::format("unknown key '{}'{}", key, where), nearest_hint(key, known_, "known are"));
}

const YamlNode* SettingsReader::find(std::string_view key) const {
  for (const YamlEntry& entry : node_.entries) {
    if (entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

const YamlNode* SettingsReader::require(std::string_view key, std::string_view hint) const {
  const YamlNode* value = find(key);
  if (value == nullptr && is_map())
    mistakes_.add(node_, fmt::format("'{}' is missing", place_of(key)), std::string(hint));
  return value;
}

std::string SettingsReader::place_of(std::string_view key) const {
  return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
}

std::optional<std::string> SettingsReader::text(std::string_view key) const {
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_text(*value)) {
    mistakes_.add(*value, fmt::format("'{}' must be a text, not {}", place_of(key), kind_name(*value)));
    return std::nullopt;
  }
  return value->text;
}

std::optional<bool> SettingsReader::boolean(std::string_view key) const {
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == YamlNode::Kind::kText && !value->quoted) {
    for (const char* yes : {"true", "True", "TRUE"}) {
      if (value->text == yes) return true;
    }
    for (const char* no : {"false", "False", "FALSE"}) {
      if (value->text == no) return false;
    }
  }
  mistakes_.add(*value, fmt::format("'{}' must be true or false, not {}", place_of(key), kind_name(*value)));
  return std::nullopt;
}

std::optional<std::uint64_t> SettingsReader::count(std::string_view key, std::uint64_t max) const {
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  if (value->kind == YamlNode::Kind::kText && !value->quoted) {
    const char* end = value->text.data() + value->text.size();
    const auto [stopped, failed] = std::from_chars(value->text.data(), end, number);
    if (failed == std::errc() && stopped == end && number <= max) return number;
  }
  mistakes_.add(*value,
                fmt::format("'{}' must be a whole number from 0 to {}, not {}", place_of(key), max, kind_name(*value)));
  return std::nullopt;
}

std::optional<std::uint64_t> SettingsReader::bytes(std::string_view key) const {
  const auto size = text(key);
  if (!size) return std::nullopt;
  const auto parsed = parse_bytes(*size);
  if (parsed.ok() && *parsed >= 1) return *parsed;
  mistakes_.add(*find(key), fmt::format("'{}' must be a size of at least 1, not '{}'", place_of(key), *size),
                "as 64MiB or 500MB");
  return std::nullopt;
}

std::optional<double> SettingsReader::percent(std::string_view key) const {
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  double number = 0;
  if (value->kind == YamlNode::Kind::kText && !value->quoted) {
    const char* end = value->text.data() + value->text.size();
    const auto [stopped, failed] = std::from_chars(value->text.data(), end, number);
    if (failed == std::errc() && stopped == end && number >= 0 && number <= 100) return number;
  }
  mistakes_.add(*value, fmt::format("'{}' must be a number from 0 to 100, not {}", place_of(key), kind_name(*value)));
  return std::nullopt;
}

std::optional<std::size_t> SettingsReader::choice(std::string_view key, const std::vector<std::string>& choices) const {
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (is_text(*value)) {
    const auto found = std::find(choices.begin(), choices.end(), value->text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  }
  mistakes_.add(*value, fmt::format("'{}' must be {}, not {}", place_of(key), quoted_list(choices), kind_name(*value)));
  return std::nullopt;
}

std::vector<const YamlNode*> SettingsReader::texts(std::string_view key) const {
  const YamlNode* value = find(key);
  std::vector<const YamlNode*> found;
  if (value == nullptr) return found;
  if (is_text(*value)) return {value};
  if (value->kind != YamlNode::Kind::kList || value->items.empty()) {
    const std::string given = value->kind == YamlNode::Kind::kList ? "an empty list" : kind_name(*value);
    mistakes_.add(*value, fmt::format("'{}' must be a text or a list of texts, not {}", place_of(key), given));
    return found;
  }
  for (const YamlNode& item : value->items) {
    if (is_text(item)) {
      found.push_back(&item);
    } else {
      mistakes_.add(item, fmt::format("'{}' must hold texts only, not {}", place_of(key), kind_name(item)));
    }
  }
  return found;
}

std::vector<const YamlEntry*> named_entries(const YamlNode& node, const std::string& place, std::string_view thing,
                                            Mistakes& mistakes) {
  std::vector<const YamlEntry*> entries;
  if (node.kind != YamlNode::Kind::kMap || node.entries.empty()) {
    mistakes.add(node, fmt::format("'{}' must be a map from each {}'s name to its settings, not {}", place, thing,
                                   node.kind == YamlNode::Kind::kMap ? "an empty map" : kind_name(node)));
    return entries;
  }
  std::map<std::string_view, const YamlNode*> seen;
  for (const YamlEntry& entry : node.entries) {
    const auto [earlier, fresh] = seen.emplace(entry.key.text, &entry.key);
    if (fresh) {
      entries.push_back(&entry);
    } else {
      mistakes.add(entry.key, fmt::format("the {} '{}' is given twice in '{}'", thing, entry.key.text, place),
                   "the first one is in " + first_place(*earlier->second));
    }
  }
  return entries;
}

}  // namespace tipple
