#include "formats/batch_convert.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "formats/csv_column.h"
#include "formats/null_scan.h"

namespace tipple {
namespace {

// Every value is null.
class NullCast final : public ColumnCastBase {
 public:
  explicit NullCast(const CastTarget& to) : ColumnCastBase(to) {}
  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    if (!to_.column.nullable) {
      for (std::size_t row = 0; row < faults.rows(); ++row)
        add_fault(faults, row, {CsvRule::kNotNull, nullptr}, std::string_view());
    }
    auto nulls = arrow::MakeArrayOfNull(arrow_type_, in.length, pool);
    if (!nulls.ok()) return from_arrow(nulls.status());
    return (*nulls)->data();
  }
};

// An extension type is its storage with a name.
class StorageCast final : public ColumnCast {
 public:
  StorageCast(std::shared_ptr<arrow::DataType> storage, std::unique_ptr<ColumnCast> cast)
      : storage_(std::move(storage)), cast_(std::move(cast)) {}
  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    const auto data = in.Copy();
    data->type = storage_;
    return cast_->cast(*data, faults, pool);
  }

 private:
  std::shared_ptr<arrow::DataType> storage_;
  std::unique_ptr<ColumnCast> cast_;
};

}  // namespace

ColumnCastBase::ColumnCastBase(const CastTarget& to) : to_(to), arrow_type_(arrow_type(to.column.type)) {}

void ColumnCastBase::add_fault(CsvFaults& faults, std::size_t row, const CsvVerdict& verdict,
                               std::string_view text) const {
  if (faults.is_bad(row)) return;
  std::string reason = verdict.rule == CsvRule::kNotNull ? "the value is null, and the column is not nullable"
                                                         : csv_reason(verdict, text, to_.column.type);
  faults.add(static_cast<std::uint32_t>(row), to_.position, verdict.rule, std::move(reason));
}

void ColumnCastBase::add_fault(CsvFaults& faults, std::size_t row, const CsvVerdict& verdict,
                               const arrow::Array& in) const {
  if (faults.is_bad(row)) return;
  std::string text;
  append_value_text(in, static_cast<std::int64_t>(row), text);
  add_fault(faults, row, verdict, text);
}

void ColumnCastBase::reject_nulls(const arrow::ArrayData& in, CsvFaults& faults) const {
  if (to_.column.nullable || in.buffers[0] == nullptr || in.GetNullCount() == 0) return;
  for_each_null(in.buffers[0]->data(), static_cast<std::size_t>(in.offset), static_cast<std::size_t>(in.length),
                [&](std::size_t row) {
                  add_fault(faults, row, {CsvRule::kNotNull, nullptr}, std::string_view());
                });
}

Result<ColumnCastBase::Nulls> ColumnCastBase::take_nulls(const arrow::ArrayData& in, CsvFaults& faults,
                                                         arrow::MemoryPool* pool) const {
  if (in.buffers[0] == nullptr || in.GetNullCount() == 0) return Nulls{};
  if (!to_.column.nullable) {
    reject_nulls(in, faults);
    return Nulls{};
  }
  if (in.offset == 0) return Nulls{in.buffers[0], in.GetNullCount()};
  auto copied = arrow::internal::CopyBitmap(pool, in.buffers[0]->data(), in.offset, in.length);
  if (!copied.ok()) return from_arrow(copied.status());
  return Nulls{std::move(copied).ValueUnsafe(), in.GetNullCount()};
}

ArrayDataPtr ColumnCastBase::share_values(const arrow::ArrayData& in, CsvFaults& faults) const {
  reject_nulls(in, faults);
  auto data = in.Copy();
  data->type = arrow_type_;
  if (!to_.column.nullable || in.GetNullCount() == 0) {
    data->buffers[0] = nullptr;
    data->null_count = 0;
  }
  return data;
}

ArrayDataPtr ColumnCastBase::make_data(const arrow::ArrayData& in, std::shared_ptr<arrow::Buffer> values,
                                       Nulls nulls) const {
  return arrow::ArrayData::Make(arrow_type_, in.length, {std::move(nulls.validity), std::move(values)}, nulls.count);
}

Result<std::shared_ptr<arrow::Buffer>> pack_bits(const std::uint8_t* bytes, std::size_t rows, arrow::MemoryPool* pool) {
  TIPPLE_TRY(auto bits, allocate_buffer(static_cast<std::int64_t>((rows + 7) / 8), pool));
  for (std::size_t first = 0; first < rows; first += 8) {
    unsigned packed = 0;
    for (std::size_t i = 0; i < 8 && first + i < rows; ++i) packed |= static_cast<unsigned>(bytes[first + i]) << i;
    bits->mutable_data()[first / 8] = static_cast<std::uint8_t>(packed);
  }
  return bits;
}

std::unique_ptr<ColumnCast> make_column_cast(const arrow::DataType& from, const CastTarget& to) {
  switch (from.id()) {
    case arrow::Type::NA:
      return std::make_unique<NullCast>(to);
    case arrow::Type::DICTIONARY:
      return make_dictionary_cast(static_cast<const arrow::DictionaryType&>(from), to);
    case arrow::Type::EXTENSION: {
      const auto& storage = static_cast<const arrow::ExtensionType&>(from).storage_type();
      auto cast = make_column_cast(*storage, to);
      return cast == nullptr ? nullptr : std::make_unique<StorageCast>(storage, std::move(cast));
    }
    default:
      break;
  }
  for (const auto make : {make_number_cast, make_decimal_cast, make_time_cast, make_text_cast}) {
    if (auto cast = make(from, to); cast != nullptr) return cast;
  }
  return nullptr;
}

}  // namespace tipple
