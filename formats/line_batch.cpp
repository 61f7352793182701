#include "formats/line_batch.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/csv_compact.h"
#include "jobs/job_file.h"
#include "jobs/rescued_column.h"

namespace tipple {
namespace {

std::vector<std::uint32_t>& thread_row_lines() {
  thread_local std::vector<std::uint32_t> row_lines;
  row_lines.clear();
  return row_lines;
}

}  // namespace

Result<LineTable> LineTable::bind(const BoundTable& wishes, const std::vector<std::vector<std::string>>& null_texts,
                                  const std::vector<std::string>& fields) {
  TIPPLE_CHECK(null_texts.size() == wishes.columns.size(), "null texts for each column");
  LineTable table;
  table.wishes = wishes;
  Schema schema;
  for (std::size_t i = 0; i < wishes.columns.size(); ++i) {
    CsvDialect dialect;
    dialect.quote.reset();  // text as it stands: no character of it has a meaning
    dialect.null_texts = null_texts[i];
    TIPPLE_TRY(auto converter, make_csv_column(dialect, wishes.columns[i], static_cast<std::uint32_t>(i)));
    table.converters.push_back(std::move(converter));
    schema.push_back(wishes.columns[i].column);
  }
  table.schema = arrow_schema(schema);
  table.rescue = plan_rescue(wishes.columns, fields);
  return table;
}

Result<std::vector<std::optional<std::uint32_t>>> bind_line_fields(const std::vector<std::string>& fields,
                                                                   const BoundTable& wishes, const std::string& path) {
  std::vector<std::optional<std::uint32_t>> positions;
  positions.reserve(wishes.columns.size());
  for (const ColumnSpec& spec : wishes.columns) {
    if (is_rescued_column(spec)) {
      positions.emplace_back(std::nullopt);
      continue;
    }
    const std::string& wanted = spec.field();
    const auto found = std::find(fields.begin(), fields.end(), wanted);
    if (found != fields.end()) {
      positions.emplace_back(static_cast<std::uint32_t>(found - fields.begin()));
    } else if (wishes.absent_is_null) {
      positions.emplace_back(std::nullopt);
    } else {
      const std::string nearest = nearest_name(wanted, fields);
      return usage_error(fmt::format("the source has no field {}", printable_text(wanted)), path,
                         nearest.empty() ? std::string() : fmt::format("did you mean {}?", printable_text(nearest)));
    }
  }
  return positions;
}

std::vector<std::vector<std::string>> line_null_texts(const SourceSpec& source,
                                                      const std::vector<std::optional<std::uint32_t>>& fields) {
  std::vector<std::vector<std::string>> texts(fields.size(), source.csv.null_texts);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i]) texts[i].emplace_back();
  }
  return texts;
}

LineBatch::LineBatch(const LineTable& table, std::span<const char> block, const LineIndex& index,
                     const BlockPlace& place, arrow::MemoryPool* pool)
    : table_(table), block_(block), lines_(index.lines()), place_(place), pool_(pool), row_lines_(thread_row_lines()) {
  row_lines_.reserve(lines_.size());
  arrays_.reserve(table.converters.size());
  if (table.rescue) unfit_.resize(table.converters.size());
}

bool LineBatch::check_size(std::size_t line) {
  const std::size_t size = text(line).size();
  if (size <= limits::kRecordBytesMax) [[likely]]
    return true;
  reject(line, to_string(CsvRule::kRecordBytes),
         fmt::format("has {} bytes, a record has at most {}", size, limits::kRecordBytesMax));
  return false;
}

void LineBatch::add_all_rows() {
  if (block_.size() <= limits::kRecordBytesMax) {
    row_lines_.resize(lines_.size());
    std::iota(row_lines_.begin(), row_lines_.end(), 0U);
    return;
  }
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    if (check_size(line)) add_row(line);
  }
}

void LineBatch::reject(std::size_t line, std::string_view rule, std::string reason) {
  faults_.push_back({static_cast<std::uint32_t>(line), LineFault::kNoColumn, rule, std::move(reason)});
}

CsvFaults& LineBatch::row_faults() {
  if (!row_faults_) row_faults_.emplace(row_lines_.size());
  return *row_faults_;
}

Status LineBatch::convert(std::size_t column, const CsvCells& cells) {
  TIPPLE_CHECK(column == arrays_.size() && cells.rows == row_lines_.size(),
               "columns are converted in order, with all rows");
  std::shared_ptr<arrow::ArrayData> array;
  if (!table_.rescue) {
    TIPPLE_TRY(array, table_.converters[column]->convert(cells, row_faults(), pool_));
  } else if (column != table_.rescue->column) {
    TIPPLE_TRY(array, convert_rescuing(*table_.converters[column], table_.wishes.columns[column].column, cells,
                                       row_faults(), unfit_[column], pool_));
  }
  arrays_.push_back(std::move(array));
  return {};
}

Status LineBatch::rescue(const CsvDialect& dialect, const std::function<CsvCells(std::size_t k)>& cells_of) {
  CsvDialect plain = dialect;
  plain.quote.reset();
  plain.escape.reset();
  TIPPLE_TRY(arrays_[table_.rescue->column],
             rescue_cells(*table_.rescue, unfit_, plain, cells_of, row_lines_.size(), row_faults(), pool_));
  return {};
}

Status LineBatch::rescue(RescueBuilder& objects) {
  TIPPLE_TRY(arrays_[table_.rescue->column],
             objects.finish(row_lines_.size(), table_.rescue->column, row_faults(), pool_));
  return {};
}

std::vector<Reject> LineBatch::make_rejects() {
  std::sort(faults_.begin(), faults_.end(), [](const LineFault& a, const LineFault& b) { return a.line < b.line; });
  std::vector<Reject> rejects;
  rejects.reserve(faults_.size());
  std::uint64_t line_ends = place_.lines_before;
  std::size_t counted = 0;
  for (LineFault& fault : faults_) {
    const std::uint32_t begin = lines_[fault.line].begin;
    line_ends += static_cast<std::uint64_t>(std::count(block_.data() + counted, block_.data() + begin, '\n'));
    counted = begin;
    Reject reject;
    reject.path = place_.path;
    reject.offset = place_.offset + begin;
    reject.line = line_ends;
    if (fault.column != LineFault::kNoColumn) reject.column = table_.wishes.columns[fault.column].column.name;
    reject.rule = fault.rule;
    reject.reason = std::move(fault.reason);
    if (table_.wishes.keep_raw) reject.raw = text(fault.line);
    rejects.push_back(std::move(reject));
  }
  return rejects;
}

ConvertedBatch LineBatch::finish() {
  TIPPLE_CHECK(arrays_.size() == table_.converters.size(), "every column is converted");
  CsvFaults& row_faults = this->row_faults();
  std::size_t rows_out = row_lines_.size();
  ConvertedBatch result;
  if (!row_faults.empty()) {
    const std::vector<CsvRowRun> runs = good_runs(row_faults);
    for (const auto& array : arrays_) keep_runs(runs, *array);
    rows_out -= row_faults.faults().size();
    for (CsvFaults::Fault& fault : row_faults.faults()) {
      faults_.push_back({row_lines_[fault.row], fault.column, to_string(fault.rule), std::move(fault.reason)});
    }
  }
  if (table_.wishes.origins) {
    result.origins.reserve(rows_out);
    for (std::size_t row = 0; row < row_lines_.size(); ++row) {
      if (!row_faults.is_bad(row)) result.origins.push_back(lines_[row_lines_[row]].begin);
    }
  }
  result.rows_in = lines_.size();
  result.batch = arrow::RecordBatch::Make(table_.schema, static_cast<std::int64_t>(rows_out), std::move(arrays_));
  result.rejects = make_rejects();
  TIPPLE_CHECK(result.rows_in == rows_out + result.rejects.size(), "each record is a row or a reject");
  return result;
}

}  // namespace tipple
