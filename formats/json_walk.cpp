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
constexpr const char* kBadEscape = "the string has an escape that JSON does not know, or half of a surrogate pair";
constexpr const char* kTooMuchText = "the block has more text than 4 GiB";

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

// 16 bytes at `text` can be read, whatever stands there.
inline bool JsonWalk::Expected::matches(const char* text, const char* line_end) const {
  const std::uint64_t faults =
      ((load_8_bytes(text) ^ words[0]) & masks[0]) | ((load_8_bytes(text + 8) ^ words[1]) & masks[1]);
  if (faults != 0) return false;
  if (key.size() <= 16) return true;
  return static_cast<std::size_t>(line_end - text) >= key.size() &&
         std::memcmp(text + 16, key.data() + 16, key.size() - 16) == 0;
}

JsonWalk::JsonWalk(const JsonTree& tree, const char* block, JsonCells& cells)
    : tree_(tree), block_(block), cells_(cells), visits_(tree.nodes()), found_(tree.columns()), shapes_(tree.nodes()) {}

bool JsonWalk::read_line(std::size_t begin, std::size_t end, std::size_t row) {
  line_end_ = end - base_;
  row_ = row;
  line_escapes_ = escapes_ && std::memchr(block_ + begin, '\\', end - begin) != nullptr;
  ++stamp_;
  found_count_ = 0;
  leftover_ = false;
  std::fill(found_.begin(), found_.end(), std::uint8_t{kUnset});

  Token behind =
      text_[*next_] == '{' ? read_object(&tree_.root(), next_ + 1, 1) : fail("the line is not a JSON object", *next_);
  if (behind != nullptr && *behind < line_end_) behind = fail("text follows the object", *behind);
  if (behind == nullptr) {
    while (*next_ < line_end_) ++next_;
    return false;
  }
  next_ = behind;
  if (leftover_) cells_.note_leftover(row_);
  if (found_count_ < tree_.columns()) {
    for (std::uint32_t column = 0; column < tree_.columns(); ++column) {
      if (found_[column] == kUnset) cells_.set_null(row_, column);
    }
  }
  return true;
}

JsonWalk::Token JsonWalk::fail_at(const char* what, Token token) {
  return *token >= line_end_ ? fail(kEndsEarly, line_end_) : fail(what, *token);
}

// The closing quote of a string, before the token `behind` it: between them is only whitespace.
inline std::size_t JsonWalk::string_end(Token behind) const {
  std::size_t at = *behind - 1;
  while (text_[at] != '"') [[unlikely]]-- at;
  return at;
}

inline const JsonNode* JsonWalk::first_visit(const JsonNode* node) {
  if (node == nullptr || !node->has_children()) return node;  // leaves remember for themselves
  std::uint32_t& visit = visits_[node->id];
  if (visit == stamp_) return nullptr;
  visit = stamp_;
  return node;
}

template <typename Set>
inline void JsonWalk::give(const JsonNode& node, Set set) {
  leftover_ |= node.leaves.empty();
  for (const JsonNode::Leaf leaf : node.leaves) {
    std::uint8_t& found = found_[leaf.column];
    const std::uint8_t as = leaf.exact ? kExact : kByPath;
    if (found >= as) continue;
    found_count_ += found == kUnset ? 1 : 0;
    found = as;
    set(leaf.column);
  }
}

inline JsonWalk::Token JsonWalk::read_value(const JsonNode* node, Token token, std::size_t depth) {
  if (*token >= line_end_) return fail_at("", token);
  switch (text_[*token]) {
    case '"':
      return read_string(node, token);
    case '{':
    case '[':
      return read_container(node, token, depth + 1);
    case '}':
    case ']':
    case ',':
    case ':':
      return fail("expected a value", *token);
    default:
      return read_word(node, token);
  }
}

inline JsonWalk::Token JsonWalk::read_string(const JsonNode* node, Token token) {
  const std::size_t begin = *token + std::size_t{1};
  const std::size_t size = string_end(token + 1) - begin;
  if (line_escapes_ && std::memchr(text_ + begin, '\\', size) != nullptr) return read_escaped_string(node, token, size);
  if (node != nullptr) give(*node, [&](std::uint32_t column) { cells_.set(row_, column, base_ + begin, size); });
  return token + 1;
}

JsonWalk::Token JsonWalk::read_escaped_string(const JsonNode* node, Token token, std::size_t size) {
  const std::string_view string(text_ + *token + 1, size);
  const std::size_t side = cells_.side_position();
  const bool wanted = node != nullptr && !node->leaves.empty();
  leftover_ |= node != nullptr && !wanted;
  if (!(wanted ? append_unescaped(string, cells_.side()) : has_good_escapes(string))) return fail(kBadEscape, *token);
  bool named = true;
  if (wanted) give(*node, [&](std::uint32_t column) { named = cells_.set_side(row_, column, side) && named; });
  return named ? token + 1 : fail(kTooMuchText, *token);
}

// A number, true, false or null.
inline JsonWalk::Token JsonWalk::read_word(const JsonNode* node, Token token) {
  const std::size_t begin = *token;
  std::size_t end = std::min<std::size_t>(token[1], line_end_);
  while (is_space(text_[end - 1])) --end;
  const std::size_t size = end - begin;
  const std::string_view word(text_ + begin, size);
  if (is_plain_json_number(word.data(), size)) [[likely]] {
    if (node != nullptr) give(*node, [&](std::uint32_t column) { cells_.set(row_, column, base_ + begin, size); });
  } else if (word == "null") {
    if (node != nullptr) give(*node, [&](std::uint32_t column) { cells_.set_null(row_, column); });
  } else if (word == "true" || word == "false" || is_json_number(word.data(), size)) {
    if (node != nullptr) give(*node, [&](std::uint32_t column) { cells_.set(row_, column, base_ + begin, size); });
  } else {
    return fail("expected a value", begin);
  }
  return token + 1;
}

JsonWalk::Token JsonWalk::read_container(const JsonNode* node, Token token, std::size_t depth) {
  if (depth > kJsonDepthMax) return fail(kTooDeep, *token);
  const Token behind = text_[*token] == '{' ? read_object(node, token + 1, depth) : read_array(node, token + 1, depth);
  if (behind == nullptr || node == nullptr || node->leaves.empty()) return behind;
  const std::size_t side = cells_.side_position();
  append_minified({text_ + *token, std::size_t{behind[-1]} + 1 - *token}, cells_.side());
  bool named = true;
  give(*node, [&](std::uint32_t column) { named = cells_.set_side(row_, column, side) && named; });
  return named ? behind : fail(kTooMuchText, *token);
}

// Behind the opening bracket.
JsonWalk::Token JsonWalk::read_array(const JsonNode* node, Token token, std::size_t depth) {
  const bool any = node != nullptr && !node->elements.empty();
  leftover_ |= node != nullptr && !any && node->leaves.empty();
  if (*token < line_end_ && text_[*token] == ']') return token + 1;
  for (std::uint32_t position = 0;; ++position) {
    const JsonNode* element = nullptr;
    if (any) {
      const auto found = node->elements.find(position);
      if (found != node->elements.end()) element = first_visit(found->second.get());
      leftover_ |= element == nullptr;
    }
    token = read_value(element, token, depth);
    if (token == nullptr) return nullptr;
    if (*token >= line_end_ || (text_[*token] != ',' && text_[*token] != ']'))
      return fail_at("expected ',' or ']'", token);
    if (text_[*token++] == ']') return token;
  }
}

// Behind the opening brace.
JsonWalk::Token JsonWalk::read_object(const JsonNode* node, Token token, std::size_t depth) {
  if (node != nullptr && node->members.empty()) {
    leftover_ |= node->leaves.empty();
    node = nullptr;
  }
  if (node != nullptr) shapes_[node->id].next = 0;
  if (*token < line_end_ && text_[*token] == '}') return token + 1;
  while (true) {
    if (*token >= line_end_ || text_[*token] != '"') return fail_at("expected a key in double quotes", token);
    const JsonNode* member = nullptr;
    token = read_key(node, token, &member);
    if (token == nullptr) return nullptr;
    if (*token >= line_end_ || text_[*token] != ':') return fail_at("expected ':'", token);
    token = read_value(member, token + 1, depth);
    if (token == nullptr) return nullptr;
    const char mark = text_[*token];
    if (*token >= line_end_ || (mark != ',' && mark != '}')) return fail_at("expected ',' or '}'", token);
    ++token;
    if (mark == '}') return token;
  }
}

inline JsonWalk::Token JsonWalk::read_key(const JsonNode* node, Token token, const JsonNode** member) {
  if (node == nullptr) {
    if (!line_escapes_) return token + 1;
    const std::size_t begin = *token + std::size_t{1};
    return has_good_escapes({text_ + begin, string_end(token + 1) - begin}) ? token + 1 : fail(kBadEscape, *token);
  }
  Shape& shape = shapes_[node->id];
  if (shape.next < shape.keys.size() && shape.keys[shape.next].matches(text_ + *token + 1, text_ + line_end_))
      [[likely]] {
    *member = first_visit(shape.keys[shape.next++].node);
    leftover_ |= *member == nullptr;
    return token + 1;
  }
  token = read_other_key(*node, token, member);
  leftover_ |= *member == nullptr;
  return token;
}

// A key out of order, or one that was not there before.
JsonWalk::Token JsonWalk::read_other_key(const JsonNode& node, Token token, const JsonNode** member) {
  Shape& shape = shapes_[node.id];
  const char* const begin = text_ + *token + 1;
  std::string_view name(begin, string_end(token + 1) - *token - 1);
  const bool escaped = line_escapes_ && name.find('\\') != std::string_view::npos;
  if (escaped) {
    key_.clear();
    if (!append_unescaped(name, key_)) return fail(kBadEscape, *token);
    name = {key_.data(), key_.size()};
  } else {
    const std::size_t known = shape.keys.size();
    for (std::size_t i = 0; i < known; ++i) {
      const std::size_t at = shape.next + i < known ? shape.next + i : shape.next + i - known;
      if (!shape.keys[at].matches(begin, text_ + line_end_)) continue;
      *member = first_visit(shape.keys[at].node);
      shape.next = at + 1;
      return token + 1;
    }
  }
  const auto found = node.members.find(name);
  const JsonNode* const child = found == node.members.end() ? nullptr : found->second.get();
  if (!escaped && shape.keys.size() < kShapeKeysMax) expect(shape, {begin, name.size() + 1}, child);
  *member = first_visit(child);
  return token + 1;
}

// `key`, with its closing quote, is expected next time behind the key that came before it.
void JsonWalk::expect(Shape& shape, std::string_view key, const JsonNode* member) {
  Expected expected;
  expected.key = key;
  expected.node = member;
  char padded[16] = {};
  std::memcpy(padded, key.data(), std::min<std::size_t>(key.size(), sizeof(padded)));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t bytes = std::min<std::size_t>(8, key.size() - std::min(key.size(), 8 * i));
    expected.words[i] = load_8_bytes(padded + 8 * i);
    expected.masks[i] = keep_first_bytes(~std::uint64_t{0}, static_cast<std::uint32_t>(bytes));
  }
  shape.next = std::min(shape.next, shape.keys.size());
  shape.keys.insert(shape.keys.begin() + static_cast<std::ptrdiff_t>(shape.next), std::move(expected));
  ++shape.next;
}

}  // namespace tipple
