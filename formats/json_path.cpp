#include "formats/json_path.h"

#include <charconv>

namespace tipple {
namespace {

// A name at the front of `text`, taken off: up to a dot, a bracket or the end, or between quotes.
std::optional<std::string> take_name(std::string_view& text) {
  if (text.empty() || text[0] != '"') {
    const std::size_t size = std::min(text.find_first_of(".[]\""), text.size());
    std::string name(text.substr(0, size));
    text.remove_prefix(size);
    if (name.empty()) return std::nullopt;
    return name;
  }
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 1 == text.size() || text[i + 1] != '"') {
        text.remove_prefix(i + 1);
        return name;
      }
      ++i;
    }
    name += text[i];
  }
  return std::nullopt;
}

// [12] at the front of `text`, taken off.
std::optional<std::uint32_t> take_position(std::string_view& text) {
  std::uint32_t position = 0;
  const auto [end, fault] = std::from_chars(text.data() + 1, text.data() + text.size(), position);
  if (fault != std::errc() || end == text.data() + text.size() || *end != ']') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return position;
}

}  // namespace

std::optional<std::vector<JsonStep>> parse_json_path(std::string_view text) {
  std::vector<JsonStep> steps;
  bool name_next = true;  // at the beginning and behind a dot
  while (!text.empty() || name_next) {
    if (steps.size() == kJsonDepthMax) return std::nullopt;
    if (name_next) {
      auto name = take_name(text);
      if (!name) return std::nullopt;
      steps.emplace_back(std::move(*name));
      name_next = false;
    } else if (text[0] == '.') {
      text.remove_prefix(1);
      name_next = true;
    } else if (text[0] == '[') {
      const auto position = take_position(text);
      if (!position) return std::nullopt;
      steps.emplace_back(*position);
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

std::string json_path_step(std::string_view name) {
  if (!name.empty() && name.find_first_of(".[]\"") == std::string_view::npos) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

JsonTree::JsonTree(const std::vector<std::string>& froms)
    : root_(std::make_unique<JsonNode>()), columns_(static_cast<std::uint32_t>(froms.size())) {
  for (std::uint32_t column = 0; column < columns_; ++column) {
    if (froms[column].empty()) continue;
    step_into(*root_, froms[column]).leaves.push_back({column, true});
    const auto path = parse_json_path(froms[column]);
    if (!path || (path->size() == 1 && std::get<std::string>(path->front()) == froms[column])) continue;
    JsonNode* node = root_.get();
    for (const JsonStep& step : *path) node = &step_into(*node, step);
    node->leaves.push_back({column, false});
  }
}

JsonNode& JsonTree::step_into(JsonNode& node, const JsonStep& step) {
  std::unique_ptr<JsonNode>& next = std::holds_alternative<std::string>(step)
                                        ? node.members[std::get<std::string>(step)]
                                        : node.elements[std::get<std::uint32_t>(step)];
  if (next == nullptr) {
    next = std::make_unique<JsonNode>();
    next->id = nodes_++;
  }
  return *next;
}

bool JsonTree::takes(const std::vector<JsonStep>& path) const {
  const JsonNode* node = root_.get();
  for (const JsonStep& step : path) {
    const JsonNode* next = nullptr;
    if (const auto* name = std::get_if<std::string>(&step)) {
      const auto found = node->members.find(*name);
      if (found != node->members.end()) next = found->second.get();
    } else {
      const auto found = node->elements.find(std::get<std::uint32_t>(step));
      if (found != node->elements.end()) next = found->second.get();
    }
    if (next == nullptr) return false;
    if (!next->leaves.empty()) return true;
    node = next;
  }
  return false;
}

}  // namespace tipple
