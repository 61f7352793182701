// Columns of strings: text gathered back to back, 16 bytes at a time past the ends, and checked for UTF-8 a thousand
// rows at once.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/csv_column.h"
#include "formats/csv_utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {
namespace {

constexpr std::size_t kCopySlackBytes = 32;      // how far past its end a copy may write
constexpr std::size_t kRowsPerCheck = 1024;      // few enough that their text is still in the first-level cache
constexpr std::uint32_t kNotFound = 0x80000000;  // more than any field has

// Copies `length` bytes; reads and writes up to 32 bytes from the beginning whatever the length.
inline void copy_text(char* out, const char* text, std::uint32_t length) {
  std::memcpy(out, text, 16);
  if (length > 16) [[unlikely]] {
    std::memcpy(out + 16, text + 16, 16);
    if (length > 32) [[unlikely]]
      std::memcpy(out + 32, text + 32, length - 32);
  }
}

// Copies text up to the first `quote`, and perhaps up to 16 bytes more. Position of that quote in the first `length`
// bytes, or kNotFound.
inline std::uint32_t copy_to_quote(char* out, const char* text, std::uint32_t length, char quote) {
#if defined(__SSE2__)
  const __m128i quotes = _mm_set1_epi8(quote);
  for (std::uint32_t i = 0; i < length; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), bytes);
    const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quotes)));
    if (mask != 0) {
      const std::uint32_t at = i + static_cast<std::uint32_t>(std::countr_zero(mask));
      return at < length ? at : kNotFound;
    }
  }
  return kNotFound;
#else
  const auto* const at = static_cast<const char*>(std::memchr(text, quote, length));
  if (at == nullptr) return kNotFound;
  std::memcpy(out, text, static_cast<std::size_t>(at - text));
  return static_cast<std::uint32_t>(at - text);
#endif
}

class StringColumn final : public CsvColumnBase {
 public:
  StringColumn(const CsvDialect& dialect, const Column& column, std::uint32_t position)
      : CsvColumnBase(dialect, column, position), arrow_type_(arrow_type(column.type)) {
    bytes_max_ = limits::kFieldBytesMax;
    if (column.type.kind == TypeKind::kFixedString) bytes_max_ = std::min<std::uint64_t>(bytes_max_, column.type.width);
  }

  Result<std::shared_ptr<arrow::ArrayData>> convert(const CsvCells& cells, CsvFaults& faults,
                                                    arrow::MemoryPool* pool) const override {
    std::size_t bytes = 0;
    for (std::size_t row = 0; row < cells.rows; ++row) bytes += cells.end(row) - cells.begin(row);
    if (bytes > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
      return environment_error("column \"" + column_.name + "\" has more than 2 GiB of text in one block", {},
                               "load with smaller chunks");
    }
    TIPPLE_TRY(auto offsets_buffer,
               allocate_buffer(static_cast<std::int64_t>((cells.rows + 1) * sizeof(std::int32_t)), pool));
    auto text_buffer = arrow::AllocateResizableBuffer(static_cast<std::int64_t>(bytes + kCopySlackBytes), pool);
    if (!text_buffer.ok()) return from_arrow(text_buffer.status(), "CSV conversion");

    Output out{reinterpret_cast<std::int32_t*>(offsets_buffer->mutable_data()),
               reinterpret_cast<char*>((*text_buffer)->mutable_data()),
               CsvValidity(cells.rows, pool),
               faults,
               {}};
    out.offsets[0] = 0;
    for (std::size_t row = 0; row < cells.rows; row += kRowsPerCheck) {
      const std::size_t end = std::min(row + kRowsPerCheck, cells.rows);
      gather(cells, row, end, out);
      check(row, end, out);
    }
    TIPPLE_RETURN_IF_ERROR(out.validity.status());
    if (const auto status = (*text_buffer)->Resize(out.offsets[cells.rows], /*shrink_to_fit=*/false); !status.ok()) {
      return from_arrow(status, "CSV conversion");
    }
    return arrow::ArrayData::Make(arrow_type_, static_cast<std::int64_t>(cells.rows),
                                  {out.validity.buffer(), std::move(offsets_buffer), std::move(*text_buffer)},
                                  out.validity.nulls());
  }

 private:
  struct Output {
    std::int32_t* offsets;
    char* text;
    CsvValidity validity;
    CsvFaults& faults;
    std::string scratch;
  };

  // Text of rows [row, end) to out.text. A rejected row may leave some; it goes when the rejected rows are taken out.
  void gather(const CsvCells& cells, std::size_t row, std::size_t end, Output& out) const {
    const int quote = reader_.quote() ? static_cast<unsigned char>(*reader_.quote()) : -1;
    const bool escapes = reader_.escape().has_value();
    const std::uint64_t bytes_max = bytes_max_;
    std::int32_t* const offsets = out.offsets;
    char* const text = out.text;
    auto at = static_cast<std::uint32_t>(offsets[row]);
    for (; row < end; ++row) {
      const std::uint32_t begin = cells.begin(row);
      const std::uint32_t length = cells.end(row) - begin;
      const char* const field = cells.block + begin;
      std::uint32_t size = length;
      if (length != 0 && static_cast<unsigned char>(*field) == quote) {
        size = escapes ? kNotFound : copy_to_quote(text + at, field + 1, length - 1, *field);
        if (size + 2 != length) [[unlikely]]
          size = copy_slowly({field, length}, row, at, out);
      } else if (nulls_.matches(field, length)) [[unlikely]] {
        add_null({field, length}, row, out);
        size = 0;
      } else if (escapes && std::memchr(field, *reader_.escape(), length) != nullptr) [[unlikely]] {
        size = copy_slowly({field, length}, row, at, out);
      } else {
        copy_text(text + at, field, length);
      }
      if (size > bytes_max) [[unlikely]] {
        const CsvRule rule = size > limits::kFieldBytesMax ? CsvRule::kFieldBytes : CsvRule::kLength;
        add_fault(out.faults, row, {rule, nullptr}, {text + at, size});
      }
      at += size;
      offsets[row + 1] = static_cast<std::int32_t>(at);
    }
  }

  [[gnu::noinline]] std::uint32_t copy_slowly(std::string_view field, std::size_t row, std::uint32_t at,
                                              Output& out) const {
    std::string_view text;
    const CsvVerdict verdict = reader_.read(field, out.scratch, text);
    if (!verdict.good()) {
      add_fault(out.faults, row, verdict, field);
      return 0;
    }
    std::memcpy(out.text + at, text.data(), text.size());
    return static_cast<std::uint32_t>(text.size());
  }

  [[gnu::noinline]] void add_null(std::string_view field, std::size_t row, Output& out) const {
    if (column_.nullable) {
      out.validity.set_null(row);
    } else {
      add_fault(out.faults, row, {CsvRule::kNotNull, nullptr}, field);
    }
  }

  // Rejects rows of [row, end) with NUL bytes or broken UTF-8. Their text as a whole is nearly always plain ASCII.
  void check(std::size_t row, std::size_t end, Output& out) const {
    const auto text_of = [&out](std::size_t first, std::size_t last) {
      return std::string_view(out.text + out.offsets[first],
                              static_cast<std::size_t>(out.offsets[last] - out.offsets[first]));
    };
    if (is_ascii_without_nul(text_of(row, end))) [[likely]]
      return;
    for (; row < end; ++row) {
      const std::string_view text = text_of(row, row + 1);
      if (text.find('\0') != std::string_view::npos) {
        add_fault(out.faults, row, {CsvRule::kNul, nullptr}, text);
      } else if (!is_valid_utf8(text)) {
        add_fault(out.faults, row, {CsvRule::kEncoding, nullptr}, text);
      }
    }
  }

  std::shared_ptr<arrow::DataType> arrow_type_;
  std::uint64_t bytes_max_;
};

}  // namespace

std::unique_ptr<CsvColumn> make_csv_string_column(const CsvDialect& dialect, const Column& column,
                                                  std::uint32_t position) {
  return std::make_unique<StringColumn>(dialect, column, position);
}

}  // namespace tipple
