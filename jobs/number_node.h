// A setting that is a number with a fraction. Internal to the folder.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "jobs/node_reader.h"

namespace tipple {

// Finite, or a mistake. `place`: for its message.
[[nodiscard]] inline std::optional<double> read_number(const YamlNode& node, const std::string& place,
                                                       Mistakes& mistakes) {
  double number = 0;
  if (node.kind == YamlNode::Kind::kText && !node.quoted) {
    const char* begin = node.text.data() + (node.text.starts_with('+') ? 1 : 0);
    const char* end = node.text.data() + node.text.size();
    const auto [stopped, failed] = std::from_chars(begin, end, number);
    if (failed == std::errc() && stopped == end && std::isfinite(number)) return number;
  }
  mistakes.add(node, fmt::format("'{}' must be a number, not {}", place, kind_name(node)));
  return std::nullopt;
}

[[nodiscard]] inline std::optional<double> number_setting(const SettingsReader& settings, std::string_view key) {
  const YamlNode* node = settings.find(key);
  if (node == nullptr) return std::nullopt;
  return read_number(*node, settings.place_of(key), settings.mistakes());
}

// A SourceId by its name, or a mistake.
[[nodiscard]] inline std::optional<SourceId> source_setting(const SettingsReader& settings,
                                                            const std::vector<SourceSpec>& sources) {
  const auto name = settings.text("source");
  if (!name) return std::nullopt;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].name == *name) return SourceId(static_cast<std::uint32_t>(i));
    known.push_back(sources[i].name);
  }
  settings.mistakes().add(*settings.find("source"), fmt::format("there is no source '{}'", *name),
                          nearest_hint(*name, known, "sources are"));
  return std::nullopt;
}

}  // namespace tipple
