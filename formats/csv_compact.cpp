#include "formats/csv_compact.h"

#include <cstdint>
#include <cstring>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "formats/csv_column.h"

namespace tipple {
namespace {

bool get_bit(const std::uint8_t* bits, std::size_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

// Moves the bits of `runs` to the front and zeroes the rest of the last byte. Returns how many of those kept are zero.
std::int64_t keep_bits(const std::vector<CsvRowRun>& runs, std::uint8_t* bits) {
  std::size_t to = 0;
  std::int64_t zeros = 0;
  for (const CsvRowRun& run : runs) {
    for (std::size_t from = run.begin; from < run.end; ++from, ++to) {
      const bool bit = get_bit(bits, from);
      zeros += bit ? 0 : 1;
      const auto mask = static_cast<std::uint8_t>(1U << (to % 8));
      bits[to / 8] = static_cast<std::uint8_t>(bit ? bits[to / 8] | mask : bits[to / 8] & ~mask);
    }
  }
  if (to % 8 != 0) bits[to / 8] = static_cast<std::uint8_t>(bits[to / 8] & ((1U << (to % 8)) - 1));
  return zeros;
}

void keep_values(const std::vector<CsvRowRun>& runs, std::uint8_t* values, std::size_t width) {
  std::uint8_t* to = values;
  for (const CsvRowRun& run : runs) {
    const std::size_t bytes = (run.end - run.begin) * width;
    std::memmove(to, values + run.begin * width, bytes);
    to += bytes;
  }
}

void keep_strings(const std::vector<CsvRowRun>& runs, std::int32_t* offsets, std::uint8_t* text) {
  std::size_t row = 0;
  std::int32_t at = 0;
  for (const CsvRowRun& run : runs) {
    const std::int32_t first = offsets[run.begin];
    const std::int32_t last = offsets[run.end];
    std::memmove(text + at, text + first, static_cast<std::size_t>(last - first));
    for (std::size_t from = run.begin; from < run.end; ++from) offsets[row++] = offsets[from] - first + at;
    at += last - first;
    // offsets[row] may be the next run's beginning, which is still to be read: the end is written last.
  }
  offsets[row] = at;
}

void clear_bit(std::uint8_t* bits, std::size_t i) {
  bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] & ~(1U << (i % 8)));
}

// Takes the texts of `rows` out of those of `count` rows.
void drop_texts(const std::vector<std::uint32_t>& rows, std::size_t count, std::int32_t* offsets, std::uint8_t* text) {
  std::int32_t at = offsets[rows.front()];
  std::int32_t first = at;
  std::size_t next = 0;
  for (std::size_t row = rows.front(); row < count; ++row) {
    const std::int32_t last = offsets[row + 1];
    if (next < rows.size() && rows[next] == row) {
      ++next;
    } else {
      std::memmove(text + at, text + first, static_cast<std::size_t>(last - first));
      at += last - first;
    }
    offsets[row + 1] = at;
    first = last;
  }
}

}  // namespace

std::vector<CsvRowRun> good_runs(const CsvFaults& faults) {
  std::vector<CsvRowRun> runs;
  for (std::size_t row = 0; row < faults.rows(); ++row) {
    if (faults.is_bad(row)) continue;
    if (runs.empty() || runs.back().end != row) runs.push_back({row, row});
    runs.back().end = row + 1;
  }
  return runs;
}

void keep_runs(const std::vector<CsvRowRun>& runs, arrow::ArrayData& column) {
  std::size_t rows = 0;
  for (const CsvRowRun& run : runs) rows += run.end - run.begin;
  column.length = static_cast<std::int64_t>(rows);
  if (column.buffers[0] != nullptr) {
    column.null_count = keep_bits(runs, column.buffers[0]->mutable_data());
    if (column.null_count == 0) column.buffers[0] = nullptr;
  }
  std::uint8_t* const values = column.buffers[1]->mutable_data();
  if (column.type->id() == arrow::Type::STRING) {
    keep_strings(runs, reinterpret_cast<std::int32_t*>(values), column.buffers[2]->mutable_data());
  } else if (column.type->id() == arrow::Type::BOOL) {
    keep_bits(runs, values);
  } else {
    keep_values(runs, values, static_cast<std::size_t>(column.type->byte_width()));
  }
}

Status null_rows(const std::vector<std::uint32_t>& rows, arrow::ArrayData& column, arrow::MemoryPool* pool) {
  if (rows.empty()) return {};
  const auto count = static_cast<std::size_t>(column.length);
  if (column.buffers[0] == nullptr) {
    CsvValidity validity(count, pool);
    for (const std::uint32_t row : rows) validity.set_null(row);
    TIPPLE_RETURN_IF_ERROR(validity.status());
    column.buffers[0] = validity.buffer();
    column.null_count = validity.nulls();
  } else {
    column.null_count = column.GetNullCount() + static_cast<std::int64_t>(rows.size());
    for (const std::uint32_t row : rows) clear_bit(column.buffers[0]->mutable_data(), row);
  }
  std::uint8_t* const values = column.buffers[1]->mutable_data();
  if (column.type->id() == arrow::Type::STRING) {
    drop_texts(rows, count, reinterpret_cast<std::int32_t*>(values), column.buffers[2]->mutable_data());
  } else if (column.type->id() == arrow::Type::BOOL) {
    for (const std::uint32_t row : rows) clear_bit(values, row);
  } else {
    const auto width = static_cast<std::size_t>(column.type->byte_width());
    for (const std::uint32_t row : rows) std::memset(values + row * width, 0, width);
  }
  return {};
}

}  // namespace tipple
