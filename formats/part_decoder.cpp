#include "formats/part_decoder.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <cstring>
#include <limits>

#include "formats/arrow_types.h"
#include "formats/part_gather.h"

namespace tipple {
namespace {

constexpr std::int64_t kArrowBytesMax = std::numeric_limits<std::int32_t>::max();

// Zeroed, because bitmaps are filled by OR.
Result<std::shared_ptr<arrow::Buffer>> allocate(std::int64_t bytes) {
  auto buffer = arrow::AllocateBuffer(bytes);
  if (!buffer.ok()) return from_arrow(buffer.status());
  std::shared_ptr<arrow::Buffer> owned = std::move(buffer).ValueUnsafe();
  if (bytes > 0) std::memset(owned->mutable_data(), 0, static_cast<std::size_t>(bytes));
  return owned;
}

Result<std::shared_ptr<arrow::Buffer>> bitmap_of(std::span<const std::uint8_t> bytes, std::int64_t& ones) {
  TIPPLE_TRY(auto bitmap, allocate(static_cast<std::int64_t>((bytes.size() + 7) / 8)));
  std::uint8_t* bits = bitmap->mutable_data();
  std::uint8_t any = 0;
  ones = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    any |= bytes[i];
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (bytes[i] & 1U) << (i % 8));
    ones += bytes[i] & 1U;
  }
  if (any > 1) return environment_error("a truth value that is neither 0 nor 1");
  return bitmap;
}

Result<std::shared_ptr<arrow::Buffer>> copy_of(std::span<const std::uint8_t> bytes) {
  TIPPLE_TRY(auto buffer, allocate(static_cast<std::int64_t>(bytes.size())));
  std::memcpy(buffer->mutable_data(), bytes.data(), bytes.size());
  return buffer;
}

Result<std::shared_ptr<arrow::Buffer>> widen_decimals(std::span<const std::uint8_t> elements) {
  TIPPLE_TRY(auto buffer, allocate(static_cast<std::int64_t>(elements.size() * 2)));
  for (std::size_t at = 0; at < elements.size(); at += 8) {
    std::int64_t words[2];
    std::memcpy(words, elements.data() + at, 8);
    words[1] = words[0] < 0 ? -1 : 0;
    std::memcpy(buffer->mutable_data() + 2 * at, words, 16);
  }
  return buffer;
}

Result<std::shared_ptr<arrow::Buffer>> decode_labels(std::span<const std::uint8_t> elements, std::size_t element_bytes,
                                                     std::size_t labels) {
  const std::size_t rows = elements.size() / element_bytes;
  TIPPLE_TRY(auto buffer, allocate(static_cast<std::int64_t>(rows * 2)));
  for (std::size_t i = 0; i < rows; ++i) {
    std::uint16_t label = elements[i * element_bytes];
    if (element_bytes == 2) std::memcpy(&label, elements.data() + i * 2, 2);
    if (label >= labels) return environment_error("an enum value without a label");
    std::memcpy(buffer->mutable_data() + 2 * i, &label, 2);
  }
  return buffer;
}

Result<std::shared_ptr<arrow::ArrayData>> decode_fixed_strings(std::int64_t rows, std::size_t width,
                                                               std::span<const std::uint8_t> elements,
                                                               std::shared_ptr<arrow::Buffer> validity,
                                                               std::int64_t nulls) {
  TIPPLE_TRY(auto offsets, allocate((rows + 1) * 4));
  auto* ends = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::uint8_t* element = elements.data() + static_cast<std::size_t>(i) * width;
    std::size_t length = width;
    while (length > 0 && element[length - 1] == 0) --length;
    total += static_cast<std::int64_t>(length);
    if (total > kArrowBytesMax) return environment_error("more string bytes than one batch holds");
    ends[i + 1] = static_cast<std::int32_t>(total);
  }
  TIPPLE_TRY(auto bytes, allocate(total));
  for (std::int64_t i = 0; i < rows; ++i) {
    std::memcpy(bytes->mutable_data() + ends[i], elements.data() + static_cast<std::size_t>(i) * width,
                static_cast<std::size_t>(ends[i + 1] - ends[i]));
  }
  return arrow::ArrayData::Make(arrow::utf8(), rows, {std::move(validity), std::move(offsets), std::move(bytes)},
                                nulls);
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> decode_validity(std::span<const std::uint8_t> bytes, std::int64_t& nulls) {
  std::int64_t ones = 0;
  TIPPLE_TRY(auto bitmap, bitmap_of(bytes, ones));
  nulls = static_cast<std::int64_t>(bytes.size()) - ones;
  return bitmap;
}

Result<std::shared_ptr<arrow::ArrayData>> decode_values(const Column& column, std::int64_t rows,
                                                        std::span<const std::uint8_t> elements,
                                                        std::shared_ptr<arrow::Buffer> validity, std::int64_t nulls) {
  const std::size_t width = part_element_bytes(column.type);
  TIPPLE_CHECK(elements.size() == static_cast<std::size_t>(rows) * width, "elements of another size");
  const TypeKind kind = column.type.kind;
  if (kind == TypeKind::kFixedString) return decode_fixed_strings(rows, width, elements, std::move(validity), nulls);
  auto values = [&]() -> Result<std::shared_ptr<arrow::Buffer>> {
    std::int64_t ones = 0;
    if (kind == TypeKind::kBool) return bitmap_of(elements, ones);
    if (kind == TypeKind::kEnum) return decode_labels(elements, width, column.type.labels.size());
    if (kind == TypeKind::kDecimal && width == 8) return widen_decimals(elements);
    return copy_of(elements);
  }();
  if (!values.ok()) return values.error();
  return arrow::ArrayData::Make(arrow_type(column.type), rows, {std::move(validity), std::move(*values)}, nulls);
}

Result<std::shared_ptr<arrow::Buffer>> decode_lengths(std::span<const std::uint8_t> lengths, std::int64_t& bytes) {
  const std::size_t rows = lengths.size() / 4;
  TIPPLE_TRY(auto offsets, allocate(static_cast<std::int64_t>((rows + 1) * 4)));
  auto* ends = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  bytes = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    std::int32_t length = 0;
    std::memcpy(&length, lengths.data() + 4 * i, 4);
    bytes += length;
    if (length < 0 || bytes > kArrowBytesMax) return environment_error("a string length that cannot be");
    ends[i + 1] = static_cast<std::int32_t>(bytes);
  }
  return offsets;
}

}  // namespace tipple
