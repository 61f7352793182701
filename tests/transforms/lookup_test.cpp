// lookup and foreign keys: every key type, missing and duplicate keys, and the hash table against a map.
#include <gmock/gmock.h>

#include <random>

#include "tests/base/test_seed.h"
#include "tests/transforms/pipeline_harness.h"
#include "transforms/lookup_index.h"

namespace tipple {
namespace {

using namespace pipeline_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LookupStep lookup(std::vector<std::pair<std::string, std::string>> on,
                  LookupStep::Missing missing = LookupStep::Missing::kNull) {
  LookupStep step;
  step.source = SourceId(1);
  step.on = std::move(on);
  step.take = {{"name", "name"}};
  step.missing = missing;
  return step;
}

TEST(Lookup, AddsColumnsByKey) {
  Harness harness({column("code", "string(2)")}, {lookup({{"code", "code"}})});
  harness.small_rows = {{"AA", "American"}, {"B6", "JetBlue"}, {kNull, "nobody"}, {"XX", kNull}};
  EXPECT_THAT(harness.rows_of(harness.run({{"B6"}, {"AA"}, {"ZZ"}, {kNull}, {"XX"}, {"AA"}})),
              ElementsAre("\"B6\"|\"JetBlue\"", "\"AA\"|\"American\"", "\"ZZ\"|null", "null|null", "\"XX\"|null",
                          "\"AA\"|\"American\""));
}

TEST(Lookup, MissingKeysAreRejectedOrTakeTheDefault) {
  Harness reject({column("code", "string")}, {lookup({{"code", "code"}}, LookupStep::Missing::kReject)});
  reject.small_rows = {{"AA", "American"}};
  const PipelineOutput output = reject.run({{"AA"}, {"ZZ"}, {kNull}});
  EXPECT_THAT(reject.rows_of(output), ElementsAre("\"AA\"|\"American\""));
  EXPECT_THAT(printed(output.faults), ElementsAre("1 code lookup", "2 code lookup"));
  EXPECT_THAT(output.faults[0].reason, HasSubstr("'small' has no row with code = \"ZZ\""));
  LookupStep step = lookup({{"code", "code"}}, LookupStep::Missing::kDefault);
  step.types = {{"name", type("decimal(5,2)")}};
  step.defaults = {{"name", "9.50"}};
  Harness defaults({column("code", "string")}, {step});
  defaults.small_rows = {{"AA", "1.25"}, {"N", kNull}};
  EXPECT_THAT(defaults.rows_of(defaults.run({{"ZZ"}, {"AA"}, {kNull}, {"N"}})),
              ElementsAre("\"ZZ\"|9.50", "\"AA\"|1.25", "null|9.50", "\"N\"|null"));
  EXPECT_THAT(defaults.rows_of(defaults.run({{"AA"}})), ElementsAre("\"AA\"|1.25"));
}

TEST(Lookup, KeysOfEveryType) {
  const std::vector<std::array<std::string, 4>> cases = {
      {"int8", "-5", "7", "6"},
      {"int16", "-500", "7", "6"},
      {"int32", "-70000", "7", "6"},
      {"int64", "-5000000000", "7", "6"},
      {"uint8", "200", "7", "6"},
      {"uint16", "60000", "7", "6"},
      {"uint32", "4000000000", "7", "6"},
      {"uint64", "18446744073709551615", "7", "6"},
      {"bool", "true", "true", "false"},
      {"date", "1969-12-31", "2024-02-29", "2024-02-28"},
      {"time", "23:59:59", "00:00:00", "12:00:00"},
      {"timestamp", "1969-12-31 23:59:59", "2024-01-01 00:00:00", "2024-01-01 00:00:01"},
      {"decimal(20,2)", "-1.50", "7.00", "6.00"},
      {"string", "a long key of more than sixteen bytes", "", "b"},
      {"string(8)", "ab", "abc", "abd"},
      {"enum(u,v,w)", "w", "u", "v"}};
  for (const auto& [type_text, first, second, missing] : cases) {
    SCOPED_TRACE(type_text);
    Harness harness({column("k", type_text)}, {lookup({{"k", "k"}}), DropStep{{"k"}}});
    harness.small_rows = {{first, "one"}};
    if (second != first) harness.small_rows.push_back({second, "two"});
    const std::string expected = second == first ? "\"one\"" : "\"two\"";
    EXPECT_THAT(harness.rows_of(harness.run({{second}, {missing}, {first}, {kNull}})),
                ElementsAre(expected, "null", "\"one\"", "null"));
  }
}

TEST(Lookup, SeveralColumnsAndOtherWidths) {
  LookupStep step = lookup({{"a", "a"}, {"b", "year"}});
  step.types = {{"year", type("int16")}};
  Harness harness({column("a", "string"), column("b", "int64")}, {step});
  harness.small_rows = {{"x", "1", "x1"}, {"x", "2", "x2"}, {"y", "1", "y1"}};
  EXPECT_THAT(harness.rows_of(harness.run({{"x", "2"}, {"y", "1"}, {"y", "2"}, {"x", kNull}, {"x", "65537"}})),
              ElementsAre("\"x\"|2|\"x2\"", "\"y\"|1|\"y1\"", "\"y\"|2|null", "\"x\"|null|null", "\"x\"|65537|null"));
}

TEST(Lookup, DuplicateKeysAreAnError) {
  Harness harness({column("code", "string"), column("n", "int32")}, {lookup({{"code", "code"}, {"n", "n"}})});
  harness.small_rows = {{"AA", "1", "x"}, {"AA", "2", "y"}, {"AA", "1", "z"}};
  const auto made = harness.make();
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(
      made.error().to_string(),
      HasSubstr("table 't', step 1: the lookup table 'small' has the key code = \"AA\", n = 1 in its rows 1 and 3"));
}

TEST(Lookup, OneSourceServesSeveralUsesWithTheirTypes) {
  LookupStep by_number = lookup({{"n", "k"}});
  LookupStep by_text = lookup({{"s", "k"}});
  by_text.take = {{"other", "name"}};
  CheckSpec check;
  check.name = "fk";
  check.kind = CheckSpec::Kind::kForeignKey;
  check.columns = {"n"};
  check.source = SourceId(1);
  check.foreign_columns = {"k"};
  Harness harness({column("n", "int32"), column("s", "string")}, {by_number, by_text}, {check});
  EXPECT_THAT(TablePipeline::lookup_sources(harness.table()), ElementsAre(SourceId(1)));
  std::vector<std::string> columns;
  for (const ColumnSpec& spec : TablePipeline::lookup_columns(harness.job, SourceId(1)))
    columns.push_back(spec.from + " " + spec.column.type.to_string());
  EXPECT_THAT(columns, ElementsAre("k int32", "name string", "k string"));
  harness.small_rows = {{"1", "one", "1"}, {"2", "two", "2"}};
  const PipelineOutput output = harness.run({{"1", "2"}, {"3", "1"}, {kNull, "9"}});
  EXPECT_THAT(harness.rows_of(output), ElementsAre("1|\"2\"|\"one\"|\"two\"", "null|\"9\"|null|null"));
  EXPECT_THAT(printed(output.faults), ElementsAre("1 n check:fk"));
  EXPECT_THAT(output.faults[0].reason, HasSubstr("n = 3 is not in 'small'"));
}

// Against std::map, over sizes from nothing to several stretches, with keys that are often absent.
TEST(LookupIndex, FindsWhatAMapFinds) {
  std::mt19937_64 random(test_seed());
  for (const std::size_t size : {0, 1, 7, 100, 5000}) {
    std::map<std::pair<std::string, std::string>, std::uint32_t> expected;
    std::vector<Cell> numbers, texts;
    while (expected.size() < size) {
      const std::string number = std::to_string(random() % (size + 3));
      const std::string text =
          std::string(random() % 24, static_cast<char>('a' + random() % 3)) + std::to_string(random() % 5);
      if (!expected.emplace(std::pair(number, text), static_cast<std::uint32_t>(numbers.size())).second) continue;
      numbers.push_back(number);
      texts.push_back(text);
    }
    const std::vector<DataType> types = {type("int32"), type("string")};
    const auto index =
        LookupIndex::make({array(numbers, types[0]), array(texts, types[1])}, types, {"n", "s"}, true, "it");
    ASSERT_TRUE(index.ok()) << index.error().to_string();
    std::vector<Cell> probe_numbers, probe_texts;
    for (int i = 0; i < 3000; ++i) {
      const std::size_t known = size == 0 ? 0 : random() % size;
      probe_numbers.push_back(size == 0 || random() % 4 == 0 ? std::to_string(random() % 100) : *numbers[known]);
      probe_texts.push_back(size == 0 || random() % 4 == 0 ? "b0" : *texts[known]);
    }
    const auto number_array = array(probe_numbers, types[0]);
    const auto text_array = array(probe_texts, types[1]);
    std::vector<std::uint32_t> found(probe_numbers.size());
    index->find({KeyColumn(*number_array, types[0]), KeyColumn(*text_array, types[1])}, number_array->length(),
                found.data());
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto at = expected.find({*probe_numbers[i], *probe_texts[i]});
      EXPECT_EQ(found[i], at == expected.end() ? kNoRow : at->second);
    }
  }
}

}  // namespace
}  // namespace tipple
