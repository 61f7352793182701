// BlockRows: where the rows of one block's batch stand in their file: offsets, lines and texts of records, by
// ConvertedBatch::origins.
//
// Lines and texts are found by walking the block forward, and only when somebody asks. One owner, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "formats/record_format.h"

namespace tipple {

// Of a text block, or of a stretch of a columnar file, whose rows have numbers (from 0 in the file) for offsets and
// lines.
struct BlockText {
  BlockPlace place;
  std::span<const char> bytes;           // empty: columnar
  const RecordFormat* format = nullptr;  // null: columnar
  char line_end = '\n';
};

class BlockRows {
 public:
  explicit BlockRows(const BlockText& text) : text_(text) {}

  [[nodiscard]] std::string_view path() const { return text_.place.path; }
  [[nodiscard]] bool has_text() const { return text_.format != nullptr; }
  [[nodiscard]] std::uint64_t offset(std::uint32_t origin) const { return text_.place.offset + origin; }
  // Of the record's first byte, as Reject::line while staged. Origins must ascend.
  [[nodiscard]] std::uint64_t line(std::uint32_t origin);
  // End of the record in the block, its line end not included. Origins must ascend. Precondition: has_text().
  [[nodiscard]] std::uint32_t end(std::uint32_t origin);
  [[nodiscard]] std::string_view text(std::uint32_t origin) {
    return {text_.bytes.data() + origin, end(origin) - origin};
  }
  [[nodiscard]] const char* bytes() const { return text_.bytes.data(); }

 private:
  const BlockText& text_;
  std::uint64_t lines_ = 0;
  std::uint32_t counted_ = 0;
  std::unique_ptr<RecordScanner> scanner_;
};

}  // namespace tipple
