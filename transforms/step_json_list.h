// The elements of a JSON array as texts: strings as what they say, everything else as it is written.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tipple {

struct JsonElement {
  bool null = false;
  std::string_view text;  // valid during the call
};

inline constexpr int kJsonDepthMax = 64;

// False, and no element visited, if `text` is not one JSON array of at most kJsonDepthMax levels.
[[nodiscard]] bool visit_json_array(std::string_view text, const std::function<void(const JsonElement&)>& visit);

}  // namespace tipple
