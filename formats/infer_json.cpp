// JSON lines: every field of every record, wherever it stands, by its path. Objects are taken apart to a depth of three
// names; arrays, and objects below that, are one value each: their text.
#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "base/limits.h"
#include "formats/csv_utf8.h"
#include "formats/infer_block.h"
#include "formats/json_path.h"
#include "formats/json_text.h"
#include "formats/json_tokens.h"

namespace tipple {
namespace {

constexpr std::size_t kPathNamesMax = 3;
// Fields beyond any table's: what goes on growing is no record's shape.
constexpr std::size_t kNodesMax = 4 * std::size_t{limits::kColumnsMax};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// A field that was seen, by the names that lead to it.
struct SeenField {
  std::string path;
  JsonFieldFacts found;
  std::uint64_t stamp = 0;  // of the last record that had it: the first of two fields of one name counts
  std::size_t names = 0;
  std::vector<std::pair<std::string, std::uint32_t>> members;
  std::unordered_map<std::string, std::uint32_t> positions;  // of members
  std::size_t next = 0;  // the member that comes next if this record is like the last
};

class JsonFieldWalk {
 public:
  JsonFieldWalk(const InferBlock& block, const InferNulls& nulls) : block_(block), nulls_(nulls) {
    fields_.emplace_back();
  }

  void run(InferTally& tally) {
    for (const LineIndex::Line line : block_.lines.lines()) {
      const std::string_view text(block_.bytes.get() + line.begin, line.end - line.begin);
      ++tally.records;
      if (text.size() > limits::kRecordBytesMax || !read_line(text)) ++tally.bad_records;
    }
    tally.bad_encoding = tally.bad_encoding || bad_encoding_;
    for (SeenField& field : fields_) {
      if (field.path.empty()) continue;
      JsonFieldFacts& mine = tally.json[field.path];
      mine.facts.merge(field.found.facts);
      mine.first = std::min(mine.first, field.found.first);
      mine.seen += field.found.seen;
      mine.object = mine.object || field.found.object;
    }
  }

 private:
  enum class Kind : std::uint8_t { kNull, kString, kWord, kContainer, kObject };
  struct Cell {
    std::uint32_t field = 0;
    Kind kind = Kind::kNull;
    std::string_view text;  // a string between its quotes; others as they stand
  };
  using Token = const std::uint32_t*;  // nothing: that is no JSON

  bool read_line(std::string_view text) {
    if (tokens_.size() < text.size() + kJsonTokenSlack) tokens_.resize(text.size() + kJsonTokenSlack);
    const JsonTokens found = find_json_tokens(text, tokens_.data());
    if (found.fault != JsonTextFault::kNone || found.count == 0) return false;
    if (found.non_ascii && !is_valid_utf8(text)) {
      bad_encoding_ = true;
      return false;
    }
    text_ = text;
    cells_.clear();
    ++stamp_;
    if (text_[tokens_[0]] != '{') return false;
    const Token behind = read_object(0, tokens_.data() + 1, 1);
    if (behind == nullptr || *behind < text_.size()) return false;
    // Only now is it a record: a broken one leaves no trace.
    for (const Cell& cell : cells_) take(cell);
    return true;
  }

  char at(Token token) const { return *token < text_.size() ? text_[*token] : '\0'; }
  std::string_view string_at(Token token) const {
    std::size_t end = std::min<std::size_t>(token[1], text_.size()) - 1;
    while (text_[end] != '"') --end;
    return text_.substr(*token + 1, end - *token - 1);
  }

  Token read_object(std::int64_t field, Token token, std::size_t depth) {
    if (depth > kJsonDepthMax) return nullptr;
    if (at(token) == '}') return token + 1;
    for (;;) {
      if (at(token) != '"') return nullptr;
      const std::string_view key = string_at(token);
      if (!has_good_escapes(key) || at(token + 1) != ':') return nullptr;
      token = read_value(field < 0 ? -1 : member(static_cast<std::uint32_t>(field), key), token + 2, depth);
      if (token == nullptr) return nullptr;
      if (at(token) == '}') return token + 1;
      if (at(token++) != ',') return nullptr;
    }
  }

  Token read_array(Token token, std::size_t depth) {
    if (depth > kJsonDepthMax) return nullptr;
    if (at(token) == ']') return token + 1;
    for (;;) {
      token = read_value(-1, token, depth);
      if (token == nullptr) return nullptr;
      if (at(token) == ']') return token + 1;
      if (at(token++) != ',') return nullptr;
    }
  }

  Token read_value(std::int64_t field, Token token, std::size_t depth) {
    switch (at(token)) {
      case '"': {
        const std::string_view text = string_at(token);
        if (!has_good_escapes(text)) return nullptr;
        put(field, Kind::kString, text);
        return token + 1;
      }
      case '{':
        return read_nested(field, token, depth + 1);
      case '[': {
        const Token behind = read_array(token + 1, depth + 1);
        if (behind != nullptr) put(field, Kind::kContainer, container_text(token, behind));
        return behind;
      }
      case '}':
      case ']':
      case ',':
      case ':':
      case '\0':
        return nullptr;
      default:
        return read_word(field, token);
    }
  }

  Token read_nested(std::int64_t field, Token token, std::size_t depth) {
    const bool apart = field >= 0 && fields_[static_cast<std::size_t>(field)].names < kPathNamesMax;
    const Token behind = read_object(apart ? field : -1, token + 1, depth);
    if (behind != nullptr) put(field, apart ? Kind::kObject : Kind::kContainer, container_text(token, behind));
    return behind;
  }

  Token read_word(std::int64_t field, Token token) {
    std::size_t end = std::min<std::size_t>(token[1], text_.size());
    while (is_space(text_[end - 1])) --end;
    const std::string_view word = text_.substr(*token, end - *token);
    if (word == "null") {
      put(field, Kind::kNull, word);
    } else if (word == "true" || word == "false" || is_json_number(word.data(), word.size())) {
      put(field, Kind::kWord, word);
    } else {
      return nullptr;
    }
    return token + 1;
  }

  std::string_view container_text(Token token, Token behind) const {
    std::size_t end = *(behind - 1) + 1;
    return text_.substr(*token, end - *token);
  }

  void put(std::int64_t field, Kind kind, std::string_view text) {
    if (field >= 0) cells_.push_back({static_cast<std::uint32_t>(field), kind, text});
  }

  // The field of this name in an object; -1 beyond the limit.
  std::int64_t member(std::uint32_t object, std::string_view key) {
    SeenField& parent = fields_[object];
    if (parent.next >= parent.members.size()) parent.next = 0;
    if (parent.next < parent.members.size() && parent.members[parent.next].first == key)
      return parent.members[parent.next++].second;
    std::string name(key);
    const auto known = parent.positions.find(name);
    if (known != parent.positions.end()) {
      parent.next = known->second + std::size_t{1};
      return parent.members[known->second].second;
    }
    if (fields_.size() == kNodesMax) return -1;
    const auto field = static_cast<std::uint32_t>(fields_.size());
    parent.positions.emplace(name, static_cast<std::uint32_t>(parent.members.size()));
    parent.members.emplace_back(name, field);
    parent.next = parent.members.size();
    SeenField child;
    child.names = parent.names + 1;
    std::vector<char> plain;
    (void)append_unescaped(key, plain);  // its escapes are good
    child.path = (parent.path.empty() ? "" : parent.path + ".") + json_path_step({plain.data(), plain.size()});
    fields_.push_back(std::move(child));
    return field;
  }

  void take(const Cell& cell) {
    SeenField& field = fields_[cell.field];
    if (field.stamp == stamp_) return;
    field.stamp = stamp_;
    ++field.found.seen;
    field.found.first = std::min(field.found.first, block_.number << 32 | cell.field);
    switch (cell.kind) {
      case Kind::kNull:
        field.found.facts.add_nulls();
        break;
      case Kind::kObject:
        field.found.object = true;
        break;
      // The block's slack, or the rest of the line, stands behind it.
      case Kind::kWord:
        field.found.facts.add_padded(cell.text.data(), static_cast<std::uint32_t>(cell.text.size()));
        break;
      case Kind::kContainer:
        side_.clear();
        append_minified(cell.text, side_);
        field.found.facts.add_text({side_.data(), side_.size()});
        break;
      case Kind::kString:
        side_.clear();
        (void)append_unescaped(cell.text, side_);
        if (!nulls_.take(side_.data(), static_cast<std::uint32_t>(side_.size()), field.found.facts)) {
          field.found.facts.add_text({side_.data(), side_.size()});
        }
        break;
    }
  }

  const InferBlock& block_;
  const InferNulls& nulls_;
  std::vector<SeenField> fields_;  // the first is the record itself
  std::vector<std::uint32_t> tokens_;
  std::string_view text_;
  std::vector<Cell> cells_;
  std::vector<char> side_;
  std::uint64_t stamp_ = 0;
  bool bad_encoding_ = false;
};

}  // namespace

void infer_json_block(const InferBlock& block, const InferNulls& nulls, InferTally& tally) {
  JsonFieldWalk(block, nulls).run(tally);
}

std::vector<InferredField> json_fields(const InferTally& tally) {
  std::vector<std::pair<std::uint64_t, std::string>> order;
  std::vector<std::string> whole;  // paths that are loaded as text, objects and all
  for (const auto& [path, field] : tally.json) {
    const std::string below = path + ".";
    const auto child = tally.json.lower_bound(below);
    const bool members = child != tally.json.end() && child->first.starts_with(below);
    if (field.object && (field.facts.values() > 0 || !members)) whole.push_back(below);
    if (field.first != ~std::uint64_t{0}) order.emplace_back(field.first, path);
  }
  std::sort(order.begin(), order.end());
  std::vector<InferredField> fields;
  for (const auto& [first, path] : order) {
    const JsonFieldFacts& found = tally.json.at(path);
    const bool mixed = std::find(whole.begin(), whole.end(), path + ".") != whole.end();
    const bool inside = std::any_of(whole.begin(), whole.end(),
                                    [&path = path](const std::string& below) { return path.starts_with(below); });
    if (inside || (found.object && !mixed)) continue;
    InferredField field;
    field.from = path;
    field.facts = found.facts;
    field.mixed = mixed;
    field.absent = found.seen < tally.records - tally.bad_records;
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace tipple
