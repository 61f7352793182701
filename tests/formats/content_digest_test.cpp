// The digest sees rows, not their order, batches or buffers; and it sees every change of a row.
#include "formats/content_digest.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <set>

#include "tests/formats/part_testing.h"

namespace tipple {
namespace {

using namespace testing_parts;

Id128 digest_of(const std::vector<Batch>& batches, const Schema& schema) {
  Id128 sum;
  for (const Batch& batch : batches) sum = add(sum, content_digest(*batch, schema));
  return sum;
}

Schema integers(std::size_t columns) {
  Schema schema;
  for (std::size_t c = 0; c < columns; ++c) schema.push_back({"c" + std::to_string(c), type_of("int64"), true});
  return schema;
}

Batch rows_of(const Schema& schema, const std::vector<std::vector<std::int64_t>>& rows) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (std::size_t c = 0; c < schema.size(); ++c) {
    arrow::Int64Builder builder;
    for (const auto& row : rows) EXPECT_TRUE(builder.Append(row[c]).ok());
    arrays.push_back(builder.Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(arrow_schema(schema), static_cast<std::int64_t>(rows.size()), arrays);
}

TEST(ContentDigest, IndependentOfCutsOffsetsAndOrder) {
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Schema schema = all_types_schema();
  const Batch whole = random_batch(schema, 5'000, {random});
  const Id128 expected = content_digest(*whole, schema);
  for (int i = 0; i < 10; ++i) {
    auto slices = cut(whole, random, i < 5 ? 700 : 3);
    std::shuffle(slices.begin(), slices.end(), random);
    ASSERT_EQ(digest_of(slices, schema), expected);
  }
  EXPECT_EQ(content_digest(*whole->Slice(0, 0), schema), Id128{});
}

TEST(ContentDigest, EveryPartCodecKeepsIt) {
  std::mt19937_64 random(1);
  const Schema schema = all_types_schema();
  const Batch whole = random_batch(schema, 3'000, {random});
  const ScratchFolder folder;
  ASSERT_TRUE(write_part(folder.path() / "p", schema, Codec::kDeflate, {whole}).ok());
  EXPECT_EQ(content_digest(*read_part(folder.path() / "p").value(), schema), content_digest(*whole, schema));
}

TEST(ContentDigest, SeesSwapsDuplicatesAndSingleChanges) {
  const Schema schema = integers(3);
  const auto digest = [&](const std::vector<std::vector<std::int64_t>>& rows) {
    return content_digest(*rows_of(schema, rows), schema);
  };
  const Id128 base = digest({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(base, digest({{4, 5, 6}, {1, 2, 3}}));
  EXPECT_NE(base, digest({{2, 1, 3}, {4, 5, 6}})) << "values swapped between columns";
  EXPECT_NE(base, digest({{4, 2, 3}, {1, 5, 6}})) << "values swapped between rows";
  EXPECT_NE(base, digest({{1, 2, 3}, {1, 2, 3}}));
  EXPECT_NE(digest({{1, 2, 3}}), digest({{1, 2, 3}, {1, 2, 3}})) << "a duplicate";
  EXPECT_NE(digest({{1, 2, 3}, {1, 2, 3}}), Id128{});
}

TEST(ContentDigest, SmallNeighboursNeverCollide) {
  const Schema schema = integers(2);
  std::set<Id128> seen;
  for (std::int64_t a = -150; a < 150; ++a) {
    for (std::int64_t b = -150; b < 150; ++b) seen.insert(content_digest(*rows_of(schema, {{a, b}}), schema));
  }
  EXPECT_EQ(seen.size(), 300U * 300U);
  // No low or high half alone collides either: 90,000 values in 2^64.
  std::set<std::uint64_t> low, high;
  for (const Id128& id : seen) low.insert(id.low), high.insert(id.high);
  EXPECT_EQ(low.size(), seen.size());
  EXPECT_EQ(high.size(), seen.size());
}

TEST(ContentDigest, EveryBitOfEveryTypeCounts) {
  std::mt19937_64 random(7);
  for (const Column& column : all_types_schema()) {
    const Schema schema{{column.name, column.type, false}};
    std::set<Id128> seen;
    std::set<std::string> values;
    const Batch batch = random_batch(schema, 200, {random});
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      seen.insert(content_digest(*batch->Slice(i, 1), schema));
      values.insert(batch->column(0)->GetScalar(i).ValueOrDie()->ToString());
    }
    EXPECT_EQ(seen.size(), values.size()) << column.name;
  }
}

TEST(ContentDigest, NullIsNoValue) {
  std::mt19937_64 random(8);
  for (const Column& column : all_types_schema()) {
    if (!column.nullable) continue;
    const Schema schema{column};
    const Id128 null = content_digest(*random_batch(schema, 1, {random, 1.0}), schema);
    EXPECT_EQ(null, content_digest(*random_batch(schema, 1, {random, 1.0}), schema));
    for (int i = 0; i < 50; ++i)
      EXPECT_NE(null, content_digest(*random_batch(schema, 1, {random, 0.0}), schema)) << column.name;
  }
}

TEST(ContentDigest, OneNaNAndTwoZeros) {
  const Schema schema{{"x", type_of("float64"), false}};
  const auto digest = [&](double value) {
    arrow::DoubleBuilder builder;
    EXPECT_TRUE(builder.Append(value).ok());
    return content_digest(*arrow::RecordBatch::Make(arrow_schema(schema), 1, {builder.Finish().ValueOrDie()}), schema);
  };
  const double quiet = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(digest(quiet), digest(-quiet));
  EXPECT_EQ(digest(quiet), digest(std::nan("123")));
  EXPECT_NE(digest(quiet), digest(std::numeric_limits<double>::infinity()));
  EXPECT_NE(digest(0.0), digest(-0.0));
}

// docs/format-hdf5.md gives this example: tables that were published carry the sum for ever.
TEST(ContentDigest, IsTheDocumentedExample) {
  const Schema schema{{"n", type_of("int64"), true}, {"s", type_of("string"), false}};
  arrow::Int64Builder numbers;
  ASSERT_TRUE(numbers.Append(42).ok() && numbers.AppendNull().ok());
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append("tipple").ok() && texts.Append("").ok());
  const auto batch =
      arrow::RecordBatch::Make(arrow_schema(schema), 2, {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  EXPECT_EQ(content_digest(*batch, schema).to_hex(), "f712074b37e1d9a71dd748560bd3bbc7");
}

}  // namespace
}  // namespace tipple
