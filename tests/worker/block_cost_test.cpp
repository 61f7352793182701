#include "worker/block_cost.h"

#include <memory>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "formats/record_format.h"

namespace tipple {
namespace {

constexpr std::size_t kColumns = 200;
constexpr std::size_t kReadableBeyond = 64;

struct Wide {
  SourceSpec source;
  TableSpec table;
};

// A table of many columns, each of one field of the same name.
Wide wide(SourceFormat format) {
  Wide made;
  made.source.name = "s";
  made.source.format = format;
  made.source.csv.header = false;
  made.table.name = "t";
  made.table.from = {SourceId(0)};
  for (std::size_t i = 0; i < kColumns; ++i) {
    ColumnSpec column;
    column.column.name = "c" + std::to_string(i);
    column.column.type.kind = TypeKind::kFloat64;
    column.column.nullable = true;
    column.from = column.column.name;
    made.table.columns.push_back(column);
    made.source.fields.push_back(column.from);
  }
  return made;
}

// What Arrow's pool gave out at most while `text` was converted.
std::int64_t converted_bytes(const Wide& wide, std::string text, std::uint64_t records) {
  auto format = make_record_format(wide.source);
  EXPECT_TRUE(format.ok());
  BoundTable bound;
  bound.columns = wide.table.columns;
  bound.absent_is_null = true;
  FileHead head;
  head.fields = wide.source.fields;
  auto binding = (*format)->bind(head, {bound}, "in");
  EXPECT_TRUE(binding.ok());
  const std::size_t size = text.size();
  text.resize(size + kReadableBeyond);
  const std::span<const char> block(text.data(), size);
  const auto index = (*binding)->make_index();
  EXPECT_EQ((*binding)->split(block, true, *index).whole, size);
  EXPECT_EQ(index->record_count(), records);
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  auto batch = (*binding)->convert(0, block, *index, {"in", 0, 0}, false, &pool);
  EXPECT_TRUE(batch.ok());
  EXPECT_EQ(static_cast<std::uint64_t>(batch->batch->num_rows()), records);
  return pool.max_memory();
}

TEST(BlockCost, HoldsTheBatchOfManyColumns) {
  constexpr std::uint64_t kRecords = 2000;
  std::string text;
  for (std::uint64_t i = 0; i < kRecords; ++i) text += "{}\n";
  const Wide json = wide(SourceFormat::kJsonLines);
  const BlockCost cost(json.source, {&json.table});
  EXPECT_GE(cost.batch_bytes_max(kRecords, text.size()),
            static_cast<std::uint64_t>(converted_bytes(json, text, kRecords)));
}

// A value's place takes as much memory as the value, and there is one for each column, also of a record that has none.
TEST(BlockCost, CountsTheCellsOfJson) {
  constexpr std::uint64_t kRecords = 2000;
  constexpr std::uint64_t kTextBytes = kRecords * 3;
  const Wide json = wide(SourceFormat::kJsonLines);
  const Wide fixed = wide(SourceFormat::kFixedWidth);
  const std::uint64_t cells = kRecords * kColumns * 2 * sizeof(std::uint32_t);
  EXPECT_GE(BlockCost(json.source, {&json.table}).batch_bytes_max(kRecords, kTextBytes),
            BlockCost(fixed.source, {&fixed.table}).batch_bytes_max(kRecords, kTextBytes) + cells + kTextBytes);
}

TEST(BlockCost, ABlockIsLetInByWhatItCanComeToAtMost) {
  const Wide json = wide(SourceFormat::kJsonLines);
  const BlockCost cost(json.source, {&json.table});
  constexpr std::uint64_t kBlockBytes = 64 * limits::kKiB;
  // The shortest records that there are.
  EXPECT_GE(cost.block_bytes_max(kBlockBytes), cost.batch_bytes_max(kBlockBytes / 2, kBlockBytes) + kBlockBytes);
}

}  // namespace
}  // namespace tipple
