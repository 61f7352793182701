// Checks on rows: what each kind takes, and what becomes of the rows that fail.
#include <gmock/gmock.h>

#include "tests/transforms/pipeline_harness.h"

namespace tipple {
namespace {

using namespace pipeline_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CheckSpec check(CheckSpec::Kind kind, std::vector<std::string> columns, OnFail on_fail = OnFail::kReject) {
  CheckSpec spec;
  spec.name = "c";
  spec.kind = kind;
  spec.columns = std::move(columns);
  spec.on_fail = on_fail;
  return spec;
}

CheckSpec rule(const std::string& name, const std::string& text, OnFail on_fail = OnFail::kReject) {
  CheckSpec spec;
  spec.name = name;
  spec.rule = text;
  spec.on_fail = on_fail;
  return spec;
}

// Positions of the rows of one column that fail.
std::vector<std::uint32_t> failing(const CheckSpec& spec, const std::string& type_text,
                                   const std::vector<Cell>& cells) {
  Rows rows;
  for (const Cell& cell : cells) rows.push_back({cell});
  const PipelineOutput output = Harness({column("a", type_text)}, {}, {spec}).run(rows);
  std::vector<std::uint32_t> found;
  for (const RowFault& fault : output.faults) {
    EXPECT_EQ(fault.rule, "check:c");
    EXPECT_FALSE(fault.reason.empty());
    found.push_back(fault.row);
  }
  EXPECT_EQ(output.checks.failed, std::vector<std::uint64_t>{found.size()});
  return found;
}

TEST(RowChecks, NumbersStandBehindThem) {
  const Harness harness({column("a", "int32")}, {WhereStep{"a <> 2"}, NumberStep{"id", 5}}, {rule("c", "a < 9")});
  const PipelineOutput output = harness.run({{"1"}, {"2"}, {"9"}, {"3"}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("1|0", "3|0")) << "zeros until the publisher knows the numbers";
  EXPECT_THAT(printed(output.faults), ElementsAre("2  check:c"));
  EXPECT_THAT(harness.rows_of(harness.run({{"2"}})), IsEmpty());
}

TEST(RowChecks, Rules) {
  EXPECT_THAT(failing(rule("c", "a > 0"), "int32", {"1", "0", kNull, "-1"}), ElementsAre(1, 3));
  EXPECT_THAT(failing(rule("c", "10 / a > 3"), "int32", {"1", "0", "5"}), ElementsAre(1, 2));
}

TEST(RowChecks, ARuleThatCannotBeComputedSaysWhy) {
  const PipelineOutput output = Harness({column("a", "int32")}, {}, {rule("c", "10 / a > 3")}).run({{"5"}, {"0"}});
  ASSERT_THAT(printed(output.faults), ElementsAre("0  check:c", "1  check:c"));
  EXPECT_THAT(output.faults[0].reason, HasSubstr("the rule '10 / a > 3' does not hold"));
  EXPECT_THAT(output.faults[1].reason, HasSubstr("cannot be computed"));
}

TEST(RowChecks, NotNull) {
  const Harness harness({column("a", "int32"), column("b", "string")}, {},
                        {check(CheckSpec::Kind::kNotNull, {"a", "b"})});
  const PipelineOutput output = harness.run({{"1", "x"}, {kNull, "x"}, {"1", kNull}, {"2", ""}});
  EXPECT_THAT(printed(output.faults), ElementsAre("1  check:c", "2  check:c"));
  EXPECT_EQ(output.faults[1].reason, "'b' is null");
}

std::vector<std::uint32_t> out_of_range(const std::string& type_text, Cell min, Cell max,
                                        const std::vector<Cell>& cells) {
  CheckSpec spec = check(CheckSpec::Kind::kRange, {"a"});
  spec.min = std::move(min);
  spec.max = std::move(max);
  return failing(spec, type_text, cells);
}

TEST(RowChecks, RangesOfEveryType) {
  EXPECT_THAT(out_of_range("int8", "-1", "5", {"-2", "-1", "5", "6", kNull}), ElementsAre(0, 3));
  EXPECT_THAT(out_of_range("int16", "-1", kNull, {"-2", "32000"}), ElementsAre(0));
  EXPECT_THAT(out_of_range("int32", kNull, "5", {"6", "-100"}), ElementsAre(0));
  EXPECT_THAT(out_of_range("int64", "0", "9000000000", {"9000000001", "0"}), ElementsAre(0));
  EXPECT_THAT(out_of_range("uint8", "1", "200", {"0", "201", "200"}), ElementsAre(0, 1));
  EXPECT_THAT(out_of_range("uint16", "1", "200", {"0", "201", "200"}), ElementsAre(0, 1));
  EXPECT_THAT(out_of_range("uint32", "1", "200", {"0", "201", "200"}), ElementsAre(0, 1));
  EXPECT_THAT(out_of_range("uint64", "1", "18446744073709551614", {"0", "18446744073709551615", "5"}),
              ElementsAre(0, 1));
  EXPECT_THAT(out_of_range("float32", "0.5", "1", {"0.25", "0.5", "1.5", "nan"}), ElementsAre(0, 2, 3));
  EXPECT_THAT(out_of_range("float64", "0.5", kNull, {"0.25", "inf", "nan"}), ElementsAre(0));
  EXPECT_THAT(out_of_range("decimal(30,2)", "-1.50", "1.50", {"-1.51", "-1.50", "1.51"}), ElementsAre(0, 2));
  EXPECT_THAT(out_of_range("date", "2024-01-01", "2024-12-31", {"2023-12-31", "2024-06-01", "2025-01-01"}),
              ElementsAre(0, 2));
  EXPECT_THAT(out_of_range("time", "08:00:00", "17:00:00", {"07:59:59", "17:00:00"}), ElementsAre(0));
  EXPECT_THAT(out_of_range("timestamp", "2024-01-01 00:00:00", kNull, {"2023-12-31 23:59:59", "2024-01-01 00:00:00"}),
              ElementsAre(0));
  EXPECT_THAT(out_of_range("string", "b", "d", {"a", "b", "d", "da", kNull}), ElementsAre(0, 3));
}

TEST(RowChecks, RangeBoundsThatAreNoDatesAreErrors) {
  CheckSpec spec = check(CheckSpec::Kind::kRange, {"a"});
  spec.min = "2024-02-30";
  const auto made = Harness({column("a", "date")}, {}, {spec}).make();
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().to_string(), HasSubstr("table 't', check 'c'"));
}

TEST(RowChecks, Sets) {
  CheckSpec spec = check(CheckSpec::Kind::kSet, {"a"});
  spec.values = {"x", "y", "x"};
  EXPECT_THAT(failing(spec, "string", {"x", "z", kNull, "y"}), ElementsAre(1));
  EXPECT_THAT(failing(spec, "string(3)", {"x", "zz", kNull, "y"}), ElementsAre(1));
  EXPECT_THAT(failing(spec, "enum(w,x,y)", {"w", "x", kNull, "y"}), ElementsAre(0));
  spec.values = {"1", "-3"};
  EXPECT_THAT(failing(spec, "int16", {"1", "-3", "3", kNull}), ElementsAre(2));
  spec.values = {"1.5"};
  EXPECT_THAT(failing(spec, "decimal(3,1)", {"1.5", "1.0"}), ElementsAre(1));
  spec.values = {"2024-01-01"};
  EXPECT_THAT(failing(spec, "date", {"2024-01-02", "2024-01-01"}), ElementsAre(0));
}

TEST(RowChecks, PatternsMatchTheWholeText) {
  CheckSpec spec = check(CheckSpec::Kind::kPattern, {"a"});
  spec.pattern = "[a-z]+\\d?";
  EXPECT_THAT(failing(spec, "string", {"abc1", "abc12", "", kNull, "x"}), ElementsAre(1, 2));
}

TEST(RowChecks, LengthsAreCharacters) {
  CheckSpec spec = check(CheckSpec::Kind::kLength, {"a"});
  spec.length_min = 1;
  spec.length_max = 2;
  EXPECT_THAT(
      failing(spec, "string", {"", "ab", "abc", "\xC3\xA9\xC3\xA9", "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", kNull}),
      ElementsAre(0, 2, 4));
}

TEST(RowChecks, EveryCheckCountsAllRowsAndFailComesFirst) {
  const Harness harness({column("a", "int32")}, {},
                        {rule("positive", "a > 0"), rule("even", "a % 2 = 0", OnFail::kWarn),
                         rule("small", "a < 100", OnFail::kFail), rule("sane", "a > -10")});
  const PipelineOutput output = harness.run({{"1"}, {"-3"}, {"-200"}, {"100"}, {"4"}});
  EXPECT_THAT(output.checks.failed, ElementsAre(2, 2, 1, 1));
  EXPECT_THAT(printed(output.faults), ElementsAre("1  check:positive", "2  check:positive", "3  check-fail:small"));
  EXPECT_THAT(harness.rows_of(output), ElementsAre("1", "4"));
  const Harness both({column("a", "int32")}, {}, {rule("reject", "a < 5"), rule("fail", "a < 5", OnFail::kFail)});
  EXPECT_THAT(printed(both.run({{"9"}}).faults), ElementsAre("0  check-fail:fail"));
}

TEST(RowChecks, SeeTheRowsBehindTheSteps) {
  const Harness harness({column("a", "int32")}, {DeriveStep{{{"b", "a * 2"}}}, WhereStep{"a < 3"}},
                        {rule("c", "b <= 2")});
  const PipelineOutput output = harness.run({{"9"}, {"1"}, {"2"}});
  EXPECT_THAT(printed(output.faults), ElementsAre("2  check:c"));
  EXPECT_EQ(output.filtered, 1u);
}

}  // namespace
}  // namespace tipple
