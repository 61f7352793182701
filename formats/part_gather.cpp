#include "formats/part_gather.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "formats/null_scan.h"

namespace tipple {
namespace {

static_assert(std::endian::native == std::endian::little,
              "parts are little-endian; add byte swaps to ColumnGather first");

std::size_t rows_of(const arrow::ArrayData& data) { return static_cast<std::size_t>(data.length); }

bool has_nulls(const arrow::ArrayData& data) { return data.buffers[0] != nullptr && data.GetNullCount() != 0; }

// Row i's validity as 0 or 1.
class Validity {
 public:
  explicit Validity(const arrow::ArrayData& data)
      : bits_(has_nulls(data) ? data.buffers[0]->data() : nullptr), offset_(static_cast<std::size_t>(data.offset)) {}
  [[nodiscard]] bool all() const { return bits_ == nullptr; }
  [[nodiscard]] std::uint8_t operator[](std::size_t row) const {
    return bits_[(offset_ + row) / 8] >> ((offset_ + row) % 8) & 1U;
  }

 private:
  const std::uint8_t* bits_;
  std::size_t offset_;
};

void zero_nulls(const arrow::ArrayData& data, std::size_t element_bytes, std::uint8_t* out) {
  if (!has_nulls(data)) return;
  for_each_null(data.buffers[0]->data(), static_cast<std::size_t>(data.offset), rows_of(data),
                [&](std::size_t i) { std::memset(out + i * element_bytes, 0, element_bytes); });
}

// Every kStride-th In, narrowed to Out.
template <typename In, typename Out, std::size_t kStride>
void copy_narrowed(const arrow::ArrayData& data, std::uint8_t* out_bytes) {
  const In* in = reinterpret_cast<const In*>(data.buffers[1]->data()) + static_cast<std::size_t>(data.offset) * kStride;
  const std::size_t rows = rows_of(data);
  for (std::size_t i = 0; i < rows; ++i) {
    const Out value = static_cast<Out>(in[i * kStride]);
    std::memcpy(out_bytes + i * sizeof(Out), &value, sizeof(Out));
  }
}

// Elements of a slot's bytes or fewer, copied by one load of that size where the buffer allows it.
template <typename Slot>
void copy_short_strings(const arrow::ArrayData& data, std::size_t width, const Validity& valid, std::uint8_t* out) {
  const std::int32_t* offsets = data.GetValues<std::int32_t>(1);
  const std::uint8_t* bytes = data.buffers[2]->data();
  const auto readable = static_cast<std::int64_t>(data.buffers[2]->size());
  const std::size_t rows = rows_of(data);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::int32_t begin = offsets[i];
    const auto length = static_cast<std::size_t>(valid.all() || valid[i] ? offsets[i + 1] - begin : 0);
    TIPPLE_CHECK(length <= width, "a string longer than its column");
    Slot slot = 0;
    if (begin + static_cast<std::int64_t>(sizeof(Slot)) <= readable) {
      std::memcpy(&slot, bytes + begin, sizeof(Slot));
      // Two shifts, because one by the full width is undefined.
      constexpr unsigned kBits = 8 * sizeof(Slot);
      const auto keep = static_cast<unsigned>(8 * length);
      slot = keep == 0 ? Slot{0} : static_cast<Slot>(slot & static_cast<Slot>(~Slot{0}) >> (kBits - keep));
    } else {
      std::memcpy(&slot, bytes + begin, length);
    }
    // Overlapping stores of whole slots: the next element overwrites what this one put beyond its width.
    if (i * width + sizeof(Slot) <= rows * width) {
      std::memcpy(out + i * width, &slot, sizeof(Slot));
    } else {
      std::memcpy(out + i * width, &slot, width);
    }
  }
}

void copy_fixed_strings(const arrow::ArrayData& data, std::size_t width, std::uint8_t* out) {
  const std::size_t rows = rows_of(data);
  if (data.buffers[2] == nullptr || data.buffers[2]->size() == 0) {
    std::memset(out, 0, rows * width);
    return;
  }
  const Validity valid(data);
  __extension__ using Slot128 = unsigned __int128;
  if (width <= 8) return copy_short_strings<std::uint64_t>(data, width, valid, out);
  if (width <= 16) return copy_short_strings<Slot128>(data, width, valid, out);
  const std::int32_t* offsets = data.GetValues<std::int32_t>(1);
  const std::uint8_t* bytes = data.buffers[2]->data();
  for (std::size_t i = 0; i < rows; ++i) {
    const auto length = static_cast<std::size_t>(valid.all() || valid[i] ? offsets[i + 1] - offsets[i] : 0);
    TIPPLE_CHECK(length <= width, "a string longer than its column");
    std::memcpy(out + i * width, bytes + offsets[i], length);
    std::memset(out + i * width + length, 0, width - length);
  }
}

void copy_lengths(const arrow::ArrayData& data, std::uint8_t* out) {
  const std::int32_t* offsets = data.GetValues<std::int32_t>(1);
  const std::size_t rows = rows_of(data);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::int32_t length = offsets[i + 1] - offsets[i];
    std::memcpy(out + i * sizeof(length), &length, sizeof(length));
  }
  zero_nulls(data, sizeof(std::int32_t), out);
}

}  // namespace

std::string dataset_name(std::string_view column_name) {
  if (column_name == ".") return "%2E";
  if (column_name == "..") return "%2E%2E";
  std::string name;
  for (const char c : column_name) {
    if (c == '/') {
      name += "%2F";
    } else {
      name += c;
    }
  }
  return name;
}

std::uint32_t part_element_bytes(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kUint8:
    case TypeKind::kBool:
      return 1;
    case TypeKind::kInt16:
    case TypeKind::kUint16:
      return 2;
    case TypeKind::kInt32:
    case TypeKind::kUint32:
    case TypeKind::kFloat32:
    case TypeKind::kDate:
      return 4;
    case TypeKind::kInt64:
    case TypeKind::kUint64:
    case TypeKind::kFloat64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return 8;
    case TypeKind::kDecimal:
      return type.precision <= kDecimal64PrecisionMax ? 8 : 16;
    case TypeKind::kFixedString:
      return type.width;
    case TypeKind::kEnum:
      return type.labels.size() <= kEnumByteLabelsMax ? 1 : 2;
    case TypeKind::kString:
      break;
  }
  TIPPLE_CHECK(false, "a string has no fixed width");
  return 0;
}

bool ColumnGather::has_nulls(const std::vector<std::shared_ptr<arrow::RecordBatch>>& slices, std::uint32_t column) {
  for (const auto& slice : slices) {
    if (tipple::has_nulls(*slice->column_data(static_cast<int>(column)))) return true;
  }
  return false;
}

const std::uint8_t* ColumnGather::in_place(const arrow::RecordBatch& slice) const {
  if (dataset_.role != PartDataset::Role::kValues) return nullptr;
  const arrow::ArrayData& data = *slice.column_data(static_cast<int>(dataset_.column));
  const TypeKind kind = column_.type.kind;
  const bool narrowed = (kind == TypeKind::kDecimal && dataset_.element_bytes == 8) ||
                        (kind == TypeKind::kEnum && dataset_.element_bytes == 1);
  if (narrowed || kind == TypeKind::kBool || kind == TypeKind::kFixedString) return nullptr;
  return data.buffers[1]->data() + static_cast<std::size_t>(data.offset) * dataset_.element_bytes;
}

void ColumnGather::zero_nulls(const arrow::RecordBatch& slice, std::uint8_t* out, std::size_t row_stride,
                              std::size_t byte_stride) const {
  const arrow::ArrayData& data = *slice.column_data(static_cast<int>(dataset_.column));
  if (!tipple::has_nulls(data)) return;
  for_each_null(data.buffers[0]->data(), static_cast<std::size_t>(data.offset), rows_of(data), [&](std::size_t i) {
    for (std::size_t j = 0; j < dataset_.element_bytes; ++j) out[i * row_stride + j * byte_stride] = 0;
  });
}

void ColumnGather::copy(const arrow::RecordBatch& slice, std::uint8_t* out) const {
  const arrow::ArrayData& data = *slice.column_data(static_cast<int>(dataset_.column));
  switch (dataset_.role) {
    case PartDataset::Role::kValues:
      return copy_values(data, out);
    case PartDataset::Role::kStringLengths:
      return copy_lengths(data, out);
    case PartDataset::Role::kValid:
      if (tipple::has_nulls(data)) {
        expand_bits(data.buffers[0]->data(), static_cast<std::size_t>(data.offset), rows_of(data), out);
      } else {
        std::memset(out, 1, rows_of(data));
      }
      return;
    case PartDataset::Role::kStringBytes:
      break;
  }
  TIPPLE_CHECK(false, "string bytes are gathered in chunks of their own");
}

void ColumnGather::copy_values(const arrow::ArrayData& data, std::uint8_t* out) const {
  const TypeKind kind = column_.type.kind;
  const std::size_t width = dataset_.element_bytes;
  if (kind == TypeKind::kFixedString) return copy_fixed_strings(data, width, out);
  if (kind == TypeKind::kBool) {
    expand_bits(data.buffers[1]->data(), static_cast<std::size_t>(data.offset), rows_of(data), out);
  } else if (kind == TypeKind::kDecimal && width == 8) {
    copy_narrowed<std::int64_t, std::int64_t, 2>(data, out);
  } else if (kind == TypeKind::kEnum && width == 1) {
    copy_narrowed<std::uint16_t, std::uint8_t, 1>(data, out);
  } else {
    std::memcpy(out, data.buffers[1]->data() + static_cast<std::size_t>(data.offset) * width, rows_of(data) * width);
  }
  tipple::zero_nulls(data, width, out);
}

}  // namespace tipple
