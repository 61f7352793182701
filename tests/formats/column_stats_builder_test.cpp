// Statistics are exact, independent of order and batches, and bounds even where text was cut.
#include "formats/column_stats_builder.h"

#include <cmath>
#include <limits>

#include "tests/formats/part_testing.h"

namespace tipple {
namespace {

using namespace testing_parts;

template <typename Builder, typename Value>
ColumnStats stats_of(const DataType& type, const std::vector<std::optional<Value>>& values) {
  const Schema schema{{"c", type, true}};
  Builder builder(arrow_type(type), arrow::default_memory_pool());
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  ColumnStatsBuilder stats(schema);
  stats.add(*arrow::RecordBatch::Make(arrow_schema(schema), static_cast<std::int64_t>(values.size()),
                                      {builder.Finish().ValueOrDie()}));
  return stats.finish().front();
}

ColumnStats text_stats(const std::vector<std::optional<std::string>>& values) {
  return stats_of<arrow::StringBuilder, std::string>(type_of("string"), values);
}

ColumnStats float_stats(const std::vector<std::optional<double>>& values) {
  return stats_of<arrow::DoubleBuilder, double>(type_of("float64"), values);
}

ColumnStats expected(std::uint64_t nulls, const std::string& low, const std::string& high) {
  return {nulls, low, high};
}

TEST(ColumnStats, NumbersAndDates) {
  EXPECT_EQ((stats_of<arrow::Int8Builder, std::int8_t>(type_of("int8"), {5, -128, std::nullopt, 127})),
            expected(1, "-128", "127"));
  EXPECT_EQ((stats_of<arrow::UInt64Builder, std::uint64_t>(type_of("uint64"),
                                                           {3, std::numeric_limits<std::uint64_t>::max()})),
            expected(0, "3", "18446744073709551615"));
  EXPECT_EQ((stats_of<arrow::Date32Builder, std::int32_t>(type_of("date"), {0, 15'706, -1})),
            expected(0, "\"1969-12-31\"", "\"2013-01-01\""));
  EXPECT_EQ((stats_of<arrow::Time64Builder, std::int64_t>(type_of("time"), {0, 86'399'999'999})),
            expected(0, "\"00:00:00.000000\"", "\"23:59:59.999999\""));
  EXPECT_EQ((stats_of<arrow::TimestampBuilder, std::int64_t>(type_of("timestamp_tz"), {-1, 1'357'016'400'000'000})),
            expected(0, "\"1969-12-31T23:59:59.999999Z\"", "\"2013-01-01T05:00:00.000000Z\""));
  EXPECT_EQ((stats_of<arrow::TimestampBuilder, std::int64_t>(type_of("timestamp"), {0})),
            expected(0, "\"1970-01-01T00:00:00.000000\"", "\"1970-01-01T00:00:00.000000\""));
  EXPECT_EQ((stats_of<arrow::BooleanBuilder, bool>(type_of("bool"), {true, false, std::nullopt})), expected(1, "", ""));
}

TEST(ColumnStats, DecimalsOfEveryWidth) {
  using Decimal = arrow::Decimal128;
  EXPECT_EQ((stats_of<arrow::Decimal128Builder, Decimal>(type_of("decimal(12,2)"),
                                                         {Decimal(-5), Decimal(12950), std::nullopt})),
            expected(1, "-0.05", "129.50"));
  EXPECT_EQ((stats_of<arrow::Decimal128Builder, Decimal>(type_of("decimal(38,0)"), {Decimal(1, 0), Decimal(-1, 0)})),
            expected(0, "-18446744073709551616", "18446744073709551616"));
}

TEST(ColumnStats, FloatsWithoutNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(float_stats({nan, 1.5, -2.25, nan}), expected(0, "-2.25", "1.5"));
  EXPECT_EQ(float_stats({nan, nan, std::nullopt}), expected(1, "", ""));
  EXPECT_EQ(float_stats({}), expected(0, "", ""));
  EXPECT_EQ(float_stats({inf}), expected(0, "\"Infinity\"", "\"Infinity\""));
  EXPECT_EQ(float_stats({-inf, 3.0}), expected(0, "\"-Infinity\"", "3"));
  EXPECT_EQ(float_stats({0.0, -0.0}), float_stats({-0.0, 0.0}));
}

TEST(ColumnStats, StringsAsBytesCutToBounds) {
  EXPECT_EQ(text_stats({"b", "", std::nullopt, "a"}), expected(1, "\"\"", "\"b\""));
  EXPECT_EQ(text_stats({"prefix-1234", "prefix-123", "prefix-12345"}),
            expected(0, "\"prefix-123\"", "\"prefix-12345\""));
  EXPECT_EQ(text_stats({"a\"b\n"}), expected(0, R"("a\"b\n")", R"("a\"b\n")"));
  EXPECT_EQ(text_stats({std::string("a\0b", 3), "a"}), expected(0, "\"a\"", R"("a\u0000b")"));
  const std::string long_text(40, 'x');
  EXPECT_EQ(text_stats({long_text}), expected(0, '"' + std::string(32, 'x') + '"', '"' + std::string(31, 'x') + "y\""));
  EXPECT_EQ(text_stats({std::string(32, 'x')}),
            expected(0, '"' + std::string(32, 'x') + '"', '"' + std::string(32, 'x') + '"'));
  // A character is never cut through, and one without a successor makes the one before it go up.
  const std::string umlauts =
      "x" +
      std::string(
          "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4");
  const std::string kept = umlauts.substr(0, 31);
  EXPECT_EQ(text_stats({umlauts}), expected(0, '"' + kept + '"', '"' + kept.substr(0, 29) + "\u00e5\""));
  const std::string last = std::string(28, 'a') + "\U0010ffff" + "tail";
  EXPECT_EQ(text_stats({last}), expected(0, '"' + last.substr(0, 32) + '"', '"' + std::string(27, 'a') + "b\""));
}

TEST(ColumnStats, EnumsByLabelNotByPosition) {
  const DataType type = type_of("enum(red,blue,green)");
  EXPECT_EQ((stats_of<arrow::UInt16Builder, std::uint16_t>(type, {0, 1})), expected(0, "\"blue\"", "\"red\""));
  EXPECT_EQ((stats_of<arrow::UInt16Builder, std::uint16_t>(type, {2, std::nullopt})),
            expected(1, "\"green\"", "\"green\""));
}

TEST(ColumnStats, IndependentOfOrderBatchesAndMerging) {
  std::mt19937_64 random(11);
  const Schema schema = all_types_schema();
  const Batch whole = random_batch(schema, 20'000, {random});
  ColumnStatsBuilder once(schema);
  once.add(*whole);
  auto slices = cut(whole, random, 1'500);
  std::shuffle(slices.begin(), slices.end(), random);
  ColumnStatsBuilder left(schema), right(schema);
  for (std::size_t i = 0; i < slices.size(); ++i) (i % 2 ? left : right).add(*slices[i]);
  ColumnStatsBuilder merged(schema);
  merged.merge(right);
  merged.merge(left);
  EXPECT_EQ(merged.finish(), once.finish());
}

}  // namespace
}  // namespace tipple
