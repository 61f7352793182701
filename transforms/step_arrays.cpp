#include "transforms/step_arrays.h"

#include <algorithm>
#include <limits>

#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

#include "formats/arrow_types.h"

namespace tipple {
namespace {

constexpr std::size_t kCopyBytes = 16;  // short texts are copied whole words at a time
constexpr std::size_t kBatchTextBytesMax = std::numeric_limits<std::int32_t>::max() - 64;

struct Validity {
  std::shared_ptr<arrow::Buffer> buffer;  // nullptr: no nulls
  std::int64_t nulls = 0;
};

Result<Validity> gather_validity(const arrow::Array& values, const std::vector<std::uint32_t>& rows,
                                 arrow::MemoryPool* pool, bool may_miss) {
  const bool any_missing = may_miss && std::find(rows.begin(), rows.end(), kNoRow) != rows.end();
  Validity validity;
  if (!any_missing && values.null_count() == 0) return validity;
  const auto count = static_cast<std::int64_t>(rows.size());
  TIPPLE_TRY(validity.buffer, new_bits(count, false, pool));
  const std::uint8_t* from = values.null_count() == 0 ? nullptr : values.null_bitmap_data();
  const auto is_valid = [&](std::int64_t i) {
    const std::uint32_t row = rows[static_cast<std::size_t>(i)];
    return row != kNoRow && (from == nullptr || arrow::bit_util::GetBit(from, values.offset() + row));
  };
  validity.nulls = count - write_bits(count, validity.buffer->mutable_data(), is_valid);
  return validity;
}

template <typename T>
void gather_words(const std::uint8_t* from, const std::vector<std::uint32_t>& rows, bool any_missing,
                  std::uint8_t* to) {
  const T* values = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  const std::size_t count = rows.size();
  if (!any_missing) {
    for (std::size_t i = 0; i < count; ++i) out[i] = values[rows[i]];
    return;
  }
  // The first value is read for those that are missing: no branch, they come in no order.
  for (std::size_t i = 0; i < count; ++i) {
    const T value = values[rows[i] == kNoRow ? 0 : rows[i]];
    out[i] = rows[i] == kNoRow ? T{} : value;
  }
}

struct alignas(8) Word16 {
  std::uint64_t low, high;
};

void gather_width(const std::uint8_t* from, const std::vector<std::uint32_t>& rows, int width, bool any_missing,
                  std::uint8_t* to) {
  switch (width) {
    case 1:
      return gather_words<std::uint8_t>(from, rows, any_missing, to);
    case 2:
      return gather_words<std::uint16_t>(from, rows, any_missing, to);
    case 4:
      return gather_words<std::uint32_t>(from, rows, any_missing, to);
    case 8:
      return gather_words<std::uint64_t>(from, rows, any_missing, to);
    default:
      return gather_words<Word16>(from, rows, any_missing, to);
  }
}

Result<std::shared_ptr<arrow::Array>> gather_fixed(const arrow::Array& values, const std::vector<std::uint32_t>& rows,
                                                   int width, Validity validity, arrow::MemoryPool* pool) {
  const std::int64_t count = static_cast<std::int64_t>(rows.size());
  TIPPLE_TRY(std::shared_ptr<arrow::Buffer> buffer, new_buffer(count * width, pool));
  const std::uint8_t* from = values.data()->buffers[1]->data() + values.offset() * width;
  const bool any_missing = validity.buffer != nullptr;
  if (values.length() == 0) {
    std::memset(buffer->mutable_data(), 0, static_cast<std::size_t>(buffer->size()));
  } else {
    gather_width(from, rows, width, any_missing, buffer->mutable_data());
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(values.type(), count, {std::move(validity.buffer), std::move(buffer)}, validity.nulls));
}

Result<std::shared_ptr<arrow::Array>> gather_bits(const arrow::Array& values, const std::vector<std::uint32_t>& rows,
                                                  Validity validity, arrow::MemoryPool* pool) {
  const std::int64_t count = static_cast<std::int64_t>(rows.size());
  TIPPLE_TRY(std::shared_ptr<arrow::Buffer> buffer, new_bits(count, false, pool));
  const std::uint8_t* from = values.data()->buffers[1]->data();
  (void)write_bits(count, buffer->mutable_data(), [&](std::int64_t i) {
    const std::uint32_t row = rows[static_cast<std::size_t>(i)];
    return row != kNoRow && arrow::bit_util::GetBit(from, values.offset() + row);
  });
  return arrow::MakeArray(
      arrow::ArrayData::Make(values.type(), count, {std::move(validity.buffer), std::move(buffer)}, validity.nulls));
}

Result<std::shared_ptr<arrow::Array>> gather_texts(const arrow::Array& values, const std::vector<std::uint32_t>& rows,
                                                   Validity validity, arrow::MemoryPool* pool) {
  const TextView texts(values);
  const std::int64_t count = static_cast<std::int64_t>(rows.size());
  TIPPLE_TRY(std::shared_ptr<arrow::Buffer> offset_buffer, new_buffer((count + 1) * 4, pool));
  auto* offsets = reinterpret_cast<std::int32_t*>(offset_buffer->mutable_data());
  std::uint64_t total = 0;
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != kNoRow) total += static_cast<std::uint64_t>(texts.offsets[rows[i] + 1] - texts.offsets[rows[i]]);
    if (total > kBatchTextBytesMax)
      return environment_error("a column's texts of one block pass 2 GiB", {},
                               "shorten the lists that a step makes rows of");
    offsets[i + 1] = static_cast<std::int32_t>(total);
  }
  TIPPLE_TRY(const std::shared_ptr<arrow::Buffer> data,
             new_buffer(static_cast<std::int64_t>(total + kCopyBytes), pool));
  char* out = reinterpret_cast<char*>(data->mutable_data());
  // Words past a short text are read as long as they are the buffer's.
  const auto& source = values.data()->buffers[2];
  const std::int64_t readable = source == nullptr ? 0 : source->size() - static_cast<std::int64_t>(kCopyBytes);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow) continue;
    const std::int32_t begin = texts.offsets[rows[i]];
    const auto bytes = static_cast<std::size_t>(texts.offsets[rows[i] + 1] - begin);
    if (bytes <= kCopyBytes && begin <= readable) [[likely]] {
      std::memcpy(out + offsets[i], texts.data + begin, kCopyBytes);
    } else {
      std::memcpy(out + offsets[i], texts.data + begin, bytes);
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(values.type(), count,
                                                 {std::move(validity.buffer), std::move(offset_buffer),
                                                  arrow::SliceBuffer(data, 0, static_cast<std::int64_t>(total))},
                                                 validity.nulls));
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> new_buffer(std::int64_t bytes, arrow::MemoryPool* pool) {
  auto buffer = arrow::AllocateBuffer(bytes, pool);
  if (!buffer.ok()) return from_arrow(buffer.status());
  return std::shared_ptr<arrow::Buffer>(std::move(buffer).ValueUnsafe());
}

Result<std::shared_ptr<arrow::Buffer>> new_bits(std::int64_t rows, bool value, arrow::MemoryPool* pool) {
  TIPPLE_TRY(std::shared_ptr<arrow::Buffer> buffer, new_buffer(arrow::bit_util::BytesForBits(rows), pool));
  std::memset(buffer->mutable_data(), value ? 0xFF : 0, static_cast<std::size_t>(buffer->size()));
  return buffer;
}

Result<std::shared_ptr<arrow::Buffer>> copy_validity(const arrow::Array& array, arrow::MemoryPool* pool) {
  if (array.null_count() == 0) return std::shared_ptr<arrow::Buffer>();
  auto copied = arrow::internal::CopyBitmap(pool, array.null_bitmap_data(), array.offset(), array.length());
  if (!copied.ok()) return from_arrow(copied.status());
  return std::move(copied).ValueUnsafe();
}

Result<std::shared_ptr<arrow::Array>> gather(const arrow::Array& values, const std::vector<std::uint32_t>& rows,
                                             arrow::MemoryPool* pool, bool may_miss) {
  TIPPLE_TRY(Validity validity, gather_validity(values, rows, pool, may_miss));
  if (values.type_id() == arrow::Type::STRING) return gather_texts(values, rows, std::move(validity), pool);
  if (values.type_id() == arrow::Type::BOOL) return gather_bits(values, rows, std::move(validity), pool);
  const int width = static_cast<const arrow::FixedWidthType&>(*values.type()).bit_width() / 8;
  return gather_fixed(values, rows, width, std::move(validity), pool);
}

Result<TextBuilder> TextBuilder::make(std::int64_t rows, std::int64_t bytes_expected, arrow::MemoryPool* pool) {
  TextBuilder builder(rows, pool);
  TIPPLE_TRY(builder.offset_buffer_, new_buffer((rows + 1) * 4, pool));
  auto data = arrow::AllocateResizableBuffer(std::max<std::int64_t>(bytes_expected, 64), pool);
  if (!data.ok()) return from_arrow(data.status());
  builder.buffer_ = std::move(data).ValueUnsafe();
  builder.offsets_ = reinterpret_cast<std::int32_t*>(builder.offset_buffer_->mutable_data());
  builder.offsets_[0] = 0;
  builder.data_ = reinterpret_cast<char*>(builder.buffer_->mutable_data());
  builder.capacity_ = static_cast<std::size_t>(builder.buffer_->size());
  return builder;
}

char* TextBuilder::grow(std::size_t bytes) {
  if (!status_.ok()) return nullptr;
  if (used_ + bytes > kBatchTextBytesMax) {
    status_ = environment_error("a column's texts of one block pass 2 GiB", {}, "shorten the texts that a step makes");
    return nullptr;
  }
  const std::size_t wanted = std::min(kBatchTextBytesMax, std::max(used_ + bytes, capacity_ * 2));
  const arrow::Status grown = buffer_->Resize(static_cast<std::int64_t>(wanted), /*shrink_to_fit=*/false);
  if (!grown.ok()) {
    status_ = from_arrow(grown);
    return nullptr;
  }
  data_ = reinterpret_cast<char*>(buffer_->mutable_data());
  capacity_ = wanted;
  return data_ + used_;
}

void TextBuilder::append_null() {
  if (validity_ == nullptr && status_.ok()) {
    auto bits = new_bits(rows_, true, pool_);
    if (bits.ok()) {
      validity_ = std::move(bits).value();
    } else {
      status_ = std::move(bits).error();
    }
  }
  if (status_.ok()) arrow::bit_util::ClearBit(validity_->mutable_data(), row_);
  ++nulls_;
  commit(0);
}

Result<std::shared_ptr<arrow::Array>> TextBuilder::finish() {
  if (!status_.ok()) return std::move(status_).error();
  TIPPLE_CHECK(row_ == rows_, "every row has a text");
  const std::shared_ptr<arrow::Buffer> data = std::move(buffer_);
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::utf8(), rows_,
      {std::move(validity_), std::move(offset_buffer_), arrow::SliceBuffer(data, 0, static_cast<std::int64_t>(used_))},
      nulls_));
}

}  // namespace tipple
