// bin: which of the ranges between ascending edges a number falls into.
#include <algorithm>

#include <arrow/array.h>
#include <arrow/type.h>

#include "formats/arrow_types.h"
#include "jobs/table_schema.h"
#include "transforms/step_arrays.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

class BinColumnStep : public TableStep {
 public:
  BinColumnStep(const BinStep& step, ColumnAs column, std::shared_ptr<arrow::Schema> schema)
      : edges_(step.edges), labelled_(!step.labels.empty()), column_(std::move(column)), schema_(std::move(schema)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    std::vector<RowFault> faults;
    TIPPLE_TRY(const auto values, column_.run(batch.rows(), faults, pool));
    std::shared_ptr<arrow::Array> bins;
    if (labelled_) {
      TIPPLE_TRY(bins, find_bins<std::uint16_t>(*values, arrow::uint16(), pool));
    } else {
      TIPPLE_TRY(bins, find_bins<std::int32_t>(*values, arrow::int32(), pool));
    }
    auto columns = batch.rows().columns();
    columns.push_back(std::move(bins));
    batch.set_columns(schema_, std::move(columns));
    return batch.reject(std::move(faults), pool);
  }

 private:
  // So few are compared one and all, which vectorises.
  static constexpr std::size_t kCountedEdges = 24;

  // How many edges are not above `value`; NaN: none. No branch: values come in no order.
  [[nodiscard]] std::size_t edges_up_to(double value) const {
    if (edges_.size() <= kCountedEdges) {
      std::size_t below = 0;
      for (const double edge : edges_) below += edge <= value ? 1 : 0;
      return below;
    }
    const double* first = edges_.data();
    std::size_t count = edges_.size();
    while (count > 1) {
      const std::size_t half = count / 2;
      first = first[half - 1] <= value ? first + half : first;
      count -= half;
    }
    return static_cast<std::size_t>(first - edges_.data()) + (*first <= value ? 1 : 0);
  }

  template <typename T>
  Result<std::shared_ptr<arrow::Array>> find_bins(const arrow::Array& values,
                                                  const std::shared_ptr<arrow::DataType>& type,
                                                  arrow::MemoryPool* pool) const {
    const std::int64_t rows = values.length();
    const double* from = values.data()->GetValues<double>(1);
    TIPPLE_TRY(std::shared_ptr<arrow::Buffer> data, new_buffer(rows * static_cast<std::int64_t>(sizeof(T)), pool));
    TIPPLE_TRY(std::shared_ptr<arrow::Buffer> validity, new_bits(rows, false, pool));
    T* to = reinterpret_cast<T*>(data->mutable_data());
    std::uint8_t* bits = validity->mutable_data();
    const std::uint8_t* valid = values.null_count() > 0 ? values.null_bitmap_data() : nullptr;
    const std::int64_t inside = write_bits(rows, bits, [&](std::int64_t row) {
      const std::size_t edges = edges_up_to(from[row]);
      const bool good = (edges > 0) & (edges < edges_.size()) &&
                        (valid == nullptr || arrow::bit_util::GetBit(valid, values.offset() + row));
      to[row] = static_cast<T>(good ? edges - 1 : 0);
      return good;
    });
    const std::int64_t nulls = rows - inside;
    if (nulls == 0) validity.reset();
    return arrow::MakeArray(arrow::ArrayData::Make(type, rows, {std::move(validity), std::move(data)}, nulls));
  }

  std::vector<double> edges_;
  bool labelled_;
  ColumnAs column_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

MadeStep make_step(const BinStep& step, const StepPlace& at) {
  TIPPLE_TRY(auto column, ColumnAs::float64(at.input, find_column(at.input, step.column), at.place));
  return std::unique_ptr<TableStep>(std::make_unique<BinColumnStep>(step, std::move(column), arrow_schema(at.output)));
}

}  // namespace tipple
