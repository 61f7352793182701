// The pipeline as a whole: computed columns, the order of steps, the account of rows.
#include "transforms/table_pipeline.h"

#include <gmock/gmock.h>

#include <random>

#include "tests/base/test_seed.h"
#include "tests/transforms/pipeline_harness.h"

namespace tipple {
namespace {

using namespace pipeline_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(TablePipeline, ComputesColumnsFromColumnsAndFields) {
  const Harness harness(
      {computed("total", "price * amount::int64"), column("price", "int64"), computed("big", "total > 10")});
  const auto inputs = TablePipeline::input_columns(harness.job, harness.table(), SourceId(0));
  ASSERT_THAT(inputs, SizeIs(2));
  EXPECT_EQ(inputs[1].column.name, "amount");
  EXPECT_TRUE(inputs[1].column.nullable);
  const PipelineOutput output = harness.run({{"3", "4"}, {"1", "1"}, {"2", kNull}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("12|3|true", "1|1|false", "null|2|null"));
}

TEST(TablePipeline, FieldMapsNameTheFieldsOfOneSource) {
  Harness harness({column("a", "int32"), computed("b", "length(note)")});
  harness.job.tables[0].field_maps = {{{"a", "A1"}, {"note", "Bemerkung"}}};
  const auto inputs = TablePipeline::input_columns(harness.job, harness.table(), SourceId(0));
  ASSERT_THAT(inputs, SizeIs(2));
  EXPECT_EQ(inputs[0].from, "A1");
  EXPECT_EQ(inputs[1].from, "Bemerkung");
}

TEST(TablePipeline, StepsRunInOrderAndFirstFaultStays) {
  const Harness harness({column("a", "int32"), column("b", "int32")},
                        {DeriveStep{{{"q", "a / b"}, {"r", "a / (b - 1)"}}}, WhereStep{"q > 0"},
                         DeriveStep{{{"s", "100 / (a - 5)"}}}, DropStep{{"r"}}});
  const PipelineOutput output =
      harness.run({{"6", "2"}, {"1", "0"}, {"0", "2"}, {"5", "2"}, {"4", "1"}, {kNull, "2"}, {"9", "3"}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("6|2|3|100", "9|3|3|25"));
  EXPECT_THAT(printed(output.faults),
              ElementsAre("1 q division_by_zero", "3 s division_by_zero", "4 r division_by_zero"));
  EXPECT_EQ(output.filtered, 2u);
}

TEST(TablePipeline, FaultyRowsOfAConditionAreNotFiltered) {
  const Harness harness({column("a", "int32")}, {WhereStep{"10 / a > 3"}});
  const PipelineOutput output = harness.run({{"1"}, {"0"}, {"5"}, {"2"}, {"0"}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("1", "2"));
  EXPECT_THAT(printed(output.faults), ElementsAre("1  division_by_zero", "4  division_by_zero"));
  EXPECT_EQ(output.filtered, 1u);
}

TEST(TablePipeline, CastsRejectWhatDoesNotFit) {
  const Harness harness({column("a", "string"), column("b", "int32")},
                        {CastStep{{{"a", type("int16")}, {"b", type("string")}}}});
  const PipelineOutput output = harness.run({{"12", "1"}, {"x", "2"}, {kNull, "3"}, {"40000", "4"}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("12|\"1\"", "null|\"3\""));
  EXPECT_THAT(output.faults, SizeIs(2));
}

TEST(TablePipeline, NullsOfColumnsThatMayNotBeNullAreRejected) {
  ColumnSpec strict = computed("n", "length(note)");
  strict.column.type = type("int32");
  const Harness harness({strict});
  const PipelineOutput output = harness.run({{"abc"}, {kNull}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("3"));
  EXPECT_THAT(printed(output.faults), ElementsAre("1 n not_null"));
}

TEST(TablePipeline, RenamesAndDropsColumns) {
  const Harness harness({column("a", "int32"), column("b", "string"), column("c", "bool")},
                        {RenameStep{{{"a", "b"}, {"b", "a"}}}, DropStep{{"c"}}});
  EXPECT_THAT(harness.rows_of(harness.run({{"1", "x", "true"}})), ElementsAre("1|\"x\""));
  EXPECT_EQ(harness.table().output[0].name, "b");
}

TEST(TablePipeline, AnEmptyBatchGoesThrough) {
  LookupStep lookup;
  lookup.source = SourceId(1);
  lookup.on = {{"a", "k"}};
  lookup.take = {{"v", "v"}};
  const Harness harness({column("a", "int32"), column("b", "string")},
                        {WhereStep{"a > 0"}, ExplodeStep{"b", "b"}, SplitStep{"b", "-", {"x", "y"}}, lookup,
                         BinStep{"a", "bin", {0, 1}, {}}});
  EXPECT_EQ(harness.run({}).batch->num_rows(), 0);
}

TEST(TablePipeline, ABrokenExpressionIsAnErrorOfMake) {
  Harness harness({column("a", "int32")});
  harness.job.tables[0].steps.push_back(WhereStep{"b > 0"});
  const auto made = harness.make();
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(made.error().to_string(), HasSubstr("table 't', step 1"));
}

TEST(TablePipeline, SamplesTheSameRowsHoweverTheyAreCut) {
  const Harness harness({column("a", "int64")}, {SampleStep{0.3, 42, {}}});
  ASSERT_TRUE((*harness.make())->needs_row_keys());
  Rows rows;
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    rows.push_back({std::to_string(i)});
    keys.push_back(i * 0x9E3779B97F4A7C15);
  }
  const std::vector<std::string> whole = harness.rows_of(harness.run(rows, keys));
  EXPECT_NEAR(static_cast<double>(whole.size()), 1200, 150);
  std::vector<std::string> pieces;
  for (std::size_t begin = 0, step = 1; begin < rows.size(); begin += step, step = step * 2 + 1) {
    const std::size_t end = std::min(rows.size(), begin + step);
    const Rows piece(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                     rows.begin() + static_cast<std::ptrdiff_t>(end));
    const std::vector<std::uint64_t> piece_keys(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                                                keys.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::string& row : harness.rows_of(harness.run(piece, piece_keys))) pieces.push_back(std::move(row));
  }
  EXPECT_EQ(pieces, whole);
}

TEST(TablePipeline, SamplesByValueKeepAllRowsOfAValueOrNone) {
  const Harness harness({column("user", "string"), column("n", "int32")}, {SampleStep{0.5, 1, {"user"}}});
  EXPECT_FALSE((*harness.make())->needs_row_keys());
  Rows rows;
  for (int i = 0; i < 300; ++i) rows.push_back({"u" + std::to_string(i % 100), std::to_string(i)});
  std::map<std::string, int> seen;
  for (const std::string& row : harness.rows_of(harness.run(rows))) ++seen[row.substr(0, row.find('|'))];
  EXPECT_NEAR(static_cast<double>(seen.size()), 50, 20);
  for (const auto& [user, count] : seen) EXPECT_EQ(count, 3) << user;
  EXPECT_THAT(Harness({column("a", "int32")}, {SampleStep{0.0, 1, {"a"}}}).run({{"1"}, {"2"}}).batch->num_rows(), 0);
  EXPECT_THAT(Harness({column("a", "int32")}, {SampleStep{1.0, 1, {}}}).run({{"1"}, {"2"}}).batch->num_rows(), 2);
}

// Whatever the steps do, and however the input is cut, the account holds and the rows are the same.
TEST(TablePipeline, CutsDoNotMatter) {
  std::mt19937_64 random(test_seed());
  LookupStep lookup;
  lookup.source = SourceId(1);
  lookup.on = {{"part", "k"}};
  lookup.take = {{"v", "v"}};
  lookup.missing = LookupStep::Missing::kReject;
  CheckSpec check;
  check.name = "small";
  check.rule = "a < 90";
  Harness harness(
      {column("a", "int32"), column("list", "string")},
      {DeriveStep{{{"q", "1000 / a"}}}, ExplodeStep{"list", "part"}, WhereStep{"part is null or part <> 'b'"}, lookup},
      {check});
  harness.small_rows = {{"a", "1"}, {"c", "2"}};
  Rows rows;
  const char* lists[] = {"a", "a,b", "a,c,c", "b,b", "a,d", "", "c"};
  for (int i = 0; i < 500; ++i)
    rows.push_back({std::to_string(random() % 100), random() % 10 == 0 ? kNull : Cell(lists[random() % 7])});
  const PipelineOutput whole = harness.run(rows);
  std::vector<std::string> pieces;
  std::vector<std::string> faults;
  std::uint64_t filtered = 0, added = 0, failed = 0;
  for (std::size_t begin = 0; begin < rows.size();) {
    const std::size_t end = std::min(rows.size(), begin + 1 + random() % 40);
    PipelineOutput piece = harness.run(
        Rows(rows.begin() + static_cast<std::ptrdiff_t>(begin), rows.begin() + static_cast<std::ptrdiff_t>(end)));
    for (std::string& row : harness.rows_of(piece)) pieces.push_back(std::move(row));
    for (RowFault& fault : piece.faults) fault.row += static_cast<std::uint32_t>(begin);
    for (std::string& fault : printed(piece.faults)) faults.push_back(std::move(fault));
    filtered += piece.filtered;
    added += piece.added;
    failed += piece.checks.failed[0];
    begin = end;
  }
  EXPECT_EQ(pieces, harness.rows_of(whole));
  EXPECT_EQ(faults, printed(whole.faults));
  EXPECT_EQ(filtered, whole.filtered);
  EXPECT_EQ(added, whole.added);
  EXPECT_EQ(failed, whole.checks.failed[0]);
}

}  // namespace
}  // namespace tipple
