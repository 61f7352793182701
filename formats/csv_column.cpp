#include "formats/csv_column.h"

#include <cstring>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include "formats/arrow_types.h"

namespace tipple {

Result<std::shared_ptr<arrow::Buffer>> allocate_buffer(std::int64_t bytes, arrow::MemoryPool* pool) {
  auto buffer = arrow::AllocateBuffer(bytes, pool);
  if (!buffer.ok()) return from_arrow(buffer.status(), "CSV conversion");
  return std::shared_ptr<arrow::Buffer>(std::move(*buffer));
}

bool CsvValidity::allocate() {
  if (!status_.ok()) return false;
  const std::size_t bytes = (rows_ + 7) / 8;
  auto buffer = allocate_buffer(static_cast<std::int64_t>(bytes), pool_);
  if (!buffer.ok()) {
    status_ = Status(std::move(buffer).error());
    return false;
  }
  buffer_ = std::move(buffer).value();
  bits_ = buffer_->mutable_data();
  std::memset(bits_, 0xFF, bytes);
  // Bits past the last row are zero, so that equal columns have equal bytes.
  if (rows_ % 8 != 0) bits_[bytes - 1] = static_cast<std::uint8_t>((1U << (rows_ % 8)) - 1);
  return true;
}

std::unique_ptr<CsvColumn> make_csv_column(const CsvDialect& dialect, const Column& column, std::uint32_t position) {
  switch (column.type.kind) {
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return make_csv_string_column(dialect, column, position);
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
    case TypeKind::kDecimal:
    case TypeKind::kBool:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kEnum:
      return make_csv_number_column(dialect, column, position);
  }
  TIPPLE_CHECK(false, "unknown type kind");
}

Result<std::unique_ptr<CsvColumn>> make_csv_column(const CsvDialect& dialect, const ColumnSpec& spec,
                                                   std::uint32_t position) {
  if (spec.format.empty()) return make_csv_column(dialect, spec.column, position);
  auto format = TimeFormat::compile(spec.format, spec.column.type);
  if (!format.ok()) {
    Error error = std::move(format).error();
    error.what = "column " + printable_text(spec.column.name) + ": " + error.what;
    return error;
  }
  return make_formatted_time_column(dialect, spec.column, position, std::move(format).value());
}

}  // namespace tipple
