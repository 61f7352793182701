// The walk over one line's tokens: checks the grammar of RFC 8259 and puts the wanted fields into cells.
//
// Keys come in the same order in nearly every record of a file. Each object of the tree remembers the order in which it saw its keys last,
// and compares a key with the one that is expected before it looks anywhere else. What comes out does not depend on that memory.
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

  // The tokens of the lines to come, as find_json_tokens gives them, relative to `base`. `escapes`: there are backslashes in the text.
  void set_tokens(const std::uint32_t* tokens, std::size_t base, bool escapes) {
    next_ = tokens;
    base_ = base;
    escapes_ = escapes;
  }

  // The line [begin, end) of the block as row `row`. False: it is no record; what() and at() say why. Tokens up to `end` are consumed
  // either way.
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

  [[nodiscard]] bool fail(const char* what, std::size_t at) {
    what_ = what;
    at_ = at;
    return false;
  }
  // The position of the next token; false at the line's end.
  [[nodiscard]] bool take(std::size_t* at);
  [[nodiscard]] std::size_t peek() const { return base_ + *next_; }
  // The closing quote of the string whose opening one was taken last: between it and the next token is only whitespace.
  [[nodiscard]] std::size_t string_end() const;

  [[nodiscard]] bool read_object(const JsonNode* node, std::size_t depth);
  [[nodiscard]] bool read_array(const JsonNode* node, std::size_t depth);
  [[nodiscard]] bool read_value(const JsonNode* node, std::size_t depth);
  [[nodiscard]] bool read_string(const JsonNode* node, std::size_t begin);
  [[nodiscard]] bool read_word(const JsonNode* node, std::size_t begin);
  [[nodiscard]] bool read_container(const JsonNode* node, std::size_t begin, std::size_t depth);
  [[nodiscard]] bool find_member(const JsonNode& node, std::size_t key, const JsonNode** member);
  [[nodiscard]] bool find_other_member(const JsonNode& node, Shape& shape, std::size_t key, const JsonNode** member);
  // Nothing if this row had the field before: the first one counts.
  [[nodiscard]] const JsonNode* first_visit(const JsonNode* node);

  // Calls set(column) for each column that takes this value.
  template <typename Set>
  void give(const JsonNode& node, Set set);

  const JsonTree& tree_;
  const char* block_;
  JsonCells& cells_;
  const std::uint32_t* next_ = nullptr;
  std::size_t base_ = 0;
  bool escapes_ = false;
  bool line_escapes_ = false;
  std::size_t line_end_ = 0;
  std::size_t row_ = 0;
  std::uint32_t stamp_ = 0;            // of the line: larger for each
  std::vector<std::uint32_t> visits_;  // by node: the stamp of the last line that had it
  std::vector<std::uint8_t> found_;    // by column
  std::vector<Shape> shapes_;          // by node
  std::uint32_t found_count_ = 0;
  std::vector<char> key_;
  const char* what_ = "";
  std::size_t at_ = 0;
};

}  // namespace tipple
