// The walk over one line's tokens: checks the grammar of RFC 8259 and puts the wanted fields into cells.
//
// Keys come in the same order in nearly every record of a file. Each object of the tree remembers the order in which it
// saw its keys last, and compares a key with the one that is expected before it looks anywhere else. What comes out
// does not depend on that memory.
//
// Rows with something that no column takes are noted, and some that only seem so (a key that came twice): JsonRest
// (formats/json_rest.h) tells.
//
// Owner: JsonReader, for one block.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_cells.h"
#include "formats/json_path.h"

namespace tipple {

class JsonWalk {
 public:
  JsonWalk(const JsonTree& tree, const char* block, JsonCells& cells);

  // The tokens of the lines to come, as find_json_tokens gives them, relative to `base`. `escapes`: there are
  // backslashes in the text.
  void set_tokens(const std::uint32_t* tokens, std::size_t base, bool escapes) {
    next_ = tokens;
    base_ = base;
    text_ = block_ + base;
    escapes_ = escapes;
  }

  // The line [begin, end) of the block as row `row`. False: it is no record; what() and at() say why. Tokens up to
  // `end` are consumed either way.
  [[nodiscard]] bool read_line(std::size_t begin, std::size_t end, std::size_t row);
  [[nodiscard]] const char* what() const { return what_; }
  [[nodiscard]] std::size_t at() const { return at_; }  // position in the block

 private:
  // One key of an object in the order of the file. The text is compared with its closing quote.
  struct Expected {
    std::string key;
    std::uint64_t words[2] = {};
    std::uint64_t masks[2] = {};
    const JsonNode* node = nullptr;  // nothing if nobody wants it
    [[nodiscard]] bool matches(const char* text, const char* line_end) const;
  };
  struct Shape {
    std::vector<Expected> keys;
    std::size_t next = 0;
  };
  enum : std::uint8_t { kUnset, kByPath, kExact };  // how a column's cell of this row was found

  // The readers take the next token and return the one behind what they read, or nothing if that is no JSON. Tokens and
  // positions are relative to base_. The token behind the last one of the line is at its end or later.
  using Token = const std::uint32_t*;
  [[nodiscard]] Token fail(const char* what, std::size_t at) {
    what_ = what;
    at_ = base_ + at;
    return nullptr;
  }
  // What a missing or wrong token means.
  [[nodiscard]] Token fail_at(const char* what, Token token);
  [[nodiscard]] std::size_t string_end(Token behind) const;

  [[nodiscard]] Token read_object(const JsonNode* node, Token token, std::size_t depth);
  [[nodiscard]] Token read_array(const JsonNode* node, Token token, std::size_t depth);
  [[nodiscard]] Token read_value(const JsonNode* node, Token token, std::size_t depth);
  [[nodiscard]] Token read_string(const JsonNode* node, Token token);
  [[nodiscard]] Token read_escaped_string(const JsonNode* node, Token token, std::size_t size);
  [[nodiscard]] Token read_word(const JsonNode* node, Token token);
  [[nodiscard]] Token read_container(const JsonNode* node, Token token, std::size_t depth);
  [[nodiscard]] Token read_key(const JsonNode* node, Token token, const JsonNode** member);
  [[nodiscard]] Token read_other_key(const JsonNode& node, Token token, const JsonNode** member);
  static void expect(Shape& shape, std::string_view key, const JsonNode* member);
  // Nothing if this row had the field before: the first one counts.
  [[nodiscard]] const JsonNode* first_visit(const JsonNode* node);

  // Calls set(column) for each column that takes this value.
  template <typename Set>
  void give(const JsonNode& node, Set set);

  const JsonTree& tree_;
  const char* block_;
  JsonCells& cells_;
  Token next_ = nullptr;
  std::size_t base_ = 0;
  const char* text_ = nullptr;  // base_ bytes into the block
  bool escapes_ = false;
  bool line_escapes_ = false;
  std::size_t line_end_ = 0;  // relative to base_
  std::size_t row_ = 0;
  std::uint32_t stamp_ = 0;            // of the line: larger for each
  std::vector<std::uint32_t> visits_;  // by node: the stamp of the last line that had it
  std::vector<std::uint8_t> found_;    // by column
  std::vector<Shape> shapes_;          // by node
  std::uint32_t found_count_ = 0;
  bool leftover_ = false;  // this row may hold something that no column takes
  std::vector<char> key_;
  const char* what_ = "";
  std::size_t at_ = 0;
};

}  // namespace tipple
