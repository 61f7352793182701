// What the line formats share behind the index: a table's converters, and the way from cells to a ConvertedBatch.
//
// Thread rule: a LineTable is immutable once bound; a LineBatch belongs to one convert() call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_column.h"
#include "formats/line_index.h"
#include "formats/record_format.h"
#include "formats/rescue.h"

namespace tipple {

// One table's wishes with what fulfils them.
struct LineTable {
  BoundTable wishes;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<CsvColumn>> converters;  // one for each column
  std::optional<RescuePlan> rescue;                    // its fields: those that the source has names for

  // `null_texts`: for each column. `fields`: the source's. Errors: kUsage (a time format that is none).
  [[nodiscard]] static Result<LineTable> bind(const BoundTable& wishes,
                                              const std::vector<std::vector<std::string>>& null_texts,
                                              const std::vector<std::string>& fields = {});
};

// The field of each column among `fields`, or nothing where the source lacks it and that is allowed. Error: kUsage with
// the nearest name.
[[nodiscard]] Result<std::vector<std::optional<std::uint32_t>>> bind_line_fields(const std::vector<std::string>& fields,
                                                                                 const BoundTable& wishes,
                                                                                 const std::string& path);

// The texts that mean null in each column: the source's, and in a column without a field the empty text, which is all
// that it has.
[[nodiscard]] std::vector<std::vector<std::string>> line_null_texts(
    const SourceSpec& source, const std::vector<std::optional<std::uint32_t>>& fields);

// Turns the lines of one block into rows and rejects. Order of use: add_row or reject for every line in order; then
// convert for every column in order; then, if the table rescues, one of the two ways to do so; then finish.
class LineBatch {
 public:
  LineBatch(const LineTable& table, std::span<const char> block, const LineIndex& index, const BlockPlace& place,
            arrow::MemoryPool* pool);

  [[nodiscard]] std::span<const LineIndex::Line> lines() const { return lines_; }
  [[nodiscard]] std::string_view text(std::size_t line) const {
    return {block_.data() + lines_[line].begin, std::size_t{lines_[line].end} - lines_[line].begin};
  }
  [[nodiscard]] const char* block() const { return block_.data(); }

  // False: the line is longer than a record may be, and is rejected.
  [[nodiscard]] bool check_size(std::size_t line);
  void add_row(std::size_t line) { row_lines_.push_back(static_cast<std::uint32_t>(line)); }
  // Every line is a row, as far as its size goes.
  void add_all_rows();
  void reject(std::size_t line, std::string_view rule, std::string reason);

  // All lines are in: how many rows there are, and the line of each.
  [[nodiscard]] std::span<const std::uint32_t> row_lines() const { return row_lines_; }
  // Faults of rows, to which a format may add its own before the column is converted.
  [[nodiscard]] CsvFaults& row_faults();
  // `cells`: the column's, one for each row. Those of a column that rescues are not looked at.
  [[nodiscard]] Status convert(std::size_t column, const CsvCells& cells);
  // The rows of each column whose value did not fit, if the table rescues.
  [[nodiscard]] const UnfitRows& unfit() const { return unfit_; }
  // `dialect`: with the texts that mean null. `cells_of`: the cells of rescue->fields[k].
  [[nodiscard]] Status rescue(const CsvDialect& dialect, const std::function<CsvCells(std::size_t k)>& cells_of);
  [[nodiscard]] Status rescue(RescueBuilder& objects);

  [[nodiscard]] ConvertedBatch finish();

 private:
  struct LineFault {
    std::uint32_t line = 0;
    std::uint32_t column = kNoColumn;
    std::string_view rule;
    std::string reason;
    static constexpr std::uint32_t kNoColumn = 0xFFFFFFFF;
  };

  [[nodiscard]] std::vector<Reject> make_rejects();

  const LineTable& table_;
  std::span<const char> block_;
  std::span<const LineIndex::Line> lines_;
  const BlockPlace& place_;
  arrow::MemoryPool* pool_;
  std::vector<std::uint32_t>& row_lines_;  // the thread's, reused from block to block
  std::vector<LineFault> faults_;
  std::optional<CsvFaults> row_faults_;
  std::vector<std::shared_ptr<arrow::ArrayData>> arrays_;
  UnfitRows unfit_;
};

}  // namespace tipple
