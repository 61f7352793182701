#include "formats/fixed_cells.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "formats/csv_utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {
namespace {

constexpr std::uint32_t kVectorBytesMax = 32;

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

// Of lines that have the whole field; what it finds in others is nothing. False: there are others. A function of its
// own without a call inside, so that the loop has the registers to itself.
template <bool kWide>
[[gnu::noinline]] bool find_usual_cells(const LineBatch& batch, const FixedField& field, std::uint32_t* out) {
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

}  // namespace

FixedLayout::FixedLayout(std::vector<FixedField> fields) : fields_(std::move(fields)) {
  for (const FixedField& field : fields_) {
    marks_.push_back(field.begin);
    if (!field.is_open()) marks_.push_back(field.begin + field.width);
  }
  std::sort(marks_.begin(), marks_.end());
  marks_.erase(std::unique(marks_.begin(), marks_.end()), marks_.end());
  const auto mark_at = [&](std::uint32_t character) {
    return static_cast<std::size_t>(std::lower_bound(marks_.begin(), marks_.end(), character) - marks_.begin());
  };
  for (const FixedField& field : fields_) {
    begins_.push_back(mark_at(field.begin));
    ends_.push_back(field.is_open() ? marks_.size() : mark_at(field.begin + field.width));
  }
}

FixedRows::FixedRows(const FixedLayout& layout, LineBatch& batch) : layout_(layout), batch_(batch) { add_rows(); }

void FixedRows::add_rows() {
  const auto lines = batch_.lines();
  const bool ascii = lines.empty() || is_ascii_without_nul({batch_.block() + lines.front().begin,
                                                            lines.back().end - lines.front().begin});
  if (ascii) return batch_.add_all_rows();
  for (std::size_t k = 0; k < lines.size(); ++k) {
    if (!batch_.check_size(k)) continue;
    const std::string_view line = batch_.text(k);
    const bool wide = !is_ascii_without_nul(line);
    // Where characters cannot be told, the fields behind them would be read from other places.
    if (wide && !is_valid_utf8(line)) {
      batch_.reject(k, to_string(CsvRule::kEncoding), "the line is not valid UTF-8");
      continue;
    }
    if (wide) note_wide(static_cast<std::uint32_t>(batch_.row_lines().size()), line);
    batch_.add_row(k);
  }
}

void FixedRows::note_wide(std::uint32_t row, std::string_view line) {
  Wide wide{row, 0, offsets_.size(), 0};
  const std::span<const std::uint32_t> marks = layout_.marks();
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (!begins_character(line[at])) continue;
    if (wide.marks < marks.size() && marks[wide.marks] == wide.characters) {
      offsets_.push_back(static_cast<std::uint32_t>(at));
      ++wide.marks;
    }
    ++wide.characters;
  }
  if (wide.marks < marks.size() && marks[wide.marks] == wide.characters) {
    offsets_.push_back(static_cast<std::uint32_t>(line.size()));
    ++wide.marks;
  }
  wide_.push_back(wide);
}

FixedRows::Span FixedRows::span_in(const Wide& wide, std::size_t k) const {
  const LineIndex::Line line = batch_.lines()[batch_.row_lines()[wide.row]];
  const std::uint32_t size = line.end - line.begin;
  const auto offset = [&](std::size_t mark) { return mark < wide.marks ? offsets_[wide.first + mark] : size; };
  const FixedField& field = layout_.field(k);
  const std::uint32_t field_end = field.begin + field.width;
  return {offset(layout_.begin_mark(k)), offset(layout_.end_mark(k)),
          field.is_open() || field_end <= wide.characters ? 0 : field_end - wide.characters};
}

void FixedRows::put_cell(std::size_t k, std::size_t column, bool text, std::size_t row, Span span, std::uint32_t* out) {
  const LineIndex::Line line = batch_.lines()[batch_.row_lines()[row]];
  const char* const p = batch_.block() + line.begin;
  while (span.end > span.begin && p[span.end - 1] == ' ') --span.end;
  while (span.begin < span.end && p[span.begin] == ' ') ++span.begin;
  out[2 * row] = line.begin + span.begin - 1;  // wraps for the block's first byte
  out[2 * row + 1] = line.begin + span.end;
  if (span.lacking == 0 || text || span.begin == span.end || batch_.row_faults().is_bad(row)) return;
  const std::uint32_t width = layout_.field(k).width;
  batch_.row_faults().add(
      static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column), CsvRule::kArity,
      fmt::format("the line ends inside the field, after {} of its {} characters", width - span.lacking, width));
}

bool FixedRows::find_usual(const FixedField& field, std::uint32_t* out) const {
  return field.width <= 16 ? find_usual_cells<false>(batch_, field, out) : find_usual_cells<true>(batch_, field, out);
}

void FixedRows::find_cells(std::size_t k, std::size_t column, bool text, std::uint32_t* out) {
  const FixedField& field = layout_.field(k);
  const bool vectors = !field.is_open() && field.width <= kVectorBytesMax;
  const bool all_found = vectors && find_usual(field, out);
  if (all_found && wide_.empty()) return;
  auto wide = wide_.begin();
  for (std::size_t row = 0; row < batch_.row_lines().size(); ++row) {
    if (wide != wide_.end() && wide->row == row) {
      put_cell(k, column, text, row, span_in(*wide++, k), out);
      continue;
    }
    const LineIndex::Line line = batch_.lines()[batch_.row_lines()[row]];
    const std::uint32_t size = line.end - line.begin;
    const std::uint32_t end = field.is_open() ? std::max(size, field.begin) : field.begin + field.width;
    if (vectors && end <= size) continue;
    put_cell(k, column, text, row, {std::min(field.begin, size), std::min(end, size), end - std::min(end, size)}, out);
  }
}

}  // namespace tipple
