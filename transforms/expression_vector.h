// ExprVector: the values of one node of an expression over a batch, and the kernels that make them. How kernels go over
// rows is in expression_rows.h, how they write texts in expression_writer.h. Private to transforms/expression_*.
//
// Bitmaps begin at bit 0 and are readable by whole 64-bit words. Kernels are total: rows that are null or that no arm
// takes hold anything, and are computed like the others unless that could fault or cost. Thread rule: values; an
// ExprContext belongs to one run().
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/type_fwd.h>

#include "base/limits.h"
#include "base/result.h"
#include "jobs/data_type.h"
#include "transforms/expression_kernels.h"

namespace tipple {

// What one text column of a batch may come to.
inline constexpr std::int64_t kExprTextBytesMax = 512 * limits::kMiB;

[[nodiscard]] inline bool bit_at(const std::uint64_t* words, std::int64_t i) {
  return (words[i / 64] >> (i % 64) & 1) != 0;
}
[[nodiscard]] inline std::int64_t bitmap_words(std::int64_t rows) { return (rows + 63) / 64; }

struct ExprVector {
  DataType type;
  std::int64_t rows = 0;                    // 1 for a scalar
  bool scalar = false;                      // one value for every row
  const std::uint64_t* validity = nullptr;  // nothing: no nulls
  const std::uint8_t* values = nullptr;     // of bool: a bitmap; of texts: int32 offsets
  const char* text = nullptr;
  std::shared_ptr<arrow::Buffer> validity_buffer;
  std::shared_ptr<arrow::Buffer> values_buffer;
  std::shared_ptr<arrow::Buffer> text_buffer;
  std::shared_ptr<arrow::Array> array;  // a column as it came

  [[nodiscard]] std::int64_t index(std::int64_t row) const { return scalar ? 0 : row; }
  [[nodiscard]] bool is_valid(std::int64_t row) const { return validity == nullptr || bit_at(validity, index(row)); }
  [[nodiscard]] const std::uint64_t* bits() const { return reinterpret_cast<const std::uint64_t*>(values); }
  [[nodiscard]] bool bool_at(std::int64_t row) const { return bit_at(bits(), index(row)); }
  template <typename T>
  [[nodiscard]] T at(std::int64_t row) const {
    T value;  // decimals of foreign buffers stand at multiples of 8 only
    std::memcpy(&value, values + static_cast<std::size_t>(index(row)) * sizeof(T), sizeof(T));
    return value;
  }
  [[nodiscard]] std::string_view text_at(std::int64_t row) const {
    const auto* offsets = reinterpret_cast<const std::int32_t*>(values) + index(row);
    return {text + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
  }
  // Word `w` of the bitmap of rows that are valid, and of a bool's values, also where one value is all rows'.
  [[nodiscard]] std::uint64_t validity_word(std::int64_t w) const {
    if (validity == nullptr) return ~std::uint64_t{0};
    return scalar ? (is_valid(0) ? ~std::uint64_t{0} : 0) : validity[w];
  }
  [[nodiscard]] std::uint64_t bool_word(std::int64_t w) const {
    return scalar ? (bool_at(0) ? ~std::uint64_t{0} : 0) : bits()[w];
  }
  template <typename T>
  [[nodiscard]] T* mutable_values() {
    return reinterpret_cast<T*>(values_buffer->mutable_data());
  }
};

class ExprContext {
 public:
  ExprContext(std::int64_t row_count, ExprFaults& faults, arrow::MemoryPool* memory)
      : rows(row_count), pool(memory), faults_(faults) {}

  const std::int64_t rows;
  arrow::MemoryPool* const pool;
  const std::uint64_t* active = nullptr;  // rows whose arm is taken; nothing: all

  [[nodiscard]] bool is_active(std::int64_t row) const { return active == nullptr || bit_at(active, row); }
  // Counts only for an active row.
  void fault(std::int64_t row, std::string_view rule, std::string reason) {
    if (is_active(row)) faults_.add(static_cast<std::uint32_t>(row), rule, std::move(reason));
  }

 private:
  ExprFaults& faults_;
};

// A bitmap of `rows` bits, all zero or all one.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> new_bitmap(std::int64_t rows, bool ones, arrow::MemoryPool* pool);
[[nodiscard]] inline std::uint64_t* words_of(const std::shared_ptr<arrow::Buffer>& bitmap) {
  return reinterpret_cast<std::uint64_t*>(bitmap->mutable_data());
}

// One row a value, not yet set; of bools: all false.
[[nodiscard]] Result<ExprVector> new_vector(const ExprContext& context, const DataType& type);
// Null where one of `arguments` is.
[[nodiscard]] Status take_nulls(const ExprContext& context, std::span<const ExprVector> arguments, ExprVector* into);
// Its validity is its own from here on.
[[nodiscard]] Status set_null(const ExprContext& context, ExprVector* vector, std::int64_t row);
// The same for many rows: `valid` is ANDed.
[[nodiscard]] Result<std::uint64_t*> own_validity(const ExprContext& context, ExprVector* vector);
[[nodiscard]] int value_bytes(const DataType& type);  // 0: bool or text

[[nodiscard]] Result<ExprVector> vector_of(const std::shared_ptr<arrow::Array>& array, const DataType& type,
                                           arrow::MemoryPool* pool);
// One array of `context.rows` values.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> array_of(const ExprContext& context, const ExprVector& vector);

// A constant part of a call, made ready once: a regular expression, a format.
struct ExprPrepared {
  virtual ~ExprPrepared() = default;
};

// What a kernel knows of its node.
struct ExprCall {
  const TypedExpr* expr = nullptr;
  const ExprPrepared* prepared = nullptr;
  [[nodiscard]] const DataType& type() const { return expr->type; }
};

using ExprArguments = std::span<const ExprVector>;
using ExprKernel = Result<ExprVector> (*)(ExprContext& context, const ExprCall& call, ExprArguments arguments);
// Null: no such function in that family.
[[nodiscard]] ExprKernel arithmetic_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel math_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel compare_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel cast_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel text_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel pattern_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel like_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel time_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel time_format_kernel(const TypedExpr& expr);
[[nodiscard]] ExprKernel json_kernel(const TypedExpr& expr);

// Constant arguments made ready; `constants` has one for each argument, null where it is not constant. Nothing to make
// ready: null.
[[nodiscard]] Result<std::shared_ptr<const ExprPrepared>> prepare_pattern(const TypedExpr& expr,
                                                                          std::span<const ExprVector* const> constants);

// Row i takes its value from sources[choice[i]]; kNoSource: null.
inline constexpr std::uint16_t kNoSource = 0xFFFF;
[[nodiscard]] Result<ExprVector> select_rows(const ExprContext& context, const DataType& type,
                                             std::span<const ExprVector> sources,
                                             const std::vector<std::uint16_t>& choice);

}  // namespace tipple
