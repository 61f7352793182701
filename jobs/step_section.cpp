#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_sections.h"
#include "jobs/number_node.h"
#include "jobs/table_schema.h"

namespace tipple {
namespace {

constexpr std::size_t kStepsMax = 1000;
constexpr std::size_t kBinEdgesMax = 65'536;
constexpr std::uint64_t kMaskDaysMax = 36'500;

struct StepPlace {
  const YamlNode& node;  // the step's settings
  std::string place;
  const std::vector<SourceSpec>& sources;
  Mistakes& mistakes;
};

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Names in a text or a list of texts, each once.
std::vector<std::string> read_names(const SettingsReader& settings, std::string_view key) {
  std::vector<std::string> names;
  for (const YamlNode* node : settings.texts(key)) {
    if (std::find(names.begin(), names.end(), node->text) != names.end()) {
      settings.mistakes().add(*node, fmt::format("'{}' is named twice", node->text));
    } else {
      names.push_back(node->text);
    }
  }
  return names;
}

std::vector<std::string> require_names(const SettingsReader& settings, std::string_view key, std::string_view hint) {
  return settings.require(key, hint) == nullptr ? std::vector<std::string>() : read_names(settings, key);
}

std::string require_text(const SettingsReader& settings, std::string_view key, std::string_view hint) {
  return settings.require(key, hint) == nullptr ? std::string() : settings.text(key).value_or("");
}

// {a: text, b: text} in file order.
TextPairs read_pairs(const YamlNode& node, const std::string& place, std::string_view thing, std::string_view value,
                     Mistakes& mistakes) {
  TextPairs pairs;
  for (const YamlEntry* entry : named_entries(node, place, thing, mistakes)) {
    if (is_text(entry->value)) {
      pairs.emplace_back(entry->key.text, entry->value.text);
    } else {
      mistakes.add(entry->value,
                   fmt::format("'{}.{}' must be {}, not {}", place, entry->key.text, value, kind_name(entry->value)));
    }
  }
  return pairs;
}

// A name, a list of names (they stand for themselves), or {own: other}.
TextPairs read_name_map(const SettingsReader& settings, std::string_view key, std::string_view hint) {
  const YamlNode* node = settings.require(key, hint);
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::kMap) {
    return read_pairs(*node, settings.place_of(key), "column", "a column's name", settings.mistakes());
  }
  TextPairs pairs;
  for (std::string& name : read_names(settings, key)) pairs.emplace_back(name, name);
  return pairs;
}

std::vector<std::pair<std::string, DataType>> read_types(const YamlNode& node, const std::string& place,
                                                         Mistakes& mistakes) {
  std::vector<std::pair<std::string, DataType>> types;
  for (const YamlEntry* entry : named_entries(node, place, "column", mistakes)) {
    const std::string column_place = fmt::format("{}.{}", place, entry->key.text);
    if (!is_text(entry->value)) {
      mistakes.add(entry->value, fmt::format("'{}' must be a type, not {}", column_place, kind_name(entry->value)),
                   "as int32 or string");
      continue;
    }
    auto type = parse_data_type(entry->value.text);
    if (type.ok()) {
      types.emplace_back(entry->key.text, std::move(type).value());
    } else {
      const bool cut =
          entry->value.text.find('(') != std::string::npos && entry->value.text.find(')') == std::string::npos;
      mistakes.add(entry->value, fmt::format("'{}': {}", column_place, type.error().what),
                   cut ? "inside { } put a type with a comma in quotes: \"decimal(9,2)\"" : type.error().hint);
    }
  }
  return types;
}

// {env: NAME} or {file: PATH}. What stands there instead is never printed: it may be the secret.
std::optional<SecretRef> read_secret(const SettingsReader& settings, std::string_view key) {
  const YamlNode* node = settings.find(key);
  if (node == nullptr) return std::nullopt;
  const char* hint = "{env: NAME} names an environment variable, {file: PATH} a file that holds the key";
  if (node->kind != YamlNode::Kind::kMap || node->entries.size() != 1) {
    settings.mistakes().add(
        *node, fmt::format("'{}' must say where the key is, not what it is", settings.place_of(key)), hint);
    return std::nullopt;
  }
  const YamlEntry& entry = node->entries.front();
  const bool env = entry.key.text == "env";
  if ((!env && entry.key.text != "file") || !is_text(entry.value) || entry.value.text.empty()) {
    settings.mistakes().add(*node, fmt::format("'{}' must be {{env: NAME}} or {{file: PATH}}", settings.place_of(key)),
                            hint);
    return std::nullopt;
  }
  return SecretRef{env ? SecretRef::Kind::kEnv : SecretRef::Kind::kFile, entry.value.text};
}

StepSpec read_where(const StepPlace& at) {
  WhereStep step;
  if (is_text(at.node)) {
    step.condition = at.node.text;
  } else {
    at.mistakes.add(at.node, fmt::format("'{}' must be an expression, not {}", at.place, kind_name(at.node)),
                    "as where: \"amount > 0\"");
  }
  return step;
}

StepSpec read_derive(const StepPlace& at) {
  return DeriveStep{read_pairs(at.node, at.place, "column", "an expression", at.mistakes)};
}

StepSpec read_rename(const StepPlace& at) {
  return RenameStep{read_pairs(at.node, at.place, "column", "its new name", at.mistakes)};
}

StepSpec read_drop(const StepPlace& at) {
  DropStep step;
  if (is_text(at.node)) {
    step.columns.push_back(at.node.text);
    return step;
  }
  if (at.node.kind != YamlNode::Kind::kList || at.node.items.empty()) {
    at.mistakes.add(at.node, fmt::format("'{}' must be a list of columns, not {}", at.place, kind_name(at.node)),
                    "as drop: [a, b]");
    return step;
  }
  for (const YamlNode& item : at.node.items) {
    if (!is_text(item)) {
      at.mistakes.add(item, fmt::format("'{}' must hold columns' names only, not {}", at.place, kind_name(item)));
    } else {
      step.columns.push_back(item.text);
    }
  }
  return step;
}

StepSpec read_cast(const StepPlace& at) { return CastStep{read_types(at.node, at.place, at.mistakes)}; }

void read_missing(const SettingsReader& settings, LookupStep& step) {
  const YamlNode* node = settings.find("missing");
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::kMap) {
    // YAML's null is a word here as well.
    if (is_text(*node) && (node->text == "null" || node->text == "reject")) {
      step.missing = node->text == "null" ? LookupStep::Missing::kNull : LookupStep::Missing::kReject;
      return;
    }
    settings.mistakes().add(
        *node,
        fmt::format("'{}' must be null, reject or a default, not {}", settings.place_of("missing"), kind_name(*node)),
        "a default gives each new column its value: {default: {airline: \"?\"}}");
    return;
  }
  const SettingsReader missing(*node, settings.place_of("missing"), {"default"}, settings.mistakes());
  const YamlNode* defaults = missing.require("default", "a map from each new column to its value");
  if (defaults == nullptr) return;
  step.missing = LookupStep::Missing::kDefault;
  for (auto& [column, value] :
       read_pairs(*defaults, missing.place_of("default"), "column", "a value", settings.mistakes())) {
    step.defaults.emplace(std::move(column), std::move(value));
  }
}

StepSpec read_lookup(const StepPlace& at) {
  LookupStep step;
  const SettingsReader settings(at.node, at.place, {"source", "on", "take", "missing", "types"}, at.mistakes);
  if (!settings.is_map()) return step;
  if (settings.require("source", "the source that is the small table") != nullptr) {
    step.source = source_setting(settings, at.sources).value_or(SourceId());
  }
  step.on = read_name_map(settings, "on", "the column that both have, or {own column: its column}");
  step.take = read_name_map(settings, "take", "{new column: its column}");
  read_missing(settings, step);
  if (const YamlNode* types = settings.find("types"))
    step.types = read_types(*types, settings.place_of("types"), at.mistakes);
  return step;
}

StepSpec read_normalise(const StepPlace& at) {
  NormaliseStep step;
  const SettingsReader settings(at.node, at.place, {"columns", "case", "trim", "whitespace", "nfc", "scale", "offset"},
                                at.mistakes);
  if (!settings.is_map()) return step;
  step.columns = require_names(settings, "columns", "the columns to normalise");
  if (const auto chosen = settings.choice("case", {"keep", "lower", "upper"})) {
    step.letter_case =
        std::array{NormaliseStep::Case::kKeep, NormaliseStep::Case::kLower, NormaliseStep::Case::kUpper}[*chosen];
  }
  step.trim = settings.boolean("trim").value_or(false);
  step.whitespace = settings.boolean("whitespace").value_or(false);
  step.nfc = settings.boolean("nfc").value_or(false);
  step.scale = number_setting(settings, "scale").value_or(1.0);
  step.offset = number_setting(settings, "offset").value_or(0.0);
  const bool any = std::any_of(at.node.entries.begin(), at.node.entries.end(),
                               [](const YamlEntry& e) { return e.key.text != "columns"; });
  if (!any)
    at.mistakes.add(at.node, fmt::format("'{}' does nothing", at.place),
                    "add case, trim, whitespace, nfc, scale or offset");
  return step;
}

std::vector<double> read_edges(const SettingsReader& settings) {
  std::vector<double> edges;
  const YamlNode* node = settings.require("edges", "a list of numbers, ascending");
  if (node == nullptr) return edges;
  if (node->kind != YamlNode::Kind::kList || node->items.size() < 2 || node->items.size() > kBinEdgesMax) {
    settings.mistakes().add(
        *node, fmt::format("'{}' must be a list of 2 to {} numbers", settings.place_of("edges"), kBinEdgesMax));
    return edges;
  }
  for (const YamlNode& item : node->items) {
    const auto edge = read_number(item, settings.place_of("edges"), settings.mistakes());
    if (!edge) return edges;
    if (!edges.empty() && *edge <= edges.back()) {
      settings.mistakes().add(item, fmt::format("'{}' must ascend: {} does not follow {}", settings.place_of("edges"),
                                                item.text, edges.back()));
      return edges;
    }
    edges.push_back(*edge);
  }
  return edges;
}

StepSpec read_bin(const StepPlace& at) {
  BinStep step;
  const SettingsReader settings(at.node, at.place, {"column", "into", "edges", "labels"}, at.mistakes);
  if (!settings.is_map()) return step;
  step.column = require_text(settings, "column", "the column of numbers");
  step.into = require_text(settings, "into", "the new column's name");
  step.edges = read_edges(settings);
  step.labels = read_names(settings, "labels");
  if (!step.labels.empty() && step.edges.size() >= 2 && step.labels.size() + 1 != step.edges.size()) {
    at.mistakes.add(*settings.find("labels"), fmt::format("'{}' has {} labels for {} bins", settings.place_of("labels"),
                                                          step.labels.size(), step.edges.size() - 1));
  }
  for (const YamlNode* label : settings.texts("labels")) {
    if (label->text.empty())
      at.mistakes.add(*label, fmt::format("'{}' has an empty label", settings.place_of("labels")));
  }
  return step;
}

StepSpec read_split(const StepPlace& at) {
  SplitStep step;
  const SettingsReader settings(at.node, at.place, {"column", "separator", "into"}, at.mistakes);
  if (!settings.is_map()) return step;
  step.column = require_text(settings, "column", "the column to split");
  step.separator = settings.text("separator").value_or(",");
  if (step.separator.empty())
    at.mistakes.add(*settings.find("separator"), fmt::format("'{}' is empty", settings.place_of("separator")));
  step.into = require_names(settings, "into", "the new columns' names");
  return step;
}

StepSpec read_explode(const StepPlace& at) {
  ExplodeStep step;
  const SettingsReader settings(at.node, at.place, {"column", "into", "separator", "json"}, at.mistakes);
  if (!settings.is_map()) return step;
  step.column = require_text(settings, "column", "the column that holds a list");
  step.into = settings.text("into").value_or(step.column);
  step.separator = settings.text("separator").value_or(",");
  if (step.separator.empty()) {
    at.mistakes.add(*settings.find("separator"), fmt::format("'{}' is empty", settings.place_of("separator")),
                    "for a JSON array say json: true");
  }
  if (settings.boolean("json").value_or(false)) {
    if (const YamlNode* separator = settings.find("separator")) {
      at.mistakes.add(*separator, fmt::format("'{}' has no meaning with json: true", settings.place_of("separator")));
    }
    step.separator.clear();
  }
  return step;
}

StepSpec read_sample(const StepPlace& at) {
  SampleStep step;
  const SettingsReader settings(at.node, at.place, {"fraction", "seed", "by"}, at.mistakes);
  if (!settings.is_map()) return step;
  if (const YamlNode* node = settings.require("fraction", "a number from 0 to 1")) {
    const auto fraction = read_number(*node, settings.place_of("fraction"), at.mistakes);
    if (fraction && (*fraction < 0 || *fraction > 1)) {
      at.mistakes.add(*node,
                      fmt::format("'{}' must be from 0 to 1, not {}", settings.place_of("fraction"), node->text));
    }
    step.fraction = fraction.value_or(1.0);
  }
  step.seed = settings.count("seed", std::numeric_limits<std::int64_t>::max()).value_or(0);
  step.by = read_names(settings, "by");
  return step;
}

std::uint32_t read_keep(const SettingsReader& settings) {
  const YamlNode* node = settings.require("keep", "a number of characters; for dates: year or month");
  if (node == nullptr) return 0;
  if (node->text == "year") return kKeepYear;
  if (node->text == "month") return kKeepMonth;
  return static_cast<std::uint32_t>(settings.count("keep", limits::kFieldBytesMax).value_or(0));
}

std::optional<SecretRef> require_key(const SettingsReader& settings) {
  return settings.require("key", "{env: NAME} or {file: PATH}") == nullptr ? std::nullopt
                                                                           : read_secret(settings, "key");
}

StepSpec read_mask(const StepPlace& at) {
  MaskStep step;
  const SettingsReader settings(at.node, at.place, {"columns", "how", "key", "with", "keep", "days", "by"},
                                at.mistakes);
  if (!settings.is_map()) return step;
  step.columns = require_names(settings, "columns", "the columns to mask");
  const std::vector<std::string> ways = {"hmac", "redact", "truncate", "date_shift"};
  if (settings.require("how", quoted_list(ways)) == nullptr) return step;
  const auto chosen = settings.choice("how", ways);
  if (!chosen) return step;
  step.how = static_cast<MaskStep::How>(*chosen);
  // Which settings each way has; a setting of another way would be ignored in silence.
  const std::array<std::vector<std::string>, 4> own = {{{"key"}, {"with"}, {"keep"}, {"key", "days", "by"}}};
  for (const YamlEntry& entry : at.node.entries) {
    const std::string& key = entry.key.text;
    if (key == "columns" || key == "how" ||
        std::find(own[*chosen].begin(), own[*chosen].end(), key) != own[*chosen].end())
      continue;
    if (key != "key" && key != "with" && key != "keep" && key != "days" && key != "by")
      continue;  // unknown: said already
    at.mistakes.add(entry.key, fmt::format("'{}' has no meaning with how: {}", settings.place_of(key), ways[*chosen]));
  }
  if (step.how == MaskStep::How::kHmac || step.how == MaskStep::How::kDateShift) step.key = require_key(settings);
  if (step.how == MaskStep::How::kRedact) step.with = settings.text("with").value_or("***");
  if (step.how == MaskStep::How::kTruncate) step.keep = read_keep(settings);
  if (step.how == MaskStep::How::kDateShift) {
    step.by = require_text(settings, "by", "the column whose value decides how far its dates move");
    step.days = static_cast<std::uint32_t>(settings.count("days", kMaskDaysMax).value_or(365));
    if (step.days == 0)
      at.mistakes.add(*settings.find("days"), fmt::format("'{}' must be at least 1", settings.place_of("days")));
  }
  return step;
}

StepSpec read_encrypt(const StepPlace& at) {
  EncryptStep step;
  const SettingsReader settings(at.node, at.place, {"columns", "key"}, at.mistakes);
  if (!settings.is_map()) return step;
  step.columns = require_names(settings, "columns", "the columns to encrypt");
  if (auto key = require_key(settings)) step.key = std::move(*key);
  return step;
}

StepSpec read_number_step(const StepPlace& at) {
  NumberStep step;
  const SettingsReader settings(at.node, at.place, {"into", "start"}, at.mistakes);
  if (!settings.is_map()) return step;
  step.into = require_text(settings, "into", "the new column's name");
  step.start = settings.count("start", std::numeric_limits<std::int64_t>::max()).value_or(1);
  return step;
}

struct StepKind {
  const char* name;
  StepSpec (*read)(const StepPlace&);
};

constexpr std::array<StepKind, 14> kStepKinds = {{
    {"where", read_where},
    {"derive", read_derive},
    {"rename", read_rename},
    {"drop", read_drop},
    {"cast", read_cast},
    {"lookup", read_lookup},
    {"normalise", read_normalise},
    {"bin", read_bin},
    {"split", read_split},
    {"explode", read_explode},
    {"sample", read_sample},
    {"mask", read_mask},
    {"encrypt", read_encrypt},
    {"number", read_number_step},
}};

StepSpec read_step(const YamlNode& node, const std::string& place, const std::vector<SourceSpec>& sources,
                   Mistakes& mistakes) {
  std::vector<std::string> names;
  for (const StepKind& kind : kStepKinds) names.emplace_back(kind.name);
  if (node.kind != YamlNode::Kind::kMap || node.entries.size() != 1) {
    mistakes.add(node,
                 fmt::format("'{}' must be one step, as {{where: ...}}, not {}", place,
                             node.kind == YamlNode::Kind::kMap ? fmt::format("{} of them", node.entries.size())
                                                               : kind_name(node)),
                 "steps are " + quoted_list(names, "and"));
    return DropStep{};
  }
  const YamlEntry& entry = node.entries.front();
  const std::string step_place = place + "." + entry.key.text;
  for (const StepKind& kind : kStepKinds) {
    // Both spellings of the word are common.
    if (entry.key.text == kind.name || (entry.key.text == "normalize" && std::string_view(kind.name) == "normalise")) {
      return kind.read({entry.value, step_place, sources, mistakes});
    }
  }
  mistakes.add(entry.key, fmt::format("there is no step '{}'", entry.key.text),
               nearest_hint(entry.key.text, names, "steps are"));
  return DropStep{};
}

}  // namespace

std::vector<StepSpec> read_steps(const YamlNode& node, const std::string& place, const std::vector<SourceSpec>& sources,
                                 Mistakes& mistakes) {
  std::vector<StepSpec> steps;
  if (node.kind != YamlNode::Kind::kList) {
    mistakes.add(node, fmt::format("'{}' must be a list of steps, not {}", place, kind_name(node)),
                 "as steps: [{where: \"amount > 0\"}]");
    return steps;
  }
  if (node.items.size() > kStepsMax) {
    mistakes.add(node, fmt::format("'{}' has {} steps, more than {}", place, node.items.size(), kStepsMax));
    return steps;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    steps.push_back(read_step(node.items[i], fmt::format("{}[{}]", place, i + 1), sources, mistakes));
  }
  return steps;
}

}  // namespace tipple
