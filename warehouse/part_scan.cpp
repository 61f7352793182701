#include "warehouse/part_scan.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <variant>

#include "formats/arrow_types.h"
#include "formats/hdf5_part_reader.h"
#include "formats/parquet_part_reader.h"
#include "warehouse/schema_evolution.h"

namespace tipple {
namespace {

namespace fs = std::filesystem;
using AnyReader = std::variant<Hdf5PartReader, ParquetPartReader>;

Result<AnyReader> open_reader(const fs::path& path, PartFormat format) {
  if (format == PartFormat::kParquet) {
    TIPPLE_TRY(ParquetPartReader reader, ParquetPartReader::open(path));
    return AnyReader(std::move(reader));
  }
  TIPPLE_TRY(Hdf5PartReader reader, Hdf5PartReader::open(path));
  return AnyReader(std::move(reader));
}

}  // namespace

struct PartScan::Impl {
  fs::path path;
  Schema table;
  AnyReader reader;
  std::vector<std::optional<std::uint32_t>> place;  // by column of the table: where the part has it

  template <typename Function>
  auto with_reader(Function function) {
    return std::visit(function, reader);
  }
  [[nodiscard]] const Schema& part_schema() const {
    return std::visit([](const auto& any) -> const Schema& { return any.schema(); }, reader);
  }

  Status find_columns() {
    const Schema& own = part_schema();
    std::size_t found = 0;
    for (const Column& column : table) {
      const auto at =
          std::find_if(own.begin(), own.end(), [&](const Column& other) { return other.name == column.name; });
      place.push_back(at == own.end() ? std::nullopt : std::optional(static_cast<std::uint32_t>(at - own.begin())));
      const bool shown = at == own.end()
                             ? column.nullable
                             : widen_type(column.type, at->type) == column.type && (column.nullable || !at->nullable);
      if (!shown) return environment_error("its columns are not those of the table: " + column.name, path.string());
      found += at == own.end() ? 0 : 1;
    }
    if (found != own.size()) return environment_error("its columns are not those of the table", path.string());
    return {};
  }

  // The table's column `index` of `rows` rows; `stored`: the part's, if it has it.
  Result<std::shared_ptr<arrow::Array>> column(std::uint32_t index, const std::shared_ptr<arrow::Array>& stored,
                                               std::int64_t rows) const {
    const DataType& type = table[index].type;
    if (stored != nullptr) return widen_array(stored, part_schema()[*place[index]].type, type);
    auto nulls = arrow::MakeArrayOfNull(arrow_type(type), rows);
    if (!nulls.ok()) return from_arrow(nulls.status(), path.string());
    return *nulls;
  }
};

PartScan::PartScan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PartScan::PartScan(PartScan&&) noexcept = default;
PartScan::~PartScan() = default;

Result<PartScan> PartScan::open(const fs::path& path, PartFormat format, const Schema& table) {
  TIPPLE_TRY(AnyReader reader, open_reader(path, format));
  auto impl = std::make_unique<Impl>(Impl{path, table, std::move(reader), {}});
  TIPPLE_RETURN_IF_ERROR(impl->find_columns());
  return PartScan(std::move(impl));
}

const Schema& PartScan::part_schema() const { return impl_->part_schema(); }
std::uint64_t PartScan::rows() const {
  return impl_->with_reader([](auto& reader) { return reader.rows(); });
}
std::uint64_t PartScan::row_groups() const {
  return impl_->with_reader([](auto& reader) { return reader.row_groups(); });
}

Result<std::vector<NumberRun>> PartScan::number_runs(std::uint32_t column) {
  return impl_->with_reader([&](auto& reader) { return reader.number_runs(column); });
}

Result<std::shared_ptr<arrow::RecordBatch>> PartScan::read_stored(std::uint64_t index) {
  return impl_->with_reader([&](auto& reader) { return reader.read_row_group(index); });
}

Result<std::shared_ptr<arrow::RecordBatch>> PartScan::read(std::uint64_t index,
                                                           const std::vector<std::uint32_t>& columns) {
  std::vector<std::uint32_t> wanted;  // of the part
  for (const std::uint32_t column : columns) {
    if (impl_->place[column]) wanted.push_back(*impl_->place[column]);
  }
  std::sort(wanted.begin(), wanted.end());
  if (wanted.empty()) wanted.push_back(0);  // tells how many rows there are
  TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> stored,
             impl_->with_reader([&](auto& reader) { return reader.read_row_group(index, wanted); }));
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (const std::uint32_t column : columns) {
    std::shared_ptr<arrow::Array> own;
    if (const auto place = impl_->place[column]) {
      const auto at = std::lower_bound(wanted.begin(), wanted.end(), *place) - wanted.begin();
      own = stored->column(static_cast<int>(at));
    }
    TIPPLE_TRY(std::shared_ptr<arrow::Array> array, impl_->column(column, own, stored->num_rows()));
    const Column& of = impl_->table[column];
    fields.push_back(arrow::field(of.name, array->type(), of.nullable));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), stored->num_rows(), std::move(arrays));
}

Result<std::shared_ptr<arrow::RecordBatch>> PartScan::widened(const arrow::RecordBatch& stored) const {
  arrow::ArrayVector arrays;
  for (std::uint32_t i = 0; i < impl_->table.size(); ++i) {
    std::shared_ptr<arrow::Array> own;
    if (impl_->place[i]) own = stored.column(static_cast<int>(*impl_->place[i]));
    TIPPLE_TRY(std::shared_ptr<arrow::Array> array, impl_->column(i, own, stored.num_rows()));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow_schema(impl_->table), stored.num_rows(), std::move(arrays));
}

}  // namespace tipple
