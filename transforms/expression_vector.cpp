#include "transforms/expression_vector.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include "base/check.h"
#include "formats/arrow_types.h"
#include "jobs/expression_types.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

Result<std::shared_ptr<arrow::Buffer>> allocate(std::int64_t bytes, arrow::MemoryPool* pool) {
  auto buffer = arrow::AllocateBuffer(bytes, pool);
  if (!buffer.ok()) return from_arrow(buffer.status());
  return std::shared_ptr<arrow::Buffer>(std::move(buffer).ValueUnsafe());
}

// `bitmap` from `offset` on as whole words from bit 0 on: as it is, or copied.
Result<std::shared_ptr<arrow::Buffer>> aligned_bitmap(const std::shared_ptr<arrow::Buffer>& bitmap, std::int64_t offset,
                                                      std::int64_t rows, arrow::MemoryPool* pool) {
  const auto address = reinterpret_cast<std::uintptr_t>(bitmap->data());
  if (offset == 0 && bitmap->size() >= bitmap_words(rows) * 8 && address % 8 == 0) return bitmap;
  TIPPLE_TRY(auto copy, new_bitmap(rows, false, pool));
  arrow::internal::CopyBitmap(bitmap->data(), offset, rows, copy->mutable_data(), 0);
  return copy;
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> new_bitmap(std::int64_t rows, bool ones, arrow::MemoryPool* pool) {
  TIPPLE_TRY(auto buffer, allocate(bitmap_words(rows) * 8, pool));
  if (buffer->size() > 0)
    std::memset(buffer->mutable_data(), ones ? 0xFF : 0, static_cast<std::size_t>(buffer->size()));
  return buffer;
}

int value_bytes(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kUint8:
      return 1;
    case TypeKind::kInt16:
    case TypeKind::kUint16:
    case TypeKind::kEnum:
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
      return 16;
    case TypeKind::kBool:
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return 0;
  }
  TIPPLE_CHECK(false, "a type of no kind");
}

Result<ExprVector> new_vector(const ExprContext& context, const DataType& type) {
  ExprVector vector;
  vector.type = type;
  vector.rows = context.rows;
  if (type.kind == TypeKind::kBool) {
    TIPPLE_TRY(vector.values_buffer, new_bitmap(context.rows, false, context.pool));
  } else {
    TIPPLE_TRY(vector.values_buffer, allocate(context.rows * value_bytes(type), context.pool));
  }
  vector.values = vector.values_buffer->data();
  return vector;
}

Status take_nulls(const ExprContext& context, std::span<const ExprVector> arguments, ExprVector* into) {
  const ExprVector* only = nullptr;
  int with_nulls = 0;
  for (const ExprVector& argument : arguments) {
    if (argument.validity == nullptr || (argument.scalar && argument.is_valid(0))) continue;
    if (argument.scalar) {
      TIPPLE_TRY(into->validity_buffer, new_bitmap(context.rows, false, context.pool));
      into->validity = words_of(into->validity_buffer);
      return {};
    }
    only = &argument;
    ++with_nulls;
  }
  if (with_nulls == 0) return {};
  if (with_nulls == 1) {
    into->validity = only->validity;
    into->validity_buffer = only->validity_buffer;
    return {};
  }
  TIPPLE_TRY(into->validity_buffer, new_bitmap(context.rows, true, context.pool));
  std::uint64_t* words = words_of(into->validity_buffer);
  into->validity = words;
  for (const ExprVector& argument : arguments) {
    if (argument.validity == nullptr || argument.scalar) continue;
    for (std::int64_t w = 0; w < bitmap_words(context.rows); ++w) words[w] &= argument.validity[w];
  }
  return {};
}

Result<std::uint64_t*> own_validity(const ExprContext& context, ExprVector* vector) {
  // Shared with an argument or another vector: copied. A buffer that only this vector holds is its own.
  if (vector->validity_buffer == nullptr || vector->validity_buffer.use_count() > 1 ||
      !vector->validity_buffer->is_mutable()) {
    TIPPLE_TRY(auto copy, new_bitmap(context.rows, true, context.pool));
    if (vector->validity != nullptr) {
      std::memcpy(copy->mutable_data(), vector->validity, static_cast<std::size_t>(bitmap_words(context.rows) * 8));
    }
    vector->validity_buffer = std::move(copy);
    vector->validity = words_of(vector->validity_buffer);
  }
  return words_of(vector->validity_buffer);
}

Status set_null(const ExprContext& context, ExprVector* vector, std::int64_t row) {
  TIPPLE_TRY(std::uint64_t * words, own_validity(context, vector));
  words[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  return {};
}

Result<ExprVector> vector_of(const std::shared_ptr<arrow::Array>& array, const DataType& type,
                             arrow::MemoryPool* pool) {
  ExprVector vector;
  vector.type = type;
  vector.rows = array->length();
  vector.array = array;
  const arrow::ArrayData& data = *array->data();
  if (array->null_count() > 0) {
    TIPPLE_TRY(vector.validity_buffer, aligned_bitmap(data.buffers[0], data.offset, data.length, pool));
    vector.validity = reinterpret_cast<const std::uint64_t*>(vector.validity_buffer->data());
  }
  vector.values_buffer = data.buffers[1];
  if (type.kind == TypeKind::kBool) {
    TIPPLE_TRY(vector.values_buffer, aligned_bitmap(data.buffers[1], data.offset, data.length, pool));
    vector.values = vector.values_buffer->data();
    return vector;
  }
  // From row 0 on, so that the buffer can be that of a result.
  const int width = value_bytes(type) == 0 ? 4 : value_bytes(type);
  if (data.offset > 0 && vector.values_buffer != nullptr)
    vector.values_buffer = arrow::SliceBuffer(vector.values_buffer, data.offset * width);
  if (type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString) {
    static const std::int32_t kNoOffsets[2] = {0, 0};  // an empty column may come without any
    vector.values = vector.values_buffer == nullptr || vector.values_buffer->size() == 0
                        ? reinterpret_cast<const std::uint8_t*>(kNoOffsets)
                        : vector.values_buffer->data();
    vector.text_buffer = data.buffers[2];
    vector.text = vector.text_buffer == nullptr ? "" : reinterpret_cast<const char*>(vector.text_buffer->data());
  } else {
    vector.values = vector.values_buffer->data();
  }
  return vector;
}

Result<std::shared_ptr<arrow::Array>> array_of(const ExprContext& context, const ExprVector& vector) {
  if (vector.array != nullptr && !vector.scalar) return vector.array;
  if (vector.scalar) {
    const std::vector<std::uint16_t> choice(static_cast<std::size_t>(context.rows), 0);
    TIPPLE_TRY(const ExprVector spread, select_rows(context, vector.type, {&vector, 1}, choice));
    return array_of(context, spread);
  }
  const bool text = vector.type.kind == TypeKind::kString || vector.type.kind == TypeKind::kFixedString;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers = {vector.validity_buffer, vector.values_buffer};
  if (text) buffers.push_back(vector.text_buffer);
  const std::int64_t nulls = vector.validity == nullptr ? 0 : arrow::kUnknownNullCount;
  return arrow::MakeArray(arrow::ArrayData::Make(arrow_type(vector.type), context.rows, std::move(buffers), nulls));
}

namespace {

template <typename T>
void select_fixed(std::span<const ExprVector> sources, const std::vector<std::uint16_t>& choice, ExprVector* into) {
  static constexpr T kNone{};
  ExprVector none;  // behind the others
  none.scalar = true;
  none.values = reinterpret_cast<const std::uint8_t*>(&kNone);
  std::vector<ExprValues<T>> values(sources.begin(), sources.end());
  values.emplace_back(none);
  const ExprValues<T>* of = values.data();
  T* out = into->mutable_values<T>();
  for (std::size_t row = 0; row < choice.size(); ++row) {
    const std::size_t source = std::min<std::size_t>(choice[row], sources.size());
    out[row] = of[source][static_cast<std::int64_t>(row)];
  }
}

void select_bools(std::span<const ExprVector> sources, const std::vector<std::uint16_t>& choice, ExprVector* into) {
  auto* words = into->mutable_values<std::uint64_t>();
  for (std::size_t row = 0; row < choice.size(); ++row) {
    const bool value = choice[row] != kNoSource && sources[choice[row]].bool_at(static_cast<std::int64_t>(row));
    words[row / 64] |= std::uint64_t{value} << (row % 64);
  }
}

Result<ExprVector> select_texts(const ExprContext& context, const DataType& type, std::span<const ExprVector> sources,
                                const std::vector<std::uint16_t>& choice) {
  std::int64_t bytes = 0;
  for (std::size_t row = 0; row < choice.size(); ++row) {
    if (choice[row] != kNoSource)
      bytes += static_cast<std::int64_t>(sources[choice[row]].text_at(static_cast<std::int64_t>(row)).size());
  }
  const std::vector<ExprTexts> texts(sources.begin(), sources.end());
  ExprTextColumn column(context);
  TIPPLE_TRY(ExprTextWriter out, column.begin(bytes));
  std::int32_t* offsets = column.offsets();
  for (std::size_t row = 0; row < choice.size(); ++row) {
    if (choice[row] != kNoSource) {
      const ExprTexts& source = texts[choice[row]];
      out.append(source[static_cast<std::int64_t>(row)], source.readable_end());
    }
    offsets[row + 1] = out.end_row();
    if (column.failed()) break;
  }
  return column.finish(type, out);
}

}  // namespace

Result<ExprVector> select_rows(const ExprContext& context, const DataType& type, std::span<const ExprVector> sources,
                               const std::vector<std::uint16_t>& choice) {
  ExprVector result;
  const int width = value_bytes(type);
  if (width == 0 && type.kind != TypeKind::kBool) {
    TIPPLE_TRY(result, select_texts(context, type, sources, choice));
  } else {
    TIPPLE_TRY(result, new_vector(context, type));
    if (width == 0)
      select_bools(sources, choice, &result);
    else if (width == 1)
      select_fixed<std::uint8_t>(sources, choice, &result);
    else if (width == 2)
      select_fixed<std::uint16_t>(sources, choice, &result);
    else if (width == 4)
      select_fixed<std::uint32_t>(sources, choice, &result);
    else if (width == 8)
      select_fixed<std::uint64_t>(sources, choice, &result);
    else
      select_fixed<unsigned __int128>(sources, choice, &result);
  }
  const bool nulls =
      std::any_of(sources.begin(), sources.end(), [](const ExprVector& s) { return s.validity != nullptr; }) ||
      std::find(choice.begin(), choice.end(), kNoSource) != choice.end();
  if (!nulls) return result;
  TIPPLE_TRY(std::uint64_t * words, own_validity(context, &result));
  for (std::int64_t row = 0; row < context.rows; ++row) {
    const std::uint16_t source = choice[static_cast<std::size_t>(row)];
    if (source == kNoSource || !sources[source].is_valid(row)) words[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  }
  return result;
}

}  // namespace tipple
