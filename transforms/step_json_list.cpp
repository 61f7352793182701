#include "transforms/step_json_list.h"

#include <nlohmann/json.hpp>

namespace tipple {
namespace {

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view without_json_space(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

// Where brackets and commas stand outside strings. Works on any bytes; says something about JSON alone.
class JsonScanner {
 public:
  // Depth in front of `c`, and whether it is structure.
  bool structural(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      return false;
    }
    if (c == '"') in_string_ = true;
    if (c == '[' || c == '{') ++depth_;
    if (c == ']' || c == '}') --depth_;
    return c == '[' || c == '{' || c == ']' || c == '}' || c == ',';
  }
  [[nodiscard]] int depth() const { return depth_; }

 private:
  bool in_string_ = false;
  bool escaped_ = false;
  int depth_ = 0;
};

// Deep nesting is found before a parser gets to see it.
bool is_shallow(std::string_view text) {
  JsonScanner scanner;
  for (const char c : text) {
    (void)scanner.structural(c);
    if (scanner.depth() > kJsonDepthMax) return false;
  }
  return true;
}

void visit_element(std::string_view raw, const std::function<void(const JsonElement&)>& visit) {
  raw = without_json_space(raw);
  if (raw == "null") return visit({true, {}});
  if (raw.front() != '"') return visit({false, raw});
  if (raw.find('\\') == std::string_view::npos) return visit({false, raw.substr(1, raw.size() - 2)});
  const auto value = nlohmann::json::parse(raw, nullptr, /*allow_exceptions=*/false);
  visit({false, value.get_ref<const std::string&>()});
}

}  // namespace

bool visit_json_array(std::string_view text, const std::function<void(const JsonElement&)>& visit) {
  text = without_json_space(text);
  if (!text.starts_with('[') || !is_shallow(text) || !nlohmann::json::accept(text)) return false;
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (without_json_space(inner).empty()) return true;
  JsonScanner scanner;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (!scanner.structural(inner[i]) || scanner.depth() != 0 || inner[i] != ',') continue;
    visit_element(inner.substr(begin, i - begin), visit);
    begin = i + 1;
  }
  visit_element(inner.substr(begin), visit);
  return true;
}

}  // namespace tipple
