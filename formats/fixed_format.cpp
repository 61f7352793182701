#include "formats/fixed_format.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/line_batch.h"
#include "formats/line_format.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {
namespace {

// Bit k: byte k of the 16 at `p` is no space.
inline std::uint32_t text_mask_16(const char* p) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')))) ^ 0xFFFF;
#else
  std::uint32_t mask = 0;
  for (std::uint32_t i = 0; i < 16; ++i) mask |= std::uint32_t{p[i] != ' '} << i;
  return mask;
#endif
}

template <bool kWide>
inline std::uint32_t text_mask(const char* p) {
  return kWide ? text_mask_16(p) | text_mask_16(p + 16) << 16 : text_mask_16(p);
}

// What of the `size` bytes at `p` is left without the spaces around it.
struct Trimmed {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

Trimmed trim_long(const char* p, std::uint32_t size) {
  Trimmed text{0, size};
  while (text.end > 0 && p[text.end - 1] == ' ') --text.end;
  while (text.begin < text.end && p[text.begin] == ' ') ++text.begin;
  return text;
}

bool holds_text(const DataType& type) {
  return type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString || type.kind == TypeKind::kEnum;
}

class FixedBinding final : public LineBinding {
 public:
  FixedBinding(const SourceSpec& source, LineRules rules) : LineBinding(rules), source_(source) {}

  [[nodiscard]] Status add_table(const std::vector<std::string>& fields, const BoundTable& wishes,
                                 const std::string& path) {
    TIPPLE_TRY(auto positions, bind_line_fields(fields, wishes, path));
    TIPPLE_TRY(LineTable table, LineTable::bind(wishes, line_null_texts(source_, positions), fields));
    tables_.push_back({std::move(table), std::move(positions)});
    return {};
  }

  [[nodiscard]] Result<ConvertedBatch> convert(std::size_t table, std::span<const char> block, const RecordIndex& index,
                                               const BlockPlace& place, bool, arrow::MemoryPool* pool) const override {
    const Table& bound = tables_[table];
    LineBatch batch(bound.lines, block, dynamic_cast<const LineIndex&>(index), place, pool);
    batch.add_all_rows();
    thread_local std::vector<std::uint32_t> scratch;
    scratch.resize(batch.row_lines().size() * 2);
    for (std::size_t column = 0; column < bound.fields.size(); ++column) {
      if (bound.fields[column]) {
        find_cells(batch, source_.fixed[*bound.fields[column]], column,
                   holds_text(bound.lines.wishes.columns[column].column.type), scratch.data());
      } else {
        for (std::size_t i = 0; i < scratch.size(); ++i)
          scratch[i] = i % 2;  // an empty cell in every row: its only null text
      }
      TIPPLE_RETURN_IF_ERROR(batch.convert(column, {block.data(), scratch.data(), 2, batch.row_lines().size()}));
    }
    if (bound.lines.rescue) TIPPLE_RETURN_IF_ERROR(rescue(bound, batch));
    return batch.finish();
  }

 private:
  struct Table {
    LineTable lines;
    std::vector<std::optional<std::uint32_t>> fields;  // by column
  };

  [[nodiscard]] Status rescue(const Table& bound, LineBatch& batch) const {
    const std::vector<RescuePlan::Field>& fields = bound.lines.rescue->fields;
    std::vector<std::vector<std::uint32_t>> cells(fields.size());
    return batch.rescue(source_.csv, [&](std::size_t k) -> CsvCells {
      cells[k].resize(batch.row_lines().size() * 2);
      // As a text: that the line ends inside a field breaks only columns that must have all of it.
      find_cells(batch, source_.fixed[fields[k].position], bound.lines.rescue->column, true, cells[k].data());
      return {batch.block(), cells[k].data(), 2, batch.row_lines().size()};
    });
  }

  // As CsvCells wants them: the position before the cell, its end.
  static void find_cells(LineBatch& batch, const FixedField& field, std::size_t column, bool text, std::uint32_t* out) {
    bool all_usual = false;
    if (field.width <= 16) {
      all_usual = find_usual_cells<false>(batch, field, out);
    } else if (field.width <= 32) {
      all_usual = find_usual_cells<true>(batch, field, out);
    }
    if (all_usual) return;
    for (std::size_t row = 0; row < batch.row_lines().size(); ++row) {
      const LineIndex::Line line = batch.lines()[batch.row_lines()[row]];
      if (field.width > 32 || line.end - line.begin < field.begin + field.width) {
        find_unusual_cell(batch, field, column, text, row, line, out + 2 * row);
      }
    }
  }

  // Of lines that have the whole field; what it finds in others is nothing. False: there are others. A function of its
  // own without a call inside, so that the loop has the registers to itself.
  template <bool kWide>
  [[gnu::noinline]] static bool find_usual_cells(const LineBatch& batch, const FixedField& field, std::uint32_t* out) {
    const char* const block = batch.block();
    const LineIndex::Line* const lines = batch.lines().data();
    const std::uint32_t* const rows = batch.row_lines().data();
    const std::size_t count = batch.row_lines().size();
    const std::uint32_t field_begin = field.begin;
    const std::uint32_t field_end = field.begin + field.width;
    const auto inside = static_cast<std::uint32_t>((std::uint64_t{1} << field.width) - 1);
    std::uint32_t short_lines = 0;
    for (std::size_t row = 0; row < count; ++row) {
      const LineIndex::Line line = lines[rows[row]];
      const std::uint32_t size = line.end - line.begin;
      const bool usual = size >= field_end;
      short_lines |= usual ? 0 : 1;
      const std::uint32_t begin = line.begin + (usual ? field_begin : 0);
      const std::uint32_t mask = text_mask<kWide>(block + begin) & inside;
      const std::uint32_t first = mask == 0 ? 0 : static_cast<std::uint32_t>(std::countr_zero(mask));
      const auto end = static_cast<std::uint32_t>(std::bit_width(mask));
      const std::uint64_t cell =
          std::uint64_t{begin + end} << 32 | (begin + first - 1);  // wraps for the block's first byte
      std::memcpy(out + 2 * row, &cell, sizeof(cell));
    }
    return short_lines == 0;
  }

  // A field that the line does not have whole, or a long one.
  [[gnu::noinline]] static void find_unusual_cell(LineBatch& batch, const FixedField& field, std::size_t column,
                                                  bool text, std::size_t row, LineIndex::Line line,
                                                  std::uint32_t* out) {
    const std::uint32_t size = line.end - line.begin;
    const std::uint32_t begin = line.begin + std::min(field.begin, size);
    const std::uint32_t has = std::min(line.end - begin, field.width);
    const Trimmed trimmed = trim_long(batch.block() + begin, has);
    out[0] = begin + trimmed.begin - 1;
    out[1] = begin + trimmed.end;
    if (has < field.width && !text && trimmed.end > trimmed.begin) add_cut(batch, row, column, field, has);
  }

  static void add_cut(LineBatch& batch, std::size_t row, std::size_t column, const FixedField& field,
                      std::uint32_t has) {
    if (batch.row_faults().is_bad(row)) return;
    batch.row_faults().add(static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column), CsvRule::kArity,
                           fmt::format("the line ends inside the field, after {} of its {} bytes", has, field.width));
  }

  const SourceSpec& source_;
  std::vector<Table> tables_;
};

class FixedFormat final : public LineFormat {
 public:
  using LineFormat::LineFormat;

  [[nodiscard]] Result<std::unique_ptr<RecordBinding>> bind(const FileHead& head, const std::vector<BoundTable>& tables,
                                                            const std::string& path) const override {
    auto binding = std::make_unique<FixedBinding>(source_, LineRules{source_.csv.comment, false});
    for (const BoundTable& table : tables) TIPPLE_RETURN_IF_ERROR(binding->add_table(head.fields, table, path));
    return std::unique_ptr<RecordBinding>(std::move(binding));
  }
};

}  // namespace

Result<std::unique_ptr<RecordFormat>> make_fixed_format(const SourceSpec& source) {
  const auto fault = [&](std::string what) {
    return usage_error(fmt::format("source {}: {}", printable_text(source.name), what));
  };
  if (source.fixed.empty()) return fault("fixed width has no fields");
  if (source.fixed.size() > limits::kColumnsMax) {
    return fault(fmt::format("has {} fields, at most {} are read", source.fixed.size(), limits::kColumnsMax));
  }
  std::vector<std::string> names;
  std::set<std::string_view> known;
  for (const FixedField& field : source.fixed) {
    const std::string name = printable_text(field.name);
    if (!known.insert(field.name).second) return fault(fmt::format("the field {} is there twice", name));
    if (field.width == 0) return fault(fmt::format("the field {} has no width", name));
    if (field.width > limits::kFieldBytesMax || field.begin > limits::kRecordBytesMax) {
      return fault(fmt::format("the field {} is too wide or too far right: at most {} bytes, at most {} before it",
                               name, limits::kFieldBytesMax, limits::kRecordBytesMax));
    }
    names.push_back(field.name);
  }
  return std::unique_ptr<RecordFormat>(std::make_unique<FixedFormat>(source, std::move(names)));
}

}  // namespace tipple
