#include "formats/json_records.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/csv_utf8.h"
#include "formats/json_tokens.h"
#include "formats/json_walk.h"

namespace tipple {
namespace {

// Lines whose tokens are found at once: few enough that the tokens stay in the second-level cache.
constexpr std::size_t kStretchBytes = 32 << 10;
constexpr std::size_t kKeptTokensMax = 1 << 20;  // room for the tokens of longer lines is given back

enum class TextVerdict : std::uint8_t { kGood, kOpenString, kControlInString, kNotUtf8 };

// Lines [first, last) of a batch, one after the other.
struct Stretch {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t begin = 0;  // positions in the block
  std::size_t end = 0;
};

void reject(LineBatch& batch, std::size_t line, TextVerdict verdict) {
  switch (verdict) {
    case TextVerdict::kGood:
      TIPPLE_CHECK(false, "a good line is no reject");
    case TextVerdict::kOpenString:
      return batch.reject(line, "json", "a string is not closed");
    case TextVerdict::kControlInString:
      return batch.reject(line, "json", "a string has a control character, or is not closed");
    case TextVerdict::kNotUtf8:
      return batch.reject(line, to_string(CsvRule::kEncoding), "the line is not valid UTF-8");
  }
}

void walk(JsonWalk& walk, const Stretch& stretch, LineBatch& batch) {
  for (std::size_t line = stretch.first; line < stretch.last; ++line) {
    const LineIndex::Line at = batch.lines()[line];
    if (walk.read_line(at.begin, at.end, batch.row_lines().size())) {
      batch.add_row(line);
    } else {
      batch.reject(line, "json", fmt::format("{}, at byte {} of the record", walk.what(), walk.at() - at.begin + 1));
    }
  }
}

}  // namespace

void JsonReader::read(const JsonTree& tree, LineBatch& batch, JsonCells& cells) {
  const char* const block = batch.block();
  const auto lines = batch.lines();
  JsonWalk walker(tree, block, cells);
  const auto try_stretch = [&](const Stretch& stretch) {
    const std::string_view text(block + stretch.begin, stretch.end - stretch.begin);
    if (tokens_.size() < text.size() + kJsonTokenSlack) tokens_.resize(text.size() + kJsonTokenSlack);
    const JsonTokens found = find_json_tokens(text, tokens_.data());
    if (found.fault == JsonTextFault::kOpenString) return TextVerdict::kOpenString;
    if (found.fault == JsonTextFault::kControlInString) return TextVerdict::kControlInString;
    if (found.non_ascii && !is_valid_utf8(text)) return TextVerdict::kNotUtf8;
    walker.set_tokens(tokens_.data(), stretch.begin, found.escapes);
    walk(walker, stretch, batch);
    return TextVerdict::kGood;
  };

  for (std::size_t line = 0; line < lines.size();) {
    if (!batch.check_size(line)) {
      ++line;
      continue;
    }
    Stretch stretch{line, line + 1, lines[line].begin, lines[line].end};
    while (stretch.last < lines.size() && lines[stretch.last].end - stretch.begin <= kStretchBytes)
      stretch.end = lines[stretch.last++].end;
    if (try_stretch(stretch) != TextVerdict::kGood) {
      for (; line < stretch.last; ++line) {
        const TextVerdict verdict = try_stretch({line, line + 1, lines[line].begin, lines[line].end});
        if (verdict != TextVerdict::kGood) reject(batch, line, verdict);
      }
    }
    line = stretch.last;
  }
  if (tokens_.size() > kKeptTokensMax) tokens_ = {};
}

}  // namespace tipple
