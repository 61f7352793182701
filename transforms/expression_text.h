// What the text kernels' files say to one another. Private to transforms/expression_text* and expression_pattern.
#pragma once

#include <algorithm>

#include "transforms/expression_search.h"
#include "transforms/expression_utf8.h"
#include "transforms/expression_writer.h"

namespace tipple {

// substr, left, right, trims, pads, repeat, split_part.
[[nodiscard]] ExprKernel text_part_kernel(const TypedExpr& expr);
// replace, translate, strpos, starts_with.
[[nodiscard]] ExprKernel text_find_kernel(const TypedExpr& expr);

// Characters of a column's texts. If all of them are ASCII, which is asked once, a character is a byte.
class ExprCharacters {
 public:
  explicit ExprCharacters(const ExprVector& texts)
      : ascii_(is_ascii(joined_texts(texts))), readable_end_(ExprTexts(texts).readable_end()) {}
  [[nodiscard]] bool ascii() const { return ascii_; }
  [[nodiscard]] std::int64_t count(std::string_view text) const {
    return ascii_ ? static_cast<std::int64_t>(text.size()) : character_count(text);
  }
  // Offset of character `n` (from 0), or the text's size.
  [[nodiscard]] std::size_t offset(std::string_view text, std::int64_t n) const {
    if (!ascii_) return character_offset(text, n, readable_end_);
    return static_cast<std::size_t>(std::clamp<std::int64_t>(n, 0, static_cast<std::int64_t>(text.size())));
  }

 private:
  bool ascii_;
  const char* readable_end_;
};

// Whether each byte of a column's texts can be changed where it stands: a column, ASCII, and no text too long to be a
// result.
[[nodiscard]] bool maps_by_bytes(const ExprContext& context, const ExprVector& texts);
// Texts as long as those of `texts`, null where they are; their bytes, one behind the other from `text` on, are not yet
// set. Precondition: maps_by_bytes().
[[nodiscard]] Result<ExprVector> new_texts_like(const ExprContext& context, const DataType& type,
                                                const ExprVector& texts);

}  // namespace tipple
