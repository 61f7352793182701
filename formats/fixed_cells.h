// Where the fields of fixed-width lines stand: their cells, without the spaces around them.
//
// Positions count characters. In a line of ASCII those are its bytes, and a vector of 16 or 32 bytes finds a cell;
// other lines are walked through once.
//
// Thread rule: a FixedLayout is immutable; a FixedRows belongs to one convert() call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "formats/line_batch.h"
#include "jobs/job_spec.h"

namespace tipple {

class FixedLayout {
 public:
  explicit FixedLayout(std::vector<FixedField> fields);

  [[nodiscard]] const FixedField& field(std::size_t k) const { return fields_[k]; }
  // Characters at which fields begin or end, ascending, each once.
  [[nodiscard]] std::span<const std::uint32_t> marks() const { return marks_; }
  // Positions among the marks. An open field's end: that of none.
  [[nodiscard]] std::size_t begin_mark(std::size_t k) const { return begins_[k]; }
  [[nodiscard]] std::size_t end_mark(std::size_t k) const { return ends_[k]; }

 private:
  std::vector<FixedField> fields_;
  std::vector<std::uint32_t> marks_;
  std::vector<std::size_t> begins_, ends_;  // by field
};

class FixedRows {
 public:
  // Makes the batch's lines rows, and rejects of those that are not UTF-8. Both must outlive it.
  FixedRows(const FixedLayout& layout, LineBatch& batch);

  // The cells of field `k` as CsvCells wants them: the position before the cell, its end; two for each row at `out`.
  // A line that ends inside the field is a fault of `column`, unless that holds `text`.
  void find_cells(std::size_t k, std::size_t column, bool text, std::uint32_t* out);

 private:
  // A row whose line has more than ASCII.
  struct Wide {
    std::uint32_t row = 0;
    std::uint32_t characters = 0;
    std::size_t first = 0;  // of its marks in offsets_
    std::size_t marks = 0;  // that the line reaches
  };
  struct Span {
    std::uint32_t begin = 0;  // byte of the line
    std::uint32_t end = 0;
    std::uint32_t lacking = 0;  // characters of the field behind the line's end
  };

  void add_rows();
  void note_wide(std::uint32_t row, std::string_view line);
  // Of fields that a vector holds, in lines of ASCII. False: some line does not have the whole field.
  [[nodiscard]] bool find_usual(const FixedField& field, std::uint32_t* out) const;
  [[nodiscard]] Span span_in(const Wide& wide, std::size_t k) const;
  void put_cell(std::size_t k, std::size_t column, bool text, std::size_t row, Span span, std::uint32_t* out);

  const FixedLayout& layout_;
  LineBatch& batch_;
  std::vector<Wide> wide_;
  std::vector<std::uint32_t> offsets_;  // bytes of the marks in wide lines
};

}  // namespace tipple
