// How kernels read their arguments and go over rows. Private to transforms/expression_*.
//
// Readers are small values that a kernel's lambda copies, so that a loop keeps them in registers: what is written into
// a result could otherwise be the reader itself, for all that the compiler knows. Thread rule: values; they live no
// longer than the vector that they read.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "transforms/expression_vector.h"

namespace tipple {

// One value a row: of a scalar the same for all.
template <typename T>
class ExprValues {
 public:
  explicit ExprValues(const ExprVector& vector) : values_(vector.values), mask_(vector.scalar ? 0 : -1) {}
  [[nodiscard]] T operator[](std::int64_t row) const {
    const std::int64_t index = row & mask_;
    if constexpr (std::is_same_v<T, bool>) {
      return (values_[index / 8] >> (index % 8) & 1) != 0;
    } else {
      T value;  // decimals of foreign buffers stand at multiples of 8 only
      std::memcpy(&value, values_ + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
      return value;
    }
  }
  // The same of a column that is no scalar: a loop over these vectorises.
  [[nodiscard]] T in_column(std::int64_t row) const {
    T value;
    std::memcpy(&value, values_ + row * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    return value;
  }

 private:
  const std::uint8_t* values_;
  std::int64_t mask_;
};

class ExprTexts {
 public:
  explicit ExprTexts(const ExprVector& vector)
      : offsets_(reinterpret_cast<const std::int32_t*>(vector.values)),
        text_(vector.text),
        readable_end_(vector.text_buffer == nullptr ? vector.text : vector.text + vector.text_buffer->capacity()),
        mask_(vector.scalar ? 0 : -1) {}
  [[nodiscard]] std::string_view operator[](std::int64_t row) const {
    const std::int32_t* offsets = offsets_ + (row & mask_);
    return {text_ + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
  }
  // Memory that may be read, so that a short text can be read as whole words. What stands around a text is other texts,
  // or anything.
  [[nodiscard]] const char* readable_begin() const { return text_; }
  [[nodiscard]] const char* readable_end() const { return readable_end_; }

 private:
  const std::int32_t* offsets_;
  const char* text_;
  const char* readable_end_;
  std::int64_t mask_;
};

template <>
class ExprValues<std::string_view> : public ExprTexts {
 public:
  using ExprTexts::ExprTexts;
};

// The texts of all rows as one, from the first's first byte to the last's last.
[[nodiscard]] inline std::string_view joined_texts(const ExprVector& vector) {
  const auto* offsets = reinterpret_cast<const std::int32_t*>(vector.values);
  const std::int64_t rows = vector.scalar ? 1 : vector.rows;
  return {vector.text + offsets[0], static_cast<std::size_t>(offsets[rows] - offsets[0])};
}

// Which rows of word `w` are to be computed: valid, and of an arm that is taken.
[[nodiscard]] inline std::uint64_t wanted_rows(const ExprContext& context, const std::uint64_t* validity,
                                               std::int64_t w) {
  return (validity == nullptr ? ~std::uint64_t{0} : validity[w]) &
         (context.active == nullptr ? ~std::uint64_t{0} : context.active[w]);
}

// f(row, T* value) -> bool for each active row that has no null argument; false: the result is null. T = bool for
// bools. The other rows hold T{}.
template <typename T, typename F>
Result<ExprVector> map_values(ExprContext& context, const DataType& type, std::span<const ExprVector> arguments, F f) {
  TIPPLE_TRY(ExprVector result, new_vector(context, type));
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, arguments, &result));
  const std::uint64_t* validity = result.validity;  // of rows to come: set_null() changes those behind alone
  auto* out = result.template mutable_values<std::uint8_t>();
  const std::int64_t rows = context.rows;
  for (std::int64_t begin = 0; begin < rows; begin += 64) {
    const std::int64_t end = begin + 64 < rows ? begin + 64 : rows;
    std::uint64_t wanted = wanted_rows(context, validity, begin / 64);
    std::uint64_t bits = 0;
    for (std::int64_t row = begin; row < end; ++row, wanted >>= 1) {
      T value{};
      if ((wanted & 1) != 0 && !f(row, &value)) [[unlikely]] {
        TIPPLE_RETURN_IF_ERROR(set_null(context, &result, row));
      }
      if constexpr (std::is_same_v<T, bool>)
        bits |= std::uint64_t{value} << (row - begin);
      else
        std::memcpy(out + row * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
    }
    if constexpr (std::is_same_v<T, bool>) std::memcpy(out + begin / 8, &bits, sizeof(bits));
  }
  return result;
}

// f(row) -> T for every row, also those that are null: whatever they hold, f must neither fault nor fail. Such loops
// vectorise.
template <typename T, typename F>
Result<ExprVector> map_total(ExprContext& context, const DataType& type, std::span<const ExprVector> arguments, F f) {
  TIPPLE_TRY(ExprVector result, new_vector(context, type));
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, arguments, &result));
  auto* out = result.template mutable_values<std::uint8_t>();
  const std::int64_t rows = context.rows;  // as far as the compiler knows, writing to `out` could change the context's
  for (std::int64_t row = 0; row < rows; ++row) {
    const T value = f(row);
    std::memcpy(out + row * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
  }
  return result;
}

// Bits of f(row) for every row. One byte a row first, which vectorises; then eight bytes to eight bits at once.
template <typename F>
void fill_bits(std::int64_t rows, std::uint64_t* words, F f) {
  std::array<std::uint8_t, 64> bytes;
  for (std::int64_t begin = 0; begin < rows; begin += 64) {
    const std::int64_t count = rows - begin < 64 ? rows - begin : 64;
    bytes.fill(0);
    if (count == 64) {
      for (std::int64_t j = 0; j < 64; ++j) bytes[static_cast<std::size_t>(j)] = f(begin + j);
    } else {
      for (std::int64_t j = 0; j < count; ++j) bytes[static_cast<std::size_t>(j)] = f(begin + j);
    }
    std::uint64_t word = 0;
    for (std::size_t k = 0; k < 8; ++k) {
      std::uint64_t eight;
      std::memcpy(&eight, bytes.data() + 8 * k, 8);
      word |= (eight * 0x0102040810204080 >> 56) << (8 * k);  // gathers the lowest bits, the first byte's first
    }
    words[begin / 64] = word;
  }
}

// Bits of f(row) for every row, as map_total().
template <typename F>
Result<ExprVector> map_bits(ExprContext& context, std::span<const ExprVector> arguments, F f) {
  DataType type;
  type.kind = TypeKind::kBool;
  TIPPLE_TRY(ExprVector result, new_vector(context, type));
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, arguments, &result));
  fill_bits(context.rows, result.template mutable_values<std::uint64_t>(), f);
  return result;
}

}  // namespace tipple
