#include "formats/csv_convert.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/csv_column.h"
#include "formats/csv_compact.h"
#include "formats/rescue.h"

namespace tipple {
namespace {

constexpr std::uint32_t kBeforeBlock = 0xFFFFFFFF;  // CsvCells' position before the block's first byte

// Records of an index, uniform or not.
class Records {
 public:
  explicit Records(const CsvIndex& index)
      : ends_(index.field_ends()),
        records_(index.records()),
        fields_(index.fields_per_record()),
        uniform_(index.uniform()) {}

  [[nodiscard]] std::size_t first_field(std::size_t record) const {
    return uniform_ ? record * fields_ : records_[record].first_field;
  }
  [[nodiscard]] std::size_t field_count(std::size_t record) const {
    if (uniform_) return fields_;
    return (record + 1 < records_.size() ? records_[record + 1].first_field : ends_.size()) -
           records_[record].first_field;
  }
  [[nodiscard]] std::uint32_t begin(std::size_t record) const {
    if (!uniform_) return records_[record].begin;
    return record == 0 ? 0 : ends_[record * fields_ - 1] + 1;
  }
  [[nodiscard]] std::uint32_t end(std::size_t record) const {
    return ends_[first_field(record) + field_count(record) - 1];
  }
  [[nodiscard]] std::span<const std::uint32_t> field_ends() const { return ends_; }

 private:
  std::span<const std::uint32_t> ends_;
  std::span<const CsvIndex::Record> records_;
  std::size_t fields_;
  bool uniform_;
};

// A reject before it has its words about the place.
struct RecordFault {
  std::uint64_t record = 0;
  std::uint32_t column = kNoColumn;
  CsvRule rule = CsvRule::kNone;
  std::string reason;
  static constexpr std::uint32_t kNoColumn = 0xFFFFFFFF;
};

// The records of a block that have the right shape, as rows of cells.
struct Rows {
  const std::uint32_t* ends = nullptr;  // of all fields, row by row
  std::size_t stride = 0;
  std::size_t count = 0;
  bool own = false;  // ends: stride fields + 1, the first being the position before the row; CRs are trimmed
  std::vector<std::uint32_t> row_records;  // if own: the record of each row; else row k is record k
};

}  // namespace

struct CsvConverter::Impl {
  CsvDialect dialect;
  CsvFieldReader reader;
  std::vector<ColumnSpec> columns;
  std::vector<std::uint32_t> positions;
  bool keep_raw;
  bool origins;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<CsvColumn>> converters;
  std::optional<RescuePlan> rescue;

  Impl(const CsvDialect& d, std::vector<ColumnSpec> c, std::vector<std::uint32_t> p, bool raw, bool with_origins)
      : dialect(d), reader(d), columns(std::move(c)), positions(std::move(p)), keep_raw(raw), origins(with_origins) {}

  std::size_t trimmed_end(std::span<const char> block, std::size_t begin, std::size_t end) const {
    return begin + reader.trimmed_size({block.data() + begin, end - begin});
  }

  Rows select_rows(std::span<const char> block, const CsvIndex& index, bool open_quote,
                   std::vector<std::uint32_t>& scratch, std::vector<RecordFault>& faults) const;
  CsvCells cells_of(std::span<const char> block, const Rows& rows, std::uint32_t position, std::uint32_t fields,
                    std::vector<std::uint32_t>& scratch) const;
  Result<std::vector<std::shared_ptr<arrow::ArrayData>>> convert_columns(std::span<const char> block, const Rows& rows,
                                                                         std::uint32_t fields, CsvFaults& row_faults,
                                                                         arrow::MemoryPool* pool) const;
  std::vector<std::uint32_t> list_origins(const Records& records, const Rows& rows,
                                          const std::vector<CsvRowRun>& runs) const;
  std::vector<Reject> make_rejects(std::span<const char> block, const Records& records, const BlockPlace& place,
                                   std::vector<RecordFault> faults) const;
};

CsvConverter::CsvConverter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<CsvConverter> CsvConverter::make(const CsvDialect& dialect, std::vector<ColumnSpec> columns,
                                        std::vector<std::uint32_t> positions, bool keep_raw, bool origins,
                                        const std::vector<std::string>& fields) {
  auto impl = std::make_unique<Impl>(dialect, std::move(columns), std::move(positions), keep_raw, origins);
  TIPPLE_CHECK(impl->columns.size() == impl->positions.size(), "each column has a position");
  Schema schema;
  for (const ColumnSpec& spec : impl->columns) {
    TIPPLE_TRY(auto converter, make_csv_column(dialect, spec, static_cast<std::uint32_t>(schema.size())));
    impl->converters.push_back(std::move(converter));
    schema.push_back(spec.column);
  }
  impl->schema = arrow_schema(schema);
  impl->rescue = plan_rescue(impl->columns, fields);
  return CsvConverter(std::move(impl));
}

CsvConverter::~CsvConverter() = default;
CsvConverter::CsvConverter(CsvConverter&&) noexcept = default;

// Where all records have their fields, the index itself is the table of cells; else the good ones are copied.
Rows CsvConverter::Impl::select_rows(std::span<const char> block, const CsvIndex& index, bool open_quote,
                                     std::vector<std::uint32_t>& scratch, std::vector<RecordFault>& faults) const {
  const Records records(index);
  const std::size_t fields = index.fields_per_record();
  const std::size_t count = index.record_count() - (open_quote ? 1 : 0);
  if (index.uniform() && block.size() <= limits::kRecordBytesMax) {
    return {index.field_ends().data(), fields, count, false, {}};
  }
  Rows rows{nullptr, fields + 1, 0, true, {}};
  scratch.clear();
  scratch.reserve(count * (fields + 1));
  rows.row_records.reserve(count);
  for (std::size_t record = 0; record < count; ++record) {
    const std::uint32_t begin = records.begin(record);
    const std::uint32_t end = records.end(record);
    const std::size_t has = records.field_count(record);
    if (end - begin > limits::kRecordBytesMax) {
      faults.push_back({record, RecordFault::kNoColumn, CsvRule::kRecordBytes,
                        fmt::format("has {} bytes, a record has at most {}", end - begin, limits::kRecordBytesMax)});
    } else if (has != fields) {
      faults.push_back({record, RecordFault::kNoColumn, CsvRule::kArity,
                        fmt::format("has {} field{}, expected {}", has, has == 1 ? "" : "s", fields)});
    } else {
      const auto ends = records.field_ends().subspan(records.first_field(record), fields);
      scratch.push_back(begin - 1);  // wraps to kBeforeBlock for the block's first byte
      scratch.insert(scratch.end(), ends.begin(), ends.end());
      const std::uint32_t last_begin = scratch[scratch.size() - 2] + 1;
      scratch.back() = static_cast<std::uint32_t>(trimmed_end(block, last_begin, end));
      rows.row_records.push_back(static_cast<std::uint32_t>(record));
    }
  }
  rows.ends = scratch.data();
  rows.count = rows.row_records.size();
  return rows;
}

CsvCells CsvConverter::Impl::cells_of(std::span<const char> block, const Rows& rows, std::uint32_t position,
                                      std::uint32_t fields, std::vector<std::uint32_t>& scratch) const {
  if (rows.own) return {block.data(), rows.ends + position, rows.stride, rows.count};
  const bool last = position + 1 == fields;
  const auto end_of = [&](std::size_t row) { return rows.ends[row * fields + position]; };
  if (position > 0) {
    bool trim = false;
    if (last && dialect.newline == CsvDialect::Newline::kLf) {
      for (std::size_t row = 0; row < rows.count; ++row) trim |= block[end_of(row) - 1] == '\r';
    }
    if (!trim) return {block.data(), rows.ends + position - 1, fields, rows.count};
  }
  scratch.resize(rows.count * 2);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const std::uint32_t before = row + position == 0 ? kBeforeBlock : rows.ends[row * fields + position - 1];
    scratch[2 * row] = before;
    scratch[2 * row + 1] = last ? static_cast<std::uint32_t>(trimmed_end(block, before + 1, end_of(row))) : end_of(row);
  }
  return {block.data(), scratch.data(), 2, rows.count};
}

// An array for each column that the file has, and for the one that rescues; the others' are null.
Result<std::vector<std::shared_ptr<arrow::ArrayData>>> CsvConverter::Impl::convert_columns(
    std::span<const char> block, const Rows& rows, std::uint32_t fields, CsvFaults& row_faults,
    arrow::MemoryPool* pool) const {
  thread_local std::vector<std::uint32_t> scratch;
  std::vector<std::shared_ptr<arrow::ArrayData>> arrays(converters.size());
  UnfitRows unfit(rescue ? converters.size() : 0);
  for (std::size_t column = 0; column < converters.size(); ++column) {
    if (positions[column] == kAbsentField) continue;
    TIPPLE_CHECK(positions[column] < fields, "a bound column is one of the file's fields");
    const CsvCells cells = cells_of(block, rows, positions[column], fields, scratch);
    if (rescue) {
      TIPPLE_TRY(arrays[column],
                 convert_rescuing(*converters[column], columns[column].column, cells, row_faults, unfit[column], pool));
    } else {
      TIPPLE_TRY(arrays[column], converters[column]->convert(cells, row_faults, pool));
    }
  }
  if (!rescue) return arrays;
  std::vector<std::vector<std::uint32_t>> scratches(rescue->fields.size());
  const auto cells_of_field = [&](std::size_t k) {
    return cells_of(block, rows, rescue->fields[k].position, fields, scratches[k]);
  };
  TIPPLE_TRY(arrays[rescue->column],
             rescue_cells(*rescue, unfit, dialect, cells_of_field, rows.count, row_faults, pool));
  return arrays;
}

// Where the rows of `runs` begin in the block.
std::vector<std::uint32_t> CsvConverter::Impl::list_origins(const Records& records, const Rows& rows,
                                                            const std::vector<CsvRowRun>& runs) const {
  std::vector<std::uint32_t> list;
  if (!origins) return list;
  list.reserve(rows.count);
  for (const CsvRowRun& run : runs) {
    for (std::size_t row = run.begin; row < run.end; ++row)
      list.push_back(records.begin(rows.own ? rows.row_records[row] : row));
  }
  return list;
}

std::vector<Reject> CsvConverter::Impl::make_rejects(std::span<const char> block, const Records& records,
                                                     const BlockPlace& place, std::vector<RecordFault> faults) const {
  std::sort(faults.begin(), faults.end(),
            [](const RecordFault& a, const RecordFault& b) { return a.record < b.record; });
  const char line_end = dialect.newline == CsvDialect::Newline::kLf ? '\n' : '\r';
  std::vector<Reject> rejects;
  rejects.reserve(faults.size());
  std::uint64_t lines = place.lines_before;
  std::size_t counted = 0;
  for (RecordFault& fault : faults) {
    const std::uint32_t begin = records.begin(fault.record);
    lines += static_cast<std::uint64_t>(std::count(block.begin() + counted, block.begin() + begin, line_end));
    counted = begin;
    Reject reject;
    reject.path = place.path;
    reject.offset = place.offset + begin;
    reject.line = lines;
    if (fault.column != RecordFault::kNoColumn) reject.column = columns[fault.column].column.name;
    reject.rule = to_string(fault.rule);
    reject.reason = std::move(fault.reason);
    if (keep_raw) reject.raw.assign(block.data() + begin, trimmed_end(block, begin, records.end(fault.record)) - begin);
    rejects.push_back(std::move(reject));
  }
  return rejects;
}

Result<ConvertedBatch> CsvConverter::convert(std::span<const char> block, const CsvIndex& index,
                                             const BlockPlace& place, bool open_quote, arrow::MemoryPool* pool) const {
  // Reused from block to block: one set per thread, a few bytes for each field of a block.
  thread_local std::vector<std::uint32_t> row_scratch;
  const std::uint32_t fields = index.fields_per_record();
  TIPPLE_CHECK(!open_quote || index.record_count() > 0, "an open quote is in a record");

  std::vector<RecordFault> record_faults;
  const Rows rows = impl_->select_rows(block, index, open_quote, row_scratch, record_faults);
  CsvFaults row_faults(rows.count);
  TIPPLE_TRY(auto arrays, impl_->convert_columns(block, rows, fields, row_faults, pool));
  const std::size_t rows_out = rows.count - row_faults.faults().size();
  std::vector<CsvRowRun> runs = {{0, rows.count}};
  if (!row_faults.empty()) {
    runs = good_runs(row_faults);
    for (const auto& array : arrays) {
      if (array) keep_runs(runs, *array);
    }
    for (CsvFaults::Fault& fault : row_faults.faults()) {
      const std::uint32_t record = rows.own ? rows.row_records[fault.row] : fault.row;
      record_faults.push_back({record, fault.column, fault.rule, std::move(fault.reason)});
    }
  }
  if (open_quote) {
    record_faults.push_back({index.record_count() - 1, RecordFault::kNoColumn, CsvRule::kQuote,
                             "quoted field is not closed before the end of the file"});
  }
  for (std::size_t column = 0; column < arrays.size(); ++column) {
    if (arrays[column]) continue;
    auto nulls = arrow::MakeArrayOfNull(impl_->schema->field(static_cast<int>(column))->type(),
                                        static_cast<std::int64_t>(rows_out), pool);
    if (!nulls.ok()) return from_arrow(nulls.status(), "CSV conversion");
    arrays[column] = (*nulls)->data();
  }
  ConvertedBatch result;
  result.rows_in = index.record_count();
  result.batch = arrow::RecordBatch::Make(impl_->schema, static_cast<std::int64_t>(rows_out), std::move(arrays));
  result.origins = impl_->list_origins(Records(index), rows, runs);
  result.rejects = impl_->make_rejects(block, Records(index), place, std::move(record_faults));
  TIPPLE_CHECK(result.rows_in == rows_out + result.rejects.size(), "each record is a row or a reject");
  return result;
}

}  // namespace tipple
