// Which fields of a JSON object are wanted, as a tree of names and positions.
//
// A path is names with dots between them and positions in brackets: user.address[0].city. A name in double quotes is
// taken as it stands
// ("a.b".c; a quote in it is doubled). A field of the object whose whole name is the text wins over the path: `from:
// a.b` finds the key "a.b" where there is one, else b in a. A text that is no path is only such a name.
//
// Thread rule: immutable once built.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tipple {

inline constexpr std::size_t kJsonDepthMax = 64;

// A step of a path: into an object by name, or into an array by position from 0.
using JsonStep = std::variant<std::string, std::uint32_t>;

// Nothing if `text` is no path: an empty name, an open bracket or quote, more steps than kJsonDepthMax.
[[nodiscard]] std::optional<std::vector<JsonStep>> parse_json_path(std::string_view text);

// A name as a path writes it.
[[nodiscard]] std::string json_path_step(std::string_view name);

struct JsonNode {
  struct Leaf {
    std::uint32_t column = 0;
    bool exact = false;  // the column's whole text is this key
  };
  std::uint32_t id = 0;      // dense, for arrays beside the tree
  std::vector<Leaf> leaves;  // the columns that take this value as a whole
  std::map<std::string, std::unique_ptr<JsonNode>, std::less<>> members;
  std::map<std::uint32_t, std::unique_ptr<JsonNode>> elements;
  [[nodiscard]] bool has_children() const { return !members.empty() || !elements.empty(); }
};

class JsonTree {
 public:
  // `froms`: what each column is read from; an empty one: from nowhere.
  explicit JsonTree(const std::vector<std::string>& froms);
  [[nodiscard]] const JsonNode& root() const { return *root_; }
  [[nodiscard]] std::uint32_t nodes() const { return nodes_; }
  [[nodiscard]] std::uint32_t columns() const { return columns_; }
  // Is the value that `path` leads to, or one around it, some column's?
  [[nodiscard]] bool takes(const std::vector<JsonStep>& path) const;

 private:
  JsonNode& step_into(JsonNode& node, const JsonStep& step);

  std::unique_ptr<JsonNode> root_;
  std::uint32_t nodes_ = 1;
  std::uint32_t columns_;
};

}  // namespace tipple
