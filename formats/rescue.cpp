#include "formats/rescue.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/batch_convert.h"
#include "formats/csv_compact.h"
#include "formats/csv_utf8.h"
#include "jobs/rescued_column.h"

namespace tipple {
namespace {

bool is_rescued(CsvRule rule) {
  switch (rule) {
    case CsvRule::kType:
    case CsvRule::kRange:
    case CsvRule::kLength:
    case CsvRule::kEncoding:
    case CsvRule::kEnum:
    case CsvRule::kNul:
      return true;
    case CsvRule::kNone:
    case CsvRule::kArity:
    case CsvRule::kQuote:
    case CsvRule::kNotNull:
    case CsvRule::kRecordBytes:
    case CsvRule::kFieldBytes:
      return false;
  }
  TIPPLE_CHECK(false, "unknown CSV rule");
}

// A field that some rows of this block rescue.
struct BlockField {
  const RescuePlan::Field* plan = nullptr;
  CsvCells cells;
  std::vector<std::uint32_t> rows;  // where it does not fit; of no meaning if no column reads it
  std::size_t next = 0;             // in rows

  [[nodiscard]] bool wants(std::uint32_t row) {
    while (next < rows.size() && rows[next] < row) ++next;
    return next < rows.size() && rows[next] == row;
  }
};

std::vector<std::uint32_t> rows_of(const RescuePlan::Field& field, const UnfitRows& unfit) {
  std::vector<std::uint32_t> rows;
  for (const std::uint32_t column : field.columns) rows.insert(rows.end(), unfit[column].begin(), unfit[column].end());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace

std::optional<std::size_t> rescued_position(const std::vector<ColumnSpec>& columns) {
  const auto found = std::find_if(columns.begin(), columns.end(), is_rescued_column);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

void append_rescued_text(std::string_view text, std::string& out) {
  if (is_valid_utf8(text)) {
    append_json_text(text, out);
    return;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\"\\\\x";
  for (const char c : text.substr(0, limits::kFieldBytesMax)) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  out += '"';
}

std::string rescued_key(std::string_view name) {
  std::string key;
  append_rescued_text(name, key);
  key += ':';
  return key;
}

Status set_unfit_aside(const Column& column, CsvFaults& own, CsvFaults& faults, std::vector<std::uint32_t>& unfit,
                       arrow::ArrayData& values, arrow::MemoryPool* pool) {
  TIPPLE_CHECK(unfit.empty() && values.offset == 0, "a column is converted once a block, into buffers of its own");
  for (CsvFaults::Fault& fault : own.faults()) {
    if (column.nullable && is_rescued(fault.rule)) {
      unfit.push_back(fault.row);
    } else if (!faults.is_bad(fault.row)) {
      faults.add(fault.row, fault.column, fault.rule, std::move(fault.reason));
    }
  }
  if (unfit.empty()) return {};
  std::sort(unfit.begin(), unfit.end());
  return null_rows(unfit, values, pool);
}

Result<std::shared_ptr<arrow::ArrayData>> convert_rescuing(const CsvColumn& converter, const Column& column,
                                                           const CsvCells& cells, CsvFaults& faults,
                                                           std::vector<std::uint32_t>& unfit, arrow::MemoryPool* pool) {
  CsvFaults own(cells.rows);
  TIPPLE_TRY(auto values, converter.convert(cells, own, pool));
  TIPPLE_RETURN_IF_ERROR(set_unfit_aside(column, own, faults, unfit, *values, pool));
  return values;
}

std::string& RescueBuilder::add(std::size_t row, std::string_view key) {
  if (objects_.empty() || objects_.back().row != row) {
    end_object();
    objects_.push_back({row, text_.size(), false});
    text_ += '{';
  } else {
    check_length();
    if (!objects_.back().too_long) text_ += ',';
  }
  spare_.clear();
  if (objects_.back().too_long) return spare_;
  text_ += key;
  return text_;
}

// Before the next field: one that is too long already grows no further.
void RescueBuilder::check_length() {
  Object& object = objects_.back();
  if (object.too_long || text_.size() - object.begin < limits::kFieldBytesMax) return;
  object.too_long = true;
  text_.resize(object.begin);
}

void RescueBuilder::end_object() {
  if (objects_.empty()) return;
  check_length();
  if (!objects_.back().too_long) text_ += '}';
}

Result<std::shared_ptr<arrow::ArrayData>> RescueBuilder::finish(std::size_t rows, std::uint32_t column,
                                                                CsvFaults& faults, arrow::MemoryPool* pool) {
  end_object();
  if (text_.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return environment_error(
        fmt::format("what the column {} rescues of one block is more than 2 GiB of text", kRescuedColumn), {},
        "load with smaller chunks, or name the fields under the table's columns");
  }
  TIPPLE_TRY(auto offsets, allocate_buffer(static_cast<std::int64_t>((rows + 1) * sizeof(std::int32_t)), pool));
  TIPPLE_TRY(auto text, allocate_buffer(static_cast<std::int64_t>(text_.size()), pool));
  if (!text_.empty()) std::memcpy(text->mutable_data(), text_.data(), text_.size());
  auto* const ends = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  CsvValidity validity(rows, pool);
  std::size_t next = 0;
  ends[0] = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const bool has = next < objects_.size() && objects_[next].row == row;
    if (has && objects_[next].too_long && !faults.is_bad(row)) {
      faults.add(static_cast<std::uint32_t>(row), column, CsvRule::kFieldBytes,
                 fmt::format("what no column takes of the record comes to more than {} bytes", limits::kFieldBytesMax));
    }
    if (!has) validity.set_null(row);
    next += has ? 1 : 0;
    ends[row + 1] = static_cast<std::int32_t>(next < objects_.size() ? objects_[next].begin : text_.size());
  }
  TIPPLE_RETURN_IF_ERROR(validity.status());
  return arrow::ArrayData::Make(arrow::utf8(), static_cast<std::int64_t>(rows),
                                {validity.buffer(), std::move(offsets), std::move(text)}, validity.nulls());
}

std::optional<RescuePlan> plan_rescue(const std::vector<ColumnSpec>& columns, const std::vector<std::string>& fields) {
  const auto position = rescued_position(columns);
  if (!position) return std::nullopt;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> readers;  // field -> columns
  for (std::uint32_t i = 0; i < columns.size(); ++i)
    readers[columns[i].field()].push_back(i);
  RescuePlan plan;
  plan.column = static_cast<std::uint32_t>(*position);
  for (std::uint32_t k = 0; k < fields.size(); ++k) {
    RescuePlan::Field field{k, {}, {}};
    const auto read = readers.find(fields[k]);
    if (read != readers.end()) {
      field.columns = read->second;
      std::erase_if(field.columns, [&](std::uint32_t i) { return !columns[i].column.nullable; });
      if (field.columns.empty()) continue;
    }
    field.key = rescued_key(fields[k]);
    plan.fields.push_back(std::move(field));
  }
  return plan;
}

Result<std::shared_ptr<arrow::ArrayData>> rescue_cells(const RescuePlan& plan, const UnfitRows& unfit,
                                                       const CsvDialect& dialect,
                                                       const std::function<CsvCells(std::size_t k)>& cells_of,
                                                       std::size_t rows, CsvFaults& faults, arrow::MemoryPool* pool) {
  std::vector<BlockField> fields;
  for (std::size_t k = 0; k < plan.fields.size(); ++k) {
    BlockField field{&plan.fields[k], {}, rows_of(plan.fields[k], unfit), 0};
    if (!field.plan->columns.empty() && field.rows.empty()) continue;
    field.cells = cells_of(k);
    fields.push_back(std::move(field));
  }
  RescueBuilder builder;
  if (fields.empty()) return builder.finish(rows, plan.column, faults, pool);
  const CsvFieldReader reader(dialect);
  const CsvNullTexts nulls(dialect.null_texts);
  std::string scratch;
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (faults.is_bad(row)) continue;
    for (BlockField& field : fields) {
      const std::uint32_t begin = field.cells.begin(row);
      const std::string_view cell(field.cells.block + begin, field.cells.end(row) - begin);
      const bool wanted = field.plan->columns.empty()
                              ? !nulls.matches(cell.data(), static_cast<std::uint32_t>(cell.size()))
                              : field.wants(row);
      if (!wanted) continue;
      std::string_view text;
      // A field that no column reads may be quoted in a way that nobody looked at: then it stands as in the file.
      if (!reader.read(cell, scratch, text).good()) text = cell;
      append_rescued_text(text, builder.add(row, field.plan->key));
    }
  }
  return builder.finish(rows, plan.column, faults, pool);
}

}  // namespace tipple
