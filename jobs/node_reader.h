// Reading typed values out of a YamlNode, noting every mistake instead of stopping at the first. Used by the job file's
// sections.
//
// Thread rule: one owner. Readers give nothing (or the default) when the value is wrong; the mistake is noted then.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_file.h"
#include "jobs/yaml_tree.h"

namespace tipple {

class Mistakes {
 public:
  void add(const YamlNode& at, std::string what, std::string hint = {});
  // All of them in file order.
  [[nodiscard]] std::vector<JobFileMistake> take() &&;
  [[nodiscard]] std::size_t count() const { return mistakes_.size(); }

 private:
  std::vector<JobFileMistake> mistakes_;
};

// "'a', 'b' or 'c'", with `last` before the last name.
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names, std::string_view last = "or");
// "did you mean 'x'?", else "`otherwise` 'a', 'b' and 'c'".
[[nodiscard]] std::string nearest_hint(std::string_view text, const std::vector<std::string>& known,
                                       std::string_view otherwise);
// What the node is, for "expected ..., not ...".
[[nodiscard]] std::string kind_name(const YamlNode& node);
// The characters that names of jobs and modes are made of: [A-Za-z0-9_-]{1,64}.
[[nodiscard]] bool is_plain_name(std::string_view name);
// [A-Za-z][A-Za-z0-9_]{0,63}: a leading '_' is the warehouse's own (_loads, _lock).
[[nodiscard]] bool is_table_name(std::string_view name);

inline constexpr std::size_t kColumnNameBytesMax = 255;
// A text, or what YAML takes for a null but was written out (`null`, `~`).
[[nodiscard]] bool is_text(const YamlNode& node);

// A map whose keys are settings: unknown and repeated ones are mistakes, and so is a secret written out.
class SettingsReader {
 public:
  // `place`: dotted path for messages, empty for the whole file.
  SettingsReader(const YamlNode& node, std::string place, std::vector<std::string> known, Mistakes& mistakes);
  // The key's value; nullptr if it is absent.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  // Notes a mistake if it is absent.
  [[nodiscard]] const YamlNode* require(std::string_view key, std::string_view hint) const;
  // "place.key"
  [[nodiscard]] std::string place_of(std::string_view key) const;
  [[nodiscard]] Mistakes& mistakes() const { return mistakes_; }
  [[nodiscard]] bool is_map() const { return node_.kind == YamlNode::Kind::kMap; }

  // The key's value, if it is there and right.
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] std::optional<std::uint64_t> count(std::string_view key, std::uint64_t max) const;
  // A size of at least 1: 64MiB, 500MB, 1000.
  [[nodiscard]] std::optional<std::uint64_t> bytes(std::string_view key) const;
  [[nodiscard]] std::optional<double> percent(std::string_view key) const;
  // Position in `choices`.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string>& choices) const;
  // A text, or a list of at least one text; each with its node for further messages.
  [[nodiscard]] std::vector<const YamlNode*> texts(std::string_view key) const;

 private:
  void check_unknown(const YamlEntry& entry);

  const YamlNode& node_;
  std::string place_;
  std::vector<std::string> known_;
  Mistakes& mistakes_;
};

// The entries of a map from names to things, without repeated ones (a mistake). An absent, empty or other node is a
// mistake.
[[nodiscard]] std::vector<const YamlEntry*> named_entries(const YamlNode& node, const std::string& place,
                                                          std::string_view thing, Mistakes& mistakes);

}  // namespace tipple
