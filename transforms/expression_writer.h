// How kernels write texts: one behind the other into one buffer, with no allocation per row. Private to
// transforms/expression_*.
//
// ExprTextColumn owns the buffers and the first error; ExprTextWriter is the place where it is written at, a value that
// a loop keeps in registers. Thread rule: both belong to one run(). Bounded: kExprTextBytesMax.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <arrow/buffer.h>

#include "base/limits.h"
#include "transforms/expression_rows.h"
#include "transforms/expression_utf8.h"

namespace tipple {

class ExprTextColumn;

class ExprTextWriter {
 public:
  // Where `bytes` may be written, and kShortTextBytes more that do not count; null if there is no room left. Before
  // advance() nothing counts.
  [[nodiscard]] char* room(std::size_t bytes) {
    if (static_cast<std::size_t>(limit_ - at_) < bytes) [[unlikely]] {
      if (!grow(bytes)) return nullptr;
    }
    return at_;
  }
  void advance_to(const char* end) { at_ += end - at_; }
  // `readable_end`: the end of the memory around `part`, where it is known (ExprTexts).
  void append(std::string_view part, const char* readable_end = nullptr) {
    char* to = room(part.size());
    if (to == nullptr) return;
    if (is_short_text(part, readable_end)) {
      std::memcpy(to, part.data(), kShortTextBytes);  // and what follows, which the next one overwrites
    } else if (!part.empty()) {                       // and perhaps nowhere
      std::memcpy(to, part.data(), part.size());
    }
    at_ += part.size();
  }
  // Bytes of the row at hand; what of them is kept.
  [[nodiscard]] std::size_t row_bytes() const { return static_cast<std::size_t>(at_ - row_); }
  void rewind() { at_ = row_; }
  // Ends the row. Returns where the next one begins.
  std::int32_t end_row() {
    row_ = at_;
    return static_cast<std::int32_t>(at_ - begin_);
  }

 private:
  friend class ExprTextColumn;
  bool grow(std::size_t bytes);

  char* begin_ = nullptr;
  char* row_ = nullptr;
  char* at_ = nullptr;
  char* limit_ = nullptr;  // kShortTextBytes before the buffer's end
  ExprTextColumn* column_ = nullptr;
};

class ExprTextColumn {
 public:
  explicit ExprTextColumn(const ExprContext& context) : context_(context) {}
  // A writer at the beginning, with room for `bytes_guess`.
  [[nodiscard]] Result<ExprTextWriter> begin(std::int64_t bytes_guess);
  // context.rows + 1 of them, the first one 0; the others are the caller's to set.
  [[nodiscard]] std::int32_t* offsets() { return reinterpret_cast<std::int32_t*>(offsets_->mutable_data()); }
  // `writer` with room for `bytes` more; as it was if there is none, which finish() then tells.
  [[nodiscard]] ExprTextWriter grown(ExprTextWriter writer, std::size_t bytes);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] Result<ExprVector> finish(const DataType& type, const ExprTextWriter& writer);

 private:
  const ExprContext& context_;
  std::shared_ptr<arrow::Buffer> offsets_;
  std::shared_ptr<arrow::ResizableBuffer> text_;
  std::optional<Error> error_;
};

inline bool ExprTextWriter::grow(std::size_t bytes) {
  *this = column_->grown(*this, bytes);  // by value: the writer of a loop has no address
  return static_cast<std::size_t>(limit_ - at_) >= bytes;
}

// f(row, writer) -> bool for each active row that has no null argument; false: the result is null.
template <typename F>
Result<ExprVector> map_text(ExprContext& context, const DataType& type, std::span<const ExprVector> arguments,
                            std::int64_t bytes_guess, F f) {
  ExprVector nulls;
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, arguments, &nulls));
  const std::uint64_t* validity = nulls.validity;  // of rows to come: set_null() changes those behind alone
  ExprTextColumn column(context);
  TIPPLE_TRY(ExprTextWriter out, column.begin(bytes_guess));
  std::int32_t* offsets = column.offsets();
  const std::int64_t rows = context.rows;
  for (std::int64_t begin = 0; begin < rows && !column.failed(); begin += 64) {
    const std::int64_t end = begin + 64 < rows ? begin + 64 : rows;
    std::uint64_t wanted = wanted_rows(context, validity, begin / 64);
    for (std::int64_t row = begin; row < end; ++row, wanted >>= 1) {
      if ((wanted & 1) != 0) {
        bool good = f(row, out);
        if (out.row_bytes() > limits::kFieldBytesMax) [[unlikely]] {
          context.fault(row, "length", "the text is longer than 1 MiB");
          good = false;
        }
        if (!good) [[unlikely]] {
          out.rewind();
          TIPPLE_RETURN_IF_ERROR(set_null(context, &nulls, row));
        }
      }
      offsets[row + 1] = out.end_row();
    }
  }
  TIPPLE_TRY(ExprVector result, column.finish(type, out));
  result.validity = nulls.validity;
  result.validity_buffer = std::move(nulls.validity_buffer);
  return result;
}

// f(row, part) -> bool, which sets `part` to a part of the row's text in `source`, one of `arguments`; as map_text()
// otherwise.
template <typename F>
Result<ExprVector> map_parts(ExprContext& context, const DataType& type, std::span<const ExprVector> arguments,
                             const ExprVector& source, F f) {
  const auto bytes = source.scalar ? context.rows * 8 : static_cast<std::int64_t>(joined_texts(source).size());
  return map_text(context, type, arguments, bytes,
                  [f, end = ExprTexts(source).readable_end()](std::int64_t row, ExprTextWriter& out) mutable {
                    std::string_view part;
                    if (!f(row, &part)) [[unlikely]]
                      return false;
                    out.append(part, end);
                    return true;
                  });
}

}  // namespace tipple
