#include "formats/json_walk.h"

#include <algorithm>
#include <cstring>

#include "formats/csv_field.h"
#include "formats/json_text.h"

namespace tipple {
namespace {

constexpr std::size_t kShapeKeysMax = 256;  // of one object; further keys are looked up in the tree each time
constexpr const char* kTooDeep = "arrays and objects are nested deeper than 64";
constexpr const char* kEndsEarly = "the line ends before the object does";

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

// 16 bytes at `text` can be read, whatever stands there.
inline bool JsonWalk::Expected::matches(const char* text, const char* line_end) const {
  const std::uint64_t faults =
      ((load_8_bytes(text) ^ words[0]) & masks[0]) | ((load_8_bytes(text + 8) ^ words[1]) & masks[1]);
  if (faults != 0) return false;
  if (key.size() <= 16) return true;
  return static_cast<std::size_t>(line_end - text) >= key.size() && std::memcmp(text + 16, key.data() + 16, key.size() - 16) == 0;
}

JsonWalk::JsonWalk(const JsonTree& tree, const char* block, JsonCells& cells)
    : tree_(tree), block_(block), cells_(cells), visits_(tree.nodes()), found_(tree.columns()), shapes_(tree.nodes()) {}

bool JsonWalk::read_line(std::size_t begin, std::size_t end, std::size_t row) {
  line_end_ = end;
  row_ = row;
  line_escapes_ = escapes_ && std::memchr(block_ + begin, '\\', end - begin) != nullptr;
  ++stamp_;
  found_count_ = 0;
  std::fill(found_.begin(), found_.end(), std::uint8_t{kUnset});

  std::size_t first = 0;
  bool good = take(&first);
  if (good && block_[first] != '{') good = fail("the line is not a JSON object", first);
  good = good && read_object(&tree_.root(), 1);
  if (good && peek() < line_end_) good = fail("text follows the object", peek());
  if (!good) {
    while (peek() < line_end_) ++next_;
    return false;
  }
  if (found_count_ < tree_.columns()) {
    for (std::uint32_t column = 0; column < tree_.columns(); ++column) {
      if (found_[column] == kUnset) cells_.set_null(row_, column);
    }
  }
  return true;
}

inline bool JsonWalk::take(std::size_t* at) {
  *at = peek();
  if (*at >= line_end_) return fail(kEndsEarly, line_end_);
  ++next_;
  return true;
}

inline std::size_t JsonWalk::string_end() const {
  std::size_t at = peek() - 1;
  while (is_space(block_[at])) --at;
  return at;
}

inline const JsonNode* JsonWalk::first_visit(const JsonNode* node) {
  if (node == nullptr) return nullptr;
  std::uint32_t& visit = visits_[node->id];
  if (visit == stamp_) return nullptr;
  visit = stamp_;
  return node;
}

template <typename Set>
inline void JsonWalk::give(const JsonNode& node, Set set) {
  for (const JsonNode::Leaf leaf : node.leaves) {
    std::uint8_t& found = found_[leaf.column];
    const std::uint8_t as = leaf.exact ? kExact : kByPath;
    if (found >= as) continue;
    if (found == kUnset) ++found_count_;
    found = as;
    set(leaf.column);
  }
}

bool JsonWalk::read_value(const JsonNode* node, std::size_t depth) {
  std::size_t begin = 0;
  if (!take(&begin)) return false;
  switch (block_[begin]) {
    case '"':
      return read_string(node, begin);
    case '{':
    case '[':
      return read_container(node, begin, depth + 1);
    case '}':
    case ']':
    case ',':
    case ':':
      return fail("expected a value", begin);
    default:
      return read_word(node, begin);
  }
}

bool JsonWalk::read_string(const JsonNode* node, std::size_t begin) {
  const std::size_t end = string_end();
  const std::size_t size = end - begin - 1;
  const char* const text = block_ + begin + 1;
  const bool wanted = node != nullptr && !node->leaves.empty();
  if (line_escapes_ && std::memchr(text, '\\', size) != nullptr) [[unlikely]] {
    const std::size_t side = cells_.side_position();
    const bool good = wanted ? append_unescaped({text, size}, cells_.side()) : has_good_escapes({text, size});
    if (!good) return fail("the string has an escape that JSON does not know, or half of a surrogate pair", begin);
    bool named = true;
    if (wanted) give(*node, [&](std::uint32_t column) { named = cells_.set_side(row_, column, side) && named; });
    return named || fail("the block has more text than 4 GiB", begin);
  }
  if (wanted) give(*node, [&](std::uint32_t column) { cells_.set(row_, column, begin + 1, size); });
  return true;
}

// A number, true, false or null.
bool JsonWalk::read_word(const JsonNode* node, std::size_t begin) {
  std::size_t end = std::min(peek(), line_end_);
  while (is_space(block_[end - 1])) --end;
  const std::size_t size = end - begin;
  const std::string_view word(block_ + begin, size);
  if (word[0] == 'n') {
    if (word != "null") return fail("expected a value", begin);
    if (node != nullptr) give(*node, [&](std::uint32_t column) { cells_.set_null(row_, column); });
    return true;
  }
  if (!is_json_number(word.data(), size) && word != "true" && word != "false") return fail("expected a value", begin);
  if (node != nullptr) give(*node, [&](std::uint32_t column) { cells_.set(row_, column, begin, size); });
  return true;
}

bool JsonWalk::read_container(const JsonNode* node, std::size_t begin, std::size_t depth) {
  if (depth > kJsonDepthMax) return fail(kTooDeep, begin);
  if (!(block_[begin] == '{' ? read_object(node, depth) : read_array(node, depth))) return false;
  if (node == nullptr || node->leaves.empty()) return true;
  const std::size_t end = base_ + next_[-1] + 1;  // behind the closing bracket
  const std::size_t side = cells_.side_position();
  append_minified({block_ + begin, end - begin}, cells_.side());
  bool named = true;
  give(*node, [&](std::uint32_t column) { named = cells_.set_side(row_, column, side) && named; });
  return named || fail("the block has more text than 4 GiB", begin);
}

// Behind the opening bracket.
bool JsonWalk::read_array(const JsonNode* node, std::size_t depth) {
  if (peek() < line_end_ && block_[peek()] == ']') {
    ++next_;
    return true;
  }
  const bool any = node != nullptr && !node->elements.empty();
  for (std::uint32_t position = 0;; ++position) {
    const JsonNode* element = nullptr;
    if (any) {
      const auto found = node->elements.find(position);
      if (found != node->elements.end()) element = first_visit(found->second.get());
    }
    if (!read_value(element, depth)) return false;
    std::size_t at = 0;
    if (!take(&at)) return false;
    if (block_[at] == ']') return true;
    if (block_[at] != ',') return fail("expected ',' or ']'", at);
  }
}

// Behind the opening brace.
bool JsonWalk::read_object(const JsonNode* node, std::size_t depth) {
  if (node != nullptr && node->members.empty()) node = nullptr;
  if (node != nullptr) shapes_[node->id].next = 0;
  if (peek() < line_end_ && block_[peek()] == '}') {
    ++next_;
    return true;
  }
  while (true) {
    std::size_t key = 0;
    if (!take(&key)) return false;
    if (block_[key] != '"') return fail("expected a key in double quotes", key);
    const JsonNode* member = nullptr;
    if (node != nullptr) {
      if (!find_member(*node, key, &member)) return false;
      member = first_visit(member);
    } else if (line_escapes_) {
      const std::size_t end = string_end();
      if (!has_good_escapes({block_ + key + 1, end - key - 1})) return fail("the key has an escape that JSON does not know", key);
    }
    std::size_t at = 0;
    if (!take(&at)) return false;
    if (block_[at] != ':') return fail("expected ':'", at);
    if (!read_value(member, depth) || !take(&at)) return false;
    if (block_[at] == '}') return true;
    if (block_[at] != ',') return fail("expected ',' or '}'", at);
  }
}

inline bool JsonWalk::find_member(const JsonNode& node, std::size_t key, const JsonNode** member) {
  Shape& shape = shapes_[node.id];
  if (shape.next < shape.keys.size() && shape.keys[shape.next].matches(block_ + key + 1, block_ + line_end_)) [[likely]] {
    *member = shape.keys[shape.next++].node;
    return true;
  }
  return find_other_member(node, shape, key, member);
}

// A key out of order, or one that was not there before.
bool JsonWalk::find_other_member(const JsonNode& node, Shape& shape, std::size_t key, const JsonNode** member) {
  const std::size_t end = string_end();
  std::string_view name(block_ + key + 1, end - key - 1);
  const bool escaped = line_escapes_ && name.find('\\') != std::string_view::npos;
  if (escaped) {
    key_.clear();
    if (!append_unescaped(name, key_)) return fail("the key has an escape that JSON does not know", key);
    name = {key_.data(), key_.size()};
  } else {
    const std::size_t known = shape.keys.size();
    for (std::size_t i = 0; i < known; ++i) {
      const std::size_t at = shape.next + i < known ? shape.next + i : shape.next + i - known;
      if (!shape.keys[at].matches(block_ + key + 1, block_ + line_end_)) continue;
      *member = shape.keys[at].node;
      shape.next = at + 1;
      return true;
    }
  }
  const auto found = node.members.find(name);
  *member = found == node.members.end() ? nullptr : found->second.get();
  if (escaped || shape.keys.size() == kShapeKeysMax) return true;
  Expected expected;
  expected.key.assign(block_ + key + 1, end - key);  // with the closing quote
  expected.node = *member;
  char padded[16] = {};
  std::memcpy(padded, expected.key.data(), std::min<std::size_t>(expected.key.size(), 16));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t bytes = std::min<std::size_t>(8, expected.key.size() - std::min(expected.key.size(), 8 * i));
    expected.words[i] = load_8_bytes(padded + 8 * i);
    expected.masks[i] = keep_first_bytes(~std::uint64_t{0}, static_cast<std::uint32_t>(bytes));
  }
  // Where it is expected next time: behind the key that came before it.
  shape.keys.insert(shape.keys.begin() + static_cast<std::ptrdiff_t>(std::min(shape.next, shape.keys.size())), std::move(expected));
  shape.next = std::min(shape.next, shape.keys.size() - 1) + 1;
  return true;
}

}  // namespace tipple
