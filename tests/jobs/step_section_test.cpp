// Steps, checks and expectations of a job file: what they say, and what is said about mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/job_sections.h"
#include "jobs/table_schema.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

struct Read {
  std::vector<StepSpec> steps;
  std::vector<CheckSpec> checks;
  TableExpectations expectations;
  std::string mistakes;  // "line:column: what (hint)", one a line
};

std::vector<SourceSpec> sources() {
  std::vector<SourceSpec> list(2);
  list[0].name = "flights";
  list[1].name = "airlines";
  return list;
}

template <typename Section>
Read read(const std::string& text, const Section& section) {
  const YamlTree tree = parse_yaml(text);
  EXPECT_THAT(tree.mistakes, IsEmpty()) << text;
  Mistakes mistakes;
  Read result;
  section(tree.root, mistakes, result);
  for (const JobFileMistake& mistake : std::move(mistakes).take()) {
    result.mistakes += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.what +
                       " (" + mistake.hint + ")\n";
  }
  return result;
}

Read steps(const std::string& text) {
  return read(text, [](const YamlNode& node, Mistakes& mistakes, Read& result) {
    result.steps = read_steps(node, "t.steps", sources(), mistakes);
  });
}

Read checks(const std::string& text) {
  return read(text, [](const YamlNode& node, Mistakes& mistakes, Read& result) {
    result.checks = read_checks(node, "t.checks", sources(), mistakes);
  });
}

Read expectations(const std::string& text) {
  return read(text, [](const YamlNode& node, Mistakes& mistakes, Read& result) {
    result.expectations = read_expectations(node, "t.expect", mistakes);
  });
}

template <typename T>
T only(const Read& result) {
  EXPECT_EQ(result.mistakes, "");
  EXPECT_THAT(result.steps, SizeIs(1));
  return std::get<T>(result.steps.at(0));
}

TEST(StepSection, ReadsExpressionsAndColumns) {
  EXPECT_EQ(only<WhereStep>(steps("- where: \"cancelled = 0\"")).condition, "cancelled = 0");
  EXPECT_THAT(only<DeriveStep>(steps("- derive: {b: a + 1, a2: \"a / 2\"}")).columns,
              ElementsAre(Pair("b", "a + 1"), Pair("a2", "a / 2")));
  EXPECT_THAT(only<RenameStep>(steps("- rename: {old: new}")).names, ElementsAre(Pair("old", "new")));
  EXPECT_THAT(only<DropStep>(steps("- drop: [a, b]")).columns, ElementsAre("a", "b"));
  EXPECT_THAT(only<DropStep>(steps("- drop: a")).columns, ElementsAre("a"));
  EXPECT_THAT(only<CastStep>(steps("- cast: {a: int32}")).columns,
              ElementsAre(Pair("a", parse_data_type("int32").value())));
}

TEST(StepSection, ReadsLookups) {
  const auto plain = only<LookupStep>(steps("- lookup: {source: airlines, on: carrier, take: {airline: name}}"));
  EXPECT_EQ(plain.source, SourceId(1));
  EXPECT_THAT(plain.on, ElementsAre(Pair("carrier", "carrier")));
  EXPECT_THAT(plain.take, ElementsAre(Pair("airline", "name")));
  EXPECT_EQ(plain.missing, LookupStep::Missing::kNull);
  const auto full =
      only<LookupStep>(steps("- lookup: {source: airlines, on: {carrier: code, y: year}, take: [name], missing: "
                             "{default: {name: \"?\"}}, types: {year: int16}}"));
  EXPECT_THAT(full.on, ElementsAre(Pair("carrier", "code"), Pair("y", "year")));
  EXPECT_THAT(full.take, ElementsAre(Pair("name", "name")));
  EXPECT_EQ(full.missing, LookupStep::Missing::kDefault);
  EXPECT_THAT(full.defaults, ElementsAre(Pair("name", "?")));
  EXPECT_THAT(full.types, ElementsAre(Pair("year", parse_data_type("int16").value())));
  EXPECT_EQ(only<LookupStep>(steps("- lookup: {source: airlines, on: c, take: [d], missing: null}")).missing,
            LookupStep::Missing::kNull);
  EXPECT_EQ(only<LookupStep>(steps("- lookup: {source: airlines, on: c, take: [d], missing: reject}")).missing,
            LookupStep::Missing::kReject);
}

TEST(StepSection, ReadsWhatChangesValues) {
  const auto text = only<NormaliseStep>(
      steps("- normalise: {columns: [a, b], case: lower, trim: true, whitespace: true, nfc: true}"));
  EXPECT_THAT(text.columns, ElementsAre("a", "b"));
  EXPECT_EQ(text.letter_case, NormaliseStep::Case::kLower);
  EXPECT_TRUE(text.trim && text.whitespace && text.nfc);
  const auto number = only<NormaliseStep>(steps("- normalize: {columns: t, scale: 0.5556, offset: -17.78}"));
  EXPECT_DOUBLE_EQ(number.scale, 0.5556);
  EXPECT_DOUBLE_EQ(number.offset, -17.78);
  const auto bin = only<BinStep>(steps("- bin: {column: a, into: b, edges: [-1, 0, 2.5], labels: [low, high]}"));
  EXPECT_THAT(bin.edges, ElementsAre(-1, 0, 2.5));
  EXPECT_THAT(bin.labels, ElementsAre("low", "high"));
  const auto split = only<SplitStep>(steps("- split: {column: a, separator: ' - ', into: [b, c]}"));
  EXPECT_EQ(split.separator, " - ");
  EXPECT_THAT(split.into, ElementsAre("b", "c"));
  EXPECT_EQ(only<ExplodeStep>(steps("- explode: {column: a}")).into, "a");
  EXPECT_EQ(only<ExplodeStep>(steps("- explode: {column: a, into: b, json: true}")).separator, "");
  const auto sample = only<SampleStep>(steps("- sample: {fraction: 0.25, seed: 7, by: user}"));
  EXPECT_DOUBLE_EQ(sample.fraction, 0.25);
  EXPECT_EQ(sample.seed, 7u);
  EXPECT_THAT(sample.by, ElementsAre("user"));
  EXPECT_EQ(only<NumberStep>(steps("- number: {into: id, start: 100}")).start, 100u);
}

TEST(StepSection, ReadsMasks) {
  const auto hmac = only<MaskStep>(steps("- mask: {columns: [a], how: hmac, key: {env: PII_KEY}}"));
  EXPECT_EQ(hmac.how, MaskStep::How::kHmac);
  EXPECT_EQ(hmac.key, (SecretRef{SecretRef::Kind::kEnv, "PII_KEY"}));
  EXPECT_EQ(only<MaskStep>(steps("- mask: {columns: [a], how: redact, with: xx}")).with, "xx");
  EXPECT_EQ(only<MaskStep>(steps("- mask: {columns: [a], how: truncate, keep: 3}")).keep, 3u);
  EXPECT_EQ(only<MaskStep>(steps("- mask: {columns: [a], how: truncate, keep: year}")).keep, kKeepYear);
  const auto shift =
      only<MaskStep>(steps("- mask: {columns: [a], how: date_shift, key: {file: key.txt}, days: 30, by: patient}"));
  EXPECT_EQ(shift.days, 30u);
  EXPECT_EQ(shift.by, "patient");
  EXPECT_EQ(shift.key->kind, SecretRef::Kind::kFile);
  EXPECT_EQ(only<EncryptStep>(steps("- encrypt: {columns: a, key: {env: K}}")).key.name, "K");
}

TEST(StepSection, SaysWhereAStepIsWrong) {
  EXPECT_THAT(steps("- wher: \"a > 0\"").mistakes, HasSubstr("1:3: there is no step 'wher' (did you mean 'where'?)"));
  EXPECT_THAT(steps("where: \"a > 0\"").mistakes, HasSubstr("must be a list of steps"));
  EXPECT_THAT(steps("- where: a\n  drop: [b]").mistakes, HasSubstr("must be one step"));
  EXPECT_THAT(steps("- lookup: {source: airline, on: a, take: [b]}").mistakes,
              HasSubstr("there is no source 'airline' (did you mean 'airlines'?)"));
  EXPECT_THAT(steps("- lookup: {source: airlines, take: [b]}").mistakes,
              HasSubstr("'t.steps[1].lookup.on' is missing"));
  EXPECT_THAT(steps("- cast: {a: int3}").mistakes, HasSubstr("unknown type 'int3'"));
  EXPECT_THAT(steps("- bin: {column: a, into: b, edges: [1, 1]}").mistakes, HasSubstr("must ascend"));
  EXPECT_THAT(steps("- bin: {column: a, into: b, edges: [1, 2, 3], labels: [x]}").mistakes,
              HasSubstr("1 labels for 2 bins"));
  EXPECT_THAT(steps("- sample: {fraction: 1.5}").mistakes, HasSubstr("must be from 0 to 1"));
  EXPECT_THAT(steps("- sample: {fraction: nan}").mistakes, HasSubstr("must be a number"));
  EXPECT_THAT(steps("- normalise: {columns: [a]}").mistakes, HasSubstr("does nothing"));
  EXPECT_THAT(steps("- mask: {columns: [a], how: redact, key: {env: K}}").mistakes,
              HasSubstr("'t.steps[1].mask.key' has no meaning with how: redact"));
  EXPECT_THAT(steps("- mask: {columns: [a], how: hmac}").mistakes, HasSubstr("key' is missing"));
  EXPECT_THAT(steps("- mask: {columns: [a], how: date_shift, key: {env: K}, days: 0}").mistakes,
              HasSubstr("by' is missing"));
}

TEST(StepSection, NeverPrintsASecret) {
  const std::string mistakes = steps(
                                   "- mask: {columns: [a], how: hmac, key: hunter2hunter2hunter2}\n"
                                   "- encrypt: {columns: [a], key: {plain: hunter2hunter2hunter2}}")
                                   .mistakes;
  EXPECT_THAT(mistakes, HasSubstr("must say where the key is"));
  EXPECT_THAT(mistakes, Not(HasSubstr("hunter2")));
}

TEST(StepSection, KeepsPositionsBehindAWrongStep) {
  const Read result = steps("- nonsense\n- drop: [a]");
  ASSERT_THAT(result.steps, SizeIs(2));
  EXPECT_THAT(std::get<DropStep>(result.steps[1]).columns, ElementsAre("a"));
}

TEST(CheckSection, ReadsEveryKind) {
  const Read result = checks(R"yaml(
- {rule: "a > 0", on_fail: warn, max_percent: 0.5, name: positive}
- {not_null: [a, b]}
- {range: {column: a, min: -1, max: 10}, on_fail: fail}
- {set: {column: c, values: [x, y]}}
- {pattern: {column: c, matches: "[a-z]+"}}
- {length: {column: c, min: 1, max: 3}, max_rows: 4}
- {foreign_key: {columns: [c], source: airlines, to: [code]}}
)yaml");
  EXPECT_EQ(result.mistakes, "");
  ASSERT_THAT(result.checks, SizeIs(7));
  EXPECT_EQ(result.checks[0].name, "positive");
  EXPECT_EQ(result.checks[0].on_fail, OnFail::kWarn);
  EXPECT_EQ(result.checks[0].max_percent, 0.5);
  EXPECT_EQ(result.checks[1].name, "not_null:a,b");
  EXPECT_EQ(result.checks[1].on_fail, OnFail::kReject);
  EXPECT_EQ(result.checks[2].min, "-1");
  EXPECT_EQ(result.checks[2].on_fail, OnFail::kFail);
  EXPECT_THAT(result.checks[3].values, ElementsAre("x", "y"));
  EXPECT_EQ(result.checks[4].pattern, "[a-z]+");
  EXPECT_EQ(result.checks[5].length_max, 3u);
  EXPECT_EQ(result.checks[5].max_rows, 4u);
  EXPECT_EQ(result.checks[6].source, SourceId(1));
  EXPECT_THAT(result.checks[6].foreign_columns, ElementsAre("code"));
}

TEST(CheckSection, SaysWhereACheckIsWrong) {
  EXPECT_THAT(checks("- {rul: \"a > 0\"}").mistakes, HasSubstr("unknown key 'rul'"));
  EXPECT_THAT(checks("- {on_fail: warn}").mistakes, HasSubstr("checks nothing"));
  EXPECT_THAT(checks("- {rule: \"a\", not_null: [a]}").mistakes, HasSubstr("is two checks"));
  EXPECT_THAT(checks("- {rule: \"a\", on_fail: explode}").mistakes, HasSubstr("must be 'reject', 'warn' or 'fail'"));
  EXPECT_THAT(checks("- {range: {column: a}}").mistakes, HasSubstr("neither 'min' nor 'max'"));
  EXPECT_THAT(checks("- {length: {column: a, min: 3, max: 1}}").mistakes, HasSubstr("holds for no text"));
  EXPECT_THAT(checks("- {rule: a, on_fail: fail, max_rows: 3}").mistakes,
              HasSubstr("has no meaning with on_fail: fail"));
  EXPECT_THAT(checks("- {not_null: a}\n- {not_null: a}").mistakes,
              HasSubstr("2:3: 't.checks' has two checks named 'not_null:a'"));
  EXPECT_THAT(checks("- {foreign_key: {columns: [a, b], source: airlines, to: [x]}}").mistakes,
              HasSubstr("names 1 columns for 2"));
}

TEST(CheckSection, ReadsExpectations) {
  const Read result = expectations("{rows: {min: 1, max: 10}, sums: [{column: amount, min: 0.5}]}");
  EXPECT_EQ(result.mistakes, "");
  EXPECT_EQ(result.expectations.rows_min, 1u);
  EXPECT_EQ(result.expectations.rows_max, 10u);
  ASSERT_THAT(result.expectations.sums, SizeIs(1));
  EXPECT_EQ(result.expectations.sums[0].min, 0.5);
  EXPECT_FALSE(result.expectations.sums[0].max.has_value());
  EXPECT_THAT(expectations("{rows: {min: 10, max: 1}}").mistakes, HasSubstr("can never hold"));
  EXPECT_THAT(expectations("{sums: [{column: a}]}").mistakes, HasSubstr("neither 'min' nor 'max'"));
  EXPECT_THAT(expectations("{row: {min: 10}}").mistakes, HasSubstr("did you mean 'rows'?"));
}

}  // namespace
}  // namespace tipple
