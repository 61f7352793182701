#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_sections.h"
#include "jobs/number_node.h"

namespace tipple {
namespace {

constexpr std::size_t kChecksMax = 1000;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();

struct CheckPlace {
  const YamlNode& node;
  std::string place;
  const std::vector<SourceSpec>& sources;
  Mistakes& mistakes;
};

void read_rule(const CheckPlace& at, const SettingsReader& settings, CheckSpec& check) {
  check.rule = settings.text("rule").value_or("");
  check.name = check.rule.substr(0, kNameBytesMax);
  // Not in the middle of a character.
  while (check.name.size() < check.rule.size() && !check.name.empty() && (check.rule[check.name.size()] & 0xC0) == 0x80)
    check.name.pop_back();
  if (check.rule.empty() && settings.text("rule")) at.mistakes.add(at.node, fmt::format("'{}' is empty", at.place));
}

void read_not_null(const CheckPlace&, const SettingsReader& settings, CheckSpec& check) {
  for (const YamlNode* column : settings.texts("not_null")) check.columns.push_back(column->text);
}

void read_checked_column(const SettingsReader& settings, CheckSpec& check) {
  if (settings.require("column", "the column that is checked") == nullptr) return;
  if (auto column = settings.text("column")) check.columns.push_back(std::move(*column));
}

void read_range(const CheckPlace& at, const SettingsReader&, CheckSpec& check) {
  const SettingsReader settings(at.node, at.place, {"column", "min", "max"}, at.mistakes);
  if (!settings.is_map()) return;
  read_checked_column(settings, check);
  check.min = settings.text("min");
  check.max = settings.text("max");
  if (!settings.find("min") && !settings.find("max"))
    at.mistakes.add(at.node, fmt::format("'{}' has neither 'min' nor 'max'", at.place));
}

void read_set(const CheckPlace& at, const SettingsReader&, CheckSpec& check) {
  const SettingsReader settings(at.node, at.place, {"column", "values"}, at.mistakes);
  if (!settings.is_map()) return;
  read_checked_column(settings, check);
  if (settings.require("values", "a list of the values that are allowed") == nullptr) return;
  for (const YamlNode* value : settings.texts("values")) check.values.push_back(value->text);
}

void read_pattern(const CheckPlace& at, const SettingsReader&, CheckSpec& check) {
  const SettingsReader settings(at.node, at.place, {"column", "matches"}, at.mistakes);
  if (!settings.is_map()) return;
  read_checked_column(settings, check);
  if (settings.require("matches", "a regular expression for the whole text") == nullptr) return;
  check.pattern = settings.text("matches").value_or("");
}

void read_length(const CheckPlace& at, const SettingsReader&, CheckSpec& check) {
  const SettingsReader settings(at.node, at.place, {"column", "min", "max"}, at.mistakes);
  if (!settings.is_map()) return;
  read_checked_column(settings, check);
  check.length_min = settings.count("min", kCountMax);
  check.length_max = settings.count("max", kCountMax);
  if (!settings.find("min") && !settings.find("max"))
    at.mistakes.add(at.node, fmt::format("'{}' has neither 'min' nor 'max'", at.place));
  if (check.length_min && check.length_max && *check.length_min > *check.length_max) {
    at.mistakes.add(at.node, fmt::format("'{}' holds for no text: its min is more than its max", at.place));
  }
}

void read_foreign_key(const CheckPlace& at, const SettingsReader&, CheckSpec& check) {
  const SettingsReader settings(at.node, at.place, {"columns", "source", "to"}, at.mistakes);
  if (!settings.is_map()) return;
  if (settings.require("columns", "the columns that refer to the other table") != nullptr) {
    for (const YamlNode* column : settings.texts("columns")) check.columns.push_back(column->text);
  }
  if (settings.require("source", "the source that holds the keys") != nullptr) {
    check.source = source_setting(settings, at.sources).value_or(SourceId());
  }
  check.foreign_columns = check.columns;
  if (settings.find("to") == nullptr) return;
  check.foreign_columns.clear();
  for (const YamlNode* column : settings.texts("to")) check.foreign_columns.push_back(column->text);
  if (check.foreign_columns.size() != check.columns.size()) {
    at.mistakes.add(*settings.find("to"), fmt::format("'{}' names {} columns for {}", settings.place_of("to"),
                                                      check.foreign_columns.size(), check.columns.size()));
  }
}

struct CheckKind {
  const char* name;
  CheckSpec::Kind kind;
  void (*read)(const CheckPlace&, const SettingsReader&, CheckSpec&);
};

constexpr std::array<CheckKind, 7> kCheckKinds = {{
    {"rule", CheckSpec::Kind::kRule, read_rule},
    {"not_null", CheckSpec::Kind::kNotNull, read_not_null},
    {"range", CheckSpec::Kind::kRange, read_range},
    {"set", CheckSpec::Kind::kSet, read_set},
    {"pattern", CheckSpec::Kind::kPattern, read_pattern},
    {"length", CheckSpec::Kind::kLength, read_length},
    {"foreign_key", CheckSpec::Kind::kForeignKey, read_foreign_key},
}};

void read_consequences(const SettingsReader& settings, CheckSpec& check) {
  if (const auto chosen = settings.choice("on_fail", {"reject", "warn", "fail"}))
    check.on_fail = static_cast<OnFail>(*chosen);
  check.max_rows = settings.count("max_rows", kCountMax);
  check.max_percent = settings.percent("max_percent");
  for (const char* key : {"max_rows", "max_percent"}) {
    if (check.on_fail == OnFail::kFail && settings.find(key) != nullptr) {
      settings.mistakes().add(*settings.find(key),
                              fmt::format("'{}' has no meaning with on_fail: fail", settings.place_of(key)),
                              "one row is enough to fail the load; use reject or warn with a limit");
    }
  }
  const auto name = settings.text("name");
  if (!name) return;
  check.name = *name;
  if (name->empty() || name->size() > kNameBytesMax) {
    settings.mistakes().add(*settings.find("name"),
                            fmt::format("'{}' must have 1 to {} bytes", settings.place_of("name"), kNameBytesMax));
  }
}

std::string made_name(const CheckSpec& check, const char* kind) {
  std::string name = kind;
  for (std::size_t i = 0; i < check.columns.size(); ++i) name += (i == 0 ? ":" : ",") + check.columns[i];
  return name;
}

CheckSpec read_check(const YamlNode& node, const std::string& place, const std::vector<SourceSpec>& sources,
                     Mistakes& mistakes) {
  CheckSpec check;
  std::vector<std::string> keys;
  std::vector<std::string> kinds;
  for (const CheckKind& kind : kCheckKinds) kinds.emplace_back(kind.name);
  keys = kinds;
  for (const char* key : {"name", "on_fail", "max_rows", "max_percent"}) keys.emplace_back(key);
  const SettingsReader settings(node, place, keys, mistakes);
  if (!settings.is_map()) return check;
  const CheckKind* found = nullptr;
  for (const CheckKind& kind : kCheckKinds) {
    const YamlNode* value = settings.find(kind.name);
    if (value == nullptr) continue;
    if (found != nullptr) {
      mistakes.add(*value, fmt::format("'{}' is two checks: {} and {}", place, found->name, kind.name),
                   "make an item of the list for each");
      continue;
    }
    found = &kind;
    check.kind = kind.kind;
    kind.read({*value, settings.place_of(kind.name), sources, mistakes}, settings, check);
  }
  if (found == nullptr) {
    // A misspelt kind has been said already.
    const bool unknown = std::any_of(node.entries.begin(), node.entries.end(), [&](const YamlEntry& entry) {
      return std::find(keys.begin(), keys.end(), entry.key.text) == keys.end();
    });
    if (!unknown)
      mistakes.add(node, fmt::format("'{}' checks nothing", place), "checks are " + quoted_list(kinds, "and"));
    return check;
  }
  if (check.kind != CheckSpec::Kind::kRule) check.name = made_name(check, found->name);
  read_consequences(settings, check);
  return check;
}

}  // namespace

std::vector<CheckSpec> read_checks(const YamlNode& node, const std::string& place,
                                   const std::vector<SourceSpec>& sources, Mistakes& mistakes) {
  std::vector<CheckSpec> checks;
  if (node.kind != YamlNode::Kind::kList || node.items.size() > kChecksMax) {
    mistakes.add(node,
                 fmt::format("'{}' must be a list of at most {} checks, not {}", place, kChecksMax, kind_name(node)),
                 "as checks: [{rule: \"amount > 0\"}]");
    return checks;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    checks.push_back(read_check(node.items[i], fmt::format("{}[{}]", place, i + 1), sources, mistakes));
    const std::string& name = checks.back().name;
    if (!name.empty() && !names.insert(name).second) {
      mistakes.add(node.items[i], fmt::format("'{}' has two checks named '{}'", place, name),
                   "give one of them another 'name'");
    }
  }
  return checks;
}

TableExpectations read_expectations(const YamlNode& node, const std::string& place, Mistakes& mistakes) {
  TableExpectations expectations;
  const SettingsReader settings(node, place, {"rows", "sums"}, mistakes);
  if (!settings.is_map()) return expectations;
  if (const YamlNode* rows_node = settings.find("rows")) {
    const SettingsReader rows(*rows_node, settings.place_of("rows"), {"min", "max"}, mistakes);
    if (rows.is_map()) {
      expectations.rows_min = rows.count("min", kCountMax);
      expectations.rows_max = rows.count("max", kCountMax);
    }
    if (expectations.rows_min && expectations.rows_max && *expectations.rows_min > *expectations.rows_max) {
      mistakes.add(*rows_node,
                   fmt::format("'{}' can never hold: its min is more than its max", settings.place_of("rows")));
    }
  }
  const YamlNode* sums = settings.find("sums");
  if (sums == nullptr) return expectations;
  if (sums->kind != YamlNode::Kind::kList) {
    mistakes.add(*sums, fmt::format("'{}' must be a list, not {}", settings.place_of("sums"), kind_name(*sums)),
                 "as sums: [{column: amount, min: 0}]");
    return expectations;
  }
  for (std::size_t i = 0; i < sums->items.size(); ++i) {
    TableExpectations::Sum sum;
    const SettingsReader one(sums->items[i], fmt::format("{}[{}]", settings.place_of("sums"), i + 1),
                             {"column", "min", "max"}, mistakes);
    if (one.is_map() && one.require("column", "the column that is summed up") != nullptr) {
      sum.column = one.text("column").value_or("");
      sum.min = number_setting(one, "min");
      sum.max = number_setting(one, "max");
      if (!one.find("min") && !one.find("max")) {
        mistakes.add(sums->items[i],
                     fmt::format("'{}[{}]' has neither 'min' nor 'max'", settings.place_of("sums"), i + 1));
      }
      if (sum.min && sum.max && *sum.min > *sum.max) {
        mistakes.add(sums->items[i], fmt::format("'{}[{}]' can never hold: its min is more than its max",
                                                 settings.place_of("sums"), i + 1));
      }
    }
    expectations.sums.push_back(std::move(sum));
  }
  return expectations;
}

}  // namespace tipple
