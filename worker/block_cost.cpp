#include "worker/block_cost.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/check.h"
#include "formats/rescue.h"
#include "jobs/load_job.h"
#include "jobs/rescued_column.h"
#include "worker/block_pool.h"

namespace tipple {
namespace {

// Three buffers of a column, each rounded up to 64 bytes, and what a copy may write past its end.
constexpr std::uint64_t kColumnBytes = 3 * 64 + 64;
// CsvIndex: a field end a byte, in a buffer that grows by doubling. Other formats: a line end for every other byte.
constexpr std::uint64_t kCsvIndexFactor = 2 * sizeof(std::uint32_t);
constexpr std::uint64_t kLineIndexFactor = sizeof(std::uint32_t);
// JsonCells: begin and end of each wanted value, which records may hold more, and a copy of the block.
constexpr std::uint64_t kJsonCellBits = 2 * 32;
constexpr std::uint64_t kJsonRecordBits = 32;
constexpr std::uint64_t kJsonRecordBytesMin = 2;  // anything at all, and its line end

bool is_text(const DataType& type) { return type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString; }

// Of a value in its Arrow buffer; a text's offset.
std::uint64_t value_bits(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kBool:
      return 1;
    case TypeKind::kInt8:
    case TypeKind::kUint8:
      return 8;
    case TypeKind::kInt16:
    case TypeKind::kUint16:
    case TypeKind::kEnum:
      return 16;
    case TypeKind::kInt32:
    case TypeKind::kUint32:
    case TypeKind::kFloat32:
    case TypeKind::kDate:
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return 32;
    case TypeKind::kInt64:
    case TypeKind::kUint64:
    case TypeKind::kFloat64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return 64;
    case TypeKind::kDecimal:
      return 128;
  }
  TIPPLE_CHECK(false, "unknown type kind");
}

bool is_read(const ColumnSpec& column) { return column.expr.empty() && !column.from.starts_with('$'); }

// A record of a CSV file has at least a byte for each field: its delimiter or line end.
std::uint64_t fields_of(const TableSpec& table) {
  std::set<std::string_view> fields;
  for (const ColumnSpec& column : table.columns) {
    if (is_read(column)) fields.insert(column.field());
  }
  return fields.size();
}

}  // namespace

BlockCost::BlockCost(const SourceSpec& source, const std::vector<const TableSpec*>& tables) {
  const bool csv = source.format == SourceFormat::kCsv;
  const bool json = source.format == SourceFormat::kJsonLines;
  index_factor_ = csv ? kCsvIndexFactor : kLineIndexFactor;
  if (json) record_bytes_min_ = kJsonRecordBytesMin;
  for (const TableSpec* table : tables) {
    const bool all_there = table->from.size() == 1 && !finds_columns(*table);  // else a file may lack some
    if (csv && all_there) record_bytes_min_ = std::max(record_bytes_min_, fields_of(*table));
    const auto add = [this](const Column& column) {
      bits_per_record_ += value_bits(column.type) + (column.nullable ? 1 : 0);
      fixed_bytes_ += kColumnBytes;
    };
    bool any_text = false;
    for (const ColumnSpec& column : table->columns) {
      add(column.column);
      any_text |= is_text(column.column.type);
      if (json && (is_read(column) || is_rescued_column(column))) bits_per_record_ += kJsonCellBits;
    }
    texts_ += any_text ? 1 : 0;
    if (json) {
      bits_per_record_ += kJsonRecordBits;
      texts_ += 1;
    }
    // What is rescued: its text once more. Names and escapes beside it are charged when they are known.
    texts_ += rescued_position(table->columns) ? 1 : 0;
    if (!table->needs_pipeline()) continue;
    // Its steps make another batch of this one.
    any_text = false;
    for (const Column& column : table->schema()) {
      add(column);
      any_text |= is_text(column.type);
    }
    texts_ += any_text ? 1 : 0;
  }
}

std::uint64_t BlockCost::batch_bytes_max(std::uint64_t records, std::uint64_t text_bytes) const {
  return records * bits_per_record_ / 8 + texts_ * text_bytes + fixed_bytes_;
}

std::uint64_t BlockCost::block_bytes_max(std::uint64_t block_bytes) const {
  const std::uint64_t text = BlockPool::kCarryBytesMax + block_bytes;
  return BlockPool::slab_bytes(block_bytes) + index_factor_ * text + batch_bytes_max(text / record_bytes_min_, text);
}

}  // namespace tipple
