// Steps that change or add values: normalise, bin, split, explode.
#include <gmock/gmock.h>

#include "tests/transforms/pipeline_harness.h"
#include "transforms/step_json_list.h"

namespace tipple {
namespace {

using namespace pipeline_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

NormaliseStep normalise(const std::string& column) {
  NormaliseStep step;
  step.columns = {column};
  return step;
}

// `text` through one step, or "fault RULE".
std::string normalised(const NormaliseStep& step, const std::string& text, const std::string& type_text = "string") {
  // Beside a text that is not ASCII, and one that is: both ways through the column.
  std::string seen;
  for (const char* other : {"x", "\xC3\xA9"}) {
    const Harness harness({column("c", type_text)}, {step});
    const PipelineOutput output = harness.run({{text}, {other}, {kNull}});
    const std::string now =
        output.faults.empty() ? std::string(TextView(*output.batch->column(0))[0]) : "fault " + output.faults[0].rule;
    EXPECT_TRUE(output.batch->column(0)->IsNull(output.batch->num_rows() - 1));
    EXPECT_TRUE(seen.empty() || seen == now);
    seen = now;
  }
  return seen;
}

TEST(NormaliseStep, Case) {
  NormaliseStep step = normalise("c");
  step.letter_case = NormaliseStep::Case::kLower;
  EXPECT_EQ(normalised(step, "Hello @[`{ WORLD 09"), "hello @[`{ world 09");
  EXPECT_EQ(normalised(step, "\xC3\x84\xC3\x96 \xCE\xA9"), "\xC3\xA4\xC3\xB6 \xCF\x89");
  step.letter_case = NormaliseStep::Case::kUpper;
  EXPECT_EQ(normalised(step, "az AZ {|}"), "AZ AZ {|}");
  EXPECT_EQ(normalised(step, "stra\xC3\xA9"), "STRA\xC3\x89");
}

TEST(NormaliseStep, WhiteSpace) {
  NormaliseStep step = normalise("c");
  step.trim = true;
  EXPECT_EQ(normalised(step, " \t a  b\n"), "a  b");
  EXPECT_EQ(normalised(step, "\xC2\xA0\xE3\x80\x80\xC3\xA9 \xC2\xA0"), "\xC3\xA9");
  EXPECT_EQ(normalised(step, "   "), "");
  step.whitespace = true;
  EXPECT_EQ(normalised(step, "  a \t\n b  c "), "a b c");
  step.trim = false;
  EXPECT_EQ(normalised(step, "\t\ta\xC2\xA0\xC2\xA0\xC3\xA9"), " a \xC3\xA9");
}

TEST(NormaliseStep, UnicodeForm) {
  NormaliseStep step = normalise("c");
  step.nfc = true;
  EXPECT_EQ(normalised(step, "e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(normalised(step, "plain"), "plain");
  // Hangul letters become one syllable.
  EXPECT_EQ(normalised(step, "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "\xED\x95\x9C");
}

TEST(NormaliseStep, TextsThatOutgrowTheirColumnAreRejected) {
  NormaliseStep step = normalise("c");
  step.letter_case = NormaliseStep::Case::kUpper;
  // U+0250 has two bytes, its capital U+2C6F three.
  EXPECT_EQ(normalised(step, "\xC9\x90", "string(2)"), "fault length");
  EXPECT_EQ(normalised(step, "\xC9\x90", "string(3)"), "\xE2\xB1\xAF");
}

TEST(NormaliseStep, Units) {
  NormaliseStep step = normalise("c");
  step.scale = 0.5;
  step.offset = -16;
  EXPECT_THAT(
      printed(*Harness({column("c", "int32")}, {step}).run({{"212"}, {kNull}}).batch, {{"c", type("float64"), true}}),
      ElementsAre("90", "null"));
  EXPECT_THAT(
      printed(*Harness({column("c", "decimal(5,1)")}, {step}).run({{"1.5"}}).batch, {{"c", type("float64"), true}}),
      ElementsAre("-15.25"));
  EXPECT_THAT(
      printed(*Harness({column("c", "float32")}, {step}).run({{"32"}, {kNull}}).batch, {{"c", type("float32"), true}}),
      ElementsAre("0", "null"));
  step.scale = 1e300;
  const PipelineOutput output = Harness({column("c", "float64")}, {step}).run({{"1e200"}, {"inf"}, {"1"}});
  EXPECT_THAT(printed(output.faults), ElementsAre("0 c overflow"));
}

TEST(BinStep, FindsTheBinOfEachNumber) {
  const Harness harness({column("a", "float64")},
                        {BinStep{"a", "b", {-1, 0, 10, 100}, {}}, BinStep{"a", "l", {0, 10, 100}, {"low", "high"}}});
  EXPECT_THAT(harness.rows_of(harness.run(
                  {{"-1.5"}, {"-1"}, {"-0.1"}, {"0"}, {"9.99"}, {"10"}, {"99"}, {"100"}, {"nan"}, {kNull}})),
              ElementsAre("-1.5|null|null", "-1|0|null", "-0.1|0|null", "0|1|\"low\"", "9.99|1|\"low\"",
                          "10|2|\"high\"", "99|2|\"high\"", "100|null|null", "nan|null|null", "null|null|null"));
  const Harness whole({column("a", "int8")}, {BinStep{"a", "b", {0, 5}, {}}});
  EXPECT_THAT(whole.rows_of(whole.run({{"4"}, {"5"}})), ElementsAre("4|0", "5|null"));
}

TEST(SplitStep, SpreadsATextOverColumns) {
  const Harness harness({column("c", "string")}, {SplitStep{"c", "--", {"x", "y"}}, DropStep{{"c"}}});
  EXPECT_THAT(harness.rows_of(harness.run({{"a--b"}, {"a"}, {"--b--c"}, {""}, {kNull}})),
              ElementsAre("\"a\"|\"b\"", "\"a\"|null", "\"\"|\"b--c\"", "\"\"|null", "null|null"));
}

TEST(ExplodeStep, MakesARowOfEachElement) {
  const Harness harness({column("id", "int32"), column("c", "string")}, {ExplodeStep{"c", "e", ";"}, DropStep{{"c"}}});
  const PipelineOutput output = harness.run({{"1", "a;b"}, {"2", ""}, {"3", kNull}, {"4", ";"}, {"5", "x"}});
  EXPECT_THAT(harness.rows_of(output),
              ElementsAre("1|\"a\"", "1|\"b\"", "2|null", "3|null", "4|\"\"", "4|\"\"", "5|\"x\""));
  EXPECT_EQ(output.added, 2u);
}

TEST(ExplodeStep, ReadsJsonArrays) {
  const Harness harness({column("c", "string")}, {ExplodeStep{"c", "c", ""}});
  const PipelineOutput output =
      harness.run({{R"( ["a", "q\"\u00e9", 1.10, null, {"k": [1, "]"]}, true] )"}, {"[]"}, {"{}"}, {"[1,"}, {kNull}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre(R"("a")", R"("q"\xc3\xa9")", R"("1.10")", "null", HasSubstr("k"),
                                                   R"("true")", "null", "null"));
  EXPECT_THAT(printed(output.faults), ElementsAre("2 c json", "3 c json"));
}

TEST(ExplodeStep, ARecordIsLoadedWholeOrNotAtAll) {
  const Harness harness({column("id", "int32"), column("c", "string")},
                        {ExplodeStep{"c", "c", ","}, CastStep{{{"c", type("int32")}}}, WhereStep{"c <> 3"}});
  const PipelineOutput output = harness.run({{"1", "1,2,3"}, {"2", "1,x,y"}, {"3", "4"}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("1|1", "1|2", "3|4"));
  EXPECT_THAT(output.faults, testing::SizeIs(1));
  EXPECT_EQ(output.faults[0].row, 1u);
  EXPECT_EQ(output.added, 2u);
  EXPECT_EQ(output.filtered, 1u);
}

TEST(ExplodeStep, RowsThatWouldGrowTooMuchAreRejected) {
  const Harness harness({column("big", "string"), column("c", "string")}, {ExplodeStep{"c", "c", ","}});
  const std::string big(600'000, 'x');
  std::string list = "1";
  for (int i = 0; i < 40; ++i) list += ",1";
  EXPECT_THAT(printed(harness.run({{big, list}, {"small", list}}).faults), ElementsAre("0 c explode"));
}

TEST(JsonList, RefusesWhatIsNoArray) {
  const auto ignore = [](const JsonElement&) { ADD_FAILURE() << "visited"; };
  for (const char* text : {"", " ", "1", "[1", "[1]]", "[1,]", "[,]", "\"[]\"", "[\"\\u12\"]", "[1] x", "[nul]"}) {
    EXPECT_FALSE(visit_json_array(text, ignore)) << text;
  }
  EXPECT_FALSE(visit_json_array(std::string(100, '[') + std::string(100, ']'), ignore));
  EXPECT_FALSE(visit_json_array(std::string(1'000'000, '['), ignore));
  EXPECT_TRUE(visit_json_array("[ ]", ignore));
  int elements = 0;
  EXPECT_TRUE(visit_json_array("[" + std::string(63, '[') + std::string(63, ']') + "]",
                               [&](const JsonElement&) { ++elements; }));
  EXPECT_EQ(elements, 1);
}

}  // namespace
}  // namespace tipple
