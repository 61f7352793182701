// What columns and steps come to, and every mistake that needs no data.
#include "jobs/table_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

DataType type(const std::string& text) { return parse_data_type(text).value(); }

ColumnSpec read(const std::string& name, const std::string& type_text, bool nullable = false) {
  ColumnSpec spec;
  spec.column = {name, type(type_text), nullable};
  spec.from = name;
  return spec;
}

ColumnSpec computed(const std::string& name, const std::string& expr) {
  ColumnSpec spec;
  spec.column = {name, type_of_expression(), false};
  spec.expr = expr;
  return spec;
}

struct Resolved {
  std::vector<TableSchemaMistake> mistakes;
  std::vector<std::string> columns;  // "name type", with a '?' if nullable
  TableSpec table;
};

Resolved resolve(TableSpec table) {
  JobSpec job;
  job.sources.resize(2);
  job.sources[0].name = "flights";
  job.sources[1].name = "airlines";
  job.sources[1].csv.header = false;
  job.sources[1].fields = {"code", "name", "year"};
  table.name = "t";
  table.from = {SourceId(0)};
  Resolved resolved;
  resolved.mistakes = resolve_table_schema(job, table);
  for (const Column& column : table.output)
    resolved.columns.push_back(column.name + " " + column.type.to_string() + (column.nullable ? "?" : ""));
  resolved.table = std::move(table);
  return resolved;
}

Resolved resolve(std::vector<ColumnSpec> columns, std::vector<StepSpec> steps = {},
                 std::vector<CheckSpec> checks = {}) {
  TableSpec table;
  table.columns = std::move(columns);
  table.steps = std::move(steps);
  table.checks = std::move(checks);
  return resolve(std::move(table));
}

std::string only_mistake(const Resolved& resolved) {
  EXPECT_THAT(resolved.mistakes, SizeIs(1));
  EXPECT_THAT(resolved.columns, IsEmpty());
  return resolved.mistakes.empty() ? "" : resolved.mistakes[0].what + " (" + resolved.mistakes[0].hint + ")";
}

const std::vector<ColumnSpec> kColumns = {read("a", "int32"), read("b", "float64", true), read("c", "string(4)"),
                                          read("d", "date"), read("e", "enum(x,y)")};

TEST(TableSchema, ComputedColumnsTakeTheirExpressionsType) {
  const Resolved resolved = resolve({computed("twice", "half * 4"), read("a", "int32"),
                                     computed("half", "a / 2.0::float64"), computed("n", "length(note)")});
  EXPECT_THAT(resolved.mistakes, IsEmpty());
  EXPECT_THAT(resolved.columns, ElementsAre("twice float64", "a int32", "half float64", "n int32?"));
  // Again, as for a worker's copy: nothing changes.
  EXPECT_EQ(resolve(resolved.table).columns, resolved.columns);
}

TEST(TableSchema, FieldsThatOnlyExpressionsNameAreReadAsText) {
  TableSpec table;
  table.columns = {computed("n", "length(note) + length(b) + a"), read("a", "int32"), read("z", "date")};
  std::vector<std::string> names;
  for (const ColumnSpec& spec : expression_inputs(table))
    names.push_back(spec.column.name + " " + spec.column.type.to_string() + (spec.column.nullable ? "?" : ""));
  EXPECT_THAT(names, ElementsAre("a int32", "z date", "b string?", "note string?"));
}

TEST(TableSchema, CyclesAreNamed) {
  const Resolved resolved =
      resolve({computed("a", "b + 1"), computed("b", "c + 1"), computed("c", "a + 1"), computed("d", "d + 1")});
  ASSERT_THAT(resolved.mistakes, SizeIs(2));
  EXPECT_THAT(resolved.mistakes[0].what, HasSubstr("a -> b -> c -> a"));
  EXPECT_EQ(resolved.mistakes[0].index, 0u);
  EXPECT_THAT(resolved.mistakes[1].what, HasSubstr("d -> d"));
  EXPECT_EQ(resolved.mistakes[1].index, 3u);
}

TEST(TableSchema, DeclaredTypesOfComputedColumnsAreCasts) {
  ColumnSpec good = computed("g", "a + 1");
  good.column.type = type("string");
  EXPECT_THAT(resolve({read("a", "int32"), good}).columns, ElementsAre("a int32", "g string"));
  ColumnSpec bad = computed("g", "d");
  bad.column.type = type("bool");
  EXPECT_THAT(only_mistake(resolve({read("d", "date"), bad})),
              HasSubstr("the expression is date and cannot become bool"));
}

TEST(TableSchema, StepsChangeTheSchemaInOrder) {
  LookupStep lookup;
  lookup.source = SourceId(1);
  lookup.on = {{"code", "code"}};
  lookup.take = {{"airline", "name"}, {"founded", "year"}};
  lookup.types = {{"year", type("int16")}};
  MaskStep hmac;
  hmac.columns = {"code"};
  hmac.how = MaskStep::How::kHmac;
  const Resolved resolved = resolve(
      kColumns, {WhereStep{"a > 0"}, DeriveStep{{{"f", "a + b"}, {"g", "f * 2"}}},
                 RenameStep{{{"c", "code"}, {"a", "n"}}}, lookup, hmac, CastStep{{{"n", type("int64")}}},
                 BinStep{"b", "bin", {0, 1, 2}, {}}, BinStep{"b", "level", {0, 1, 2}, {"low", "high"}},
                 SplitStep{"airline", "-", {"s1", "s2"}}, DropStep{{"f", "d", "airline"}}, EncryptStep{{"e"}, {}}});
  EXPECT_THAT(resolved.mistakes, IsEmpty());
  EXPECT_THAT(resolved.columns,
              ElementsAre("n int64", "b float64?", "code string(64)", "e string", "g float64?", "founded int16?",
                          "bin int32?", "level enum(low,high)?", "s1 string?", "s2 string?"));
}

TEST(TableSchema, MistakesOfStepsNameTheStepAndTheNearestColumn) {
  const Resolved resolved = resolve(kColumns, {DropStep{{"a"}}, WhereStep{"a > 0"}, WhereStep{"b"}, DropStep{{"bb"}}});
  ASSERT_THAT(resolved.mistakes, SizeIs(3));
  EXPECT_EQ(resolved.mistakes[0].index, 1u);
  EXPECT_EQ(resolved.mistakes[0].part, TableSchemaMistake::Part::kStep);
  EXPECT_THAT(resolved.mistakes[0].what, HasSubstr("at character 1"));
  EXPECT_THAT(resolved.mistakes[1].what, HasSubstr("the condition is float64"));
  EXPECT_THAT(resolved.mistakes[2].what, HasSubstr("there is no column 'bb'"));
  EXPECT_THAT(resolved.mistakes[2].hint, HasSubstr("'b'"));
}

TEST(TableSchema, NamesDoNotClash) {
  EXPECT_THAT(only_mistake(resolve(kColumns, {DeriveStep{{{"a", "1"}}}})), HasSubstr("there is a column 'a' already"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {RenameStep{{{"a", "b"}}}})), HasSubstr("two columns would be named 'b'"));
  EXPECT_THAT(resolve(kColumns, {RenameStep{{{"a", "b"}, {"b", "a"}}}, DropStep{{"c", "d", "e"}}}).columns,
              ElementsAre("b int32", "a float64?"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {DeriveStep{{{"b.valid", "1"}}}})),
              HasSubstr("clashes with what is stored"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {DeriveStep{{{"a/b", "1"}}}})), HasSubstr("cannot be a column's name"));
  EXPECT_THAT(only_mistake(resolve({read("a", "int32")}, {DropStep{{"a"}}})), HasSubstr("no column is left"));
}

TEST(TableSchema, ColumnsAreLimited) {
  SplitStep split{"c", ",", {}};
  for (std::uint32_t i = 0; i < limits::kColumnsMax; ++i) split.into.push_back("s" + std::to_string(i));
  EXPECT_THAT(only_mistake(resolve(kColumns, {split})), HasSubstr("more than 4096 columns"));
}

TEST(TableSchema, StepsThatDoNotFitTheirColumnsAreRefused) {
  NormaliseStep lower;
  lower.columns = {"a"};
  lower.letter_case = NormaliseStep::Case::kLower;
  EXPECT_THAT(only_mistake(resolve(kColumns, {lower})), HasSubstr("are for text"));
  NormaliseStep scale;
  scale.columns = {"c"};
  scale.scale = 2;
  EXPECT_THAT(only_mistake(resolve(kColumns, {scale})), HasSubstr("are for numbers"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {BinStep{"c", "x", {0, 1}, {}}})), HasSubstr("bins are of numbers"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {ExplodeStep{"a", "x"}})), HasSubstr("explode is for text"));
  MaskStep mask;
  mask.columns = {"a"};
  mask.how = MaskStep::How::kTruncate;
  mask.keep = 2;
  EXPECT_THAT(only_mistake(resolve(kColumns, {mask})), HasSubstr("truncate keeps"));
  mask.columns = {"d"};
  EXPECT_THAT(only_mistake(resolve(kColumns, {mask})), HasSubstr("truncate keeps"));
  mask.keep = kKeepYear;
  EXPECT_THAT(resolve(kColumns, {mask}).mistakes, IsEmpty());
  mask.how = MaskStep::How::kDateShift;
  mask.by = "d";
  EXPECT_THAT(only_mistake(resolve(kColumns, {mask})), HasSubstr("cannot move itself"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {CastStep{{{"d", type("bool")}}}})),
              HasSubstr("'d' is date and cannot become bool"));
}

TEST(TableSchema, NumbersComeLastAndBehindTheChecks) {
  EXPECT_THAT(resolve({read("a", "int32")}, {WhereStep{"a > 0"}, NumberStep{"id", 1}}).columns,
              ElementsAre("a int32", "id int64"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {NumberStep{"a", 1}})), HasSubstr("there is a column 'a' already"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {NumberStep{"id", 1}, DropStep{{"a"}}})),
              HasSubstr("'number' must be the last step"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {NumberStep{"id", 1}, NumberStep{"key", 1}})),
              HasSubstr("'number' must be the last step"));
  CheckSpec rule;
  rule.rule = "a > 0 and id > 0";
  EXPECT_THAT(only_mistake(resolve(kColumns, {NumberStep{"id", 1}}, {rule})),
              HasSubstr("the column 'id' is numbered when the table is published, after the checks"));
  CheckSpec range;
  range.kind = CheckSpec::Kind::kRange;
  range.columns = {"id"};
  range.min = "1";
  EXPECT_THAT(only_mistake(resolve(kColumns, {NumberStep{"id", 1}}, {range})), HasSubstr("'id' is numbered when"));
  range.columns = {"a"};
  EXPECT_THAT(resolve(kColumns, {NumberStep{"id", 1}}, {range}).mistakes, IsEmpty());
  TableSpec table;
  table.columns = kColumns;
  table.steps = {NumberStep{"id", 1}};
  table.expectations.sums = {{"id", 1.0, std::nullopt}};
  EXPECT_THAT(only_mistake(resolve(table)), HasSubstr("'id' is numbered when"));
  table.expectations.sums = {{"a", 1.0, std::nullopt}};
  EXPECT_THAT(resolve(table).mistakes, IsEmpty());
}

LookupStep lookup_of(const std::string& own, const std::string& field) {
  LookupStep lookup;
  lookup.source = SourceId(1);
  lookup.on = {{own, field}};
  lookup.take = {{"airline", "name"}};
  return lookup;
}

TEST(TableSchema, LookupsAreTyped) {
  EXPECT_THAT(only_mistake(resolve(kColumns, {lookup_of("b", "code")})), HasSubstr("fractions are no keys"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {lookup_of("c", "kode")})),
              HasSubstr("the source 'airlines' has no field 'kode' (did you mean 'code'?)"));
  LookupStep typed = lookup_of("c", "code");
  typed.types = {{"code", type("int32")}};
  EXPECT_THAT(only_mistake(resolve(kColumns, {typed})),
              HasSubstr("'c' is string(4) and cannot equal 'code', which is int32"));
  LookupStep narrow = lookup_of("a", "year");
  narrow.types = {{"year", type("int16")}};
  EXPECT_THAT(resolve(kColumns, {narrow}).mistakes, IsEmpty());
  LookupStep defaults = lookup_of("a", "year");
  defaults.missing = LookupStep::Missing::kDefault;
  EXPECT_THAT(only_mistake(resolve(kColumns, {defaults})), HasSubstr("'airline' has no default"));
  defaults.types = {{"name", type("int8")}};
  defaults.defaults = {{"airline", "300"}};
  EXPECT_THAT(only_mistake(resolve(kColumns, {defaults})), HasSubstr("'300' is no int8"));
  EXPECT_EQ(lookup_key_type(lookup_of("e", "code"), 0, {{"e", type("enum(x,y)"), false}}), type("string"));
}

CheckSpec check_of(CheckSpec::Kind kind, const std::string& column) {
  CheckSpec check;
  check.kind = kind;
  check.columns = {column};
  return check;
}

TEST(TableSchema, ChecksAreTyped) {
  CheckSpec rule;
  rule.rule = "a + 1";
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {rule})), HasSubstr("the rule is int32"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {check_of(CheckSpec::Kind::kNotNull, "q")})),
              HasSubstr("there is no column 'q'"));
  CheckSpec range = check_of(CheckSpec::Kind::kRange, "a");
  range.min = "1.5";
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {range})), HasSubstr("'1.5' is no int32"));
  CheckSpec set = check_of(CheckSpec::Kind::kSet, "e");
  set.values = {"x", "z"};
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {set})), HasSubstr("'z' is no enum(x,y)"));
  CheckSpec pattern = check_of(CheckSpec::Kind::kPattern, "c");
  pattern.pattern = "(";
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {pattern})), HasSubstr("is not a regular expression"));
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {check_of(CheckSpec::Kind::kLength, "a")})),
              HasSubstr("'length' is for text"));
  CheckSpec key = check_of(CheckSpec::Kind::kForeignKey, "c");
  key.source = SourceId(1);
  key.foreign_columns = {"cod"};
  EXPECT_THAT(only_mistake(resolve(kColumns, {}, {key})), HasSubstr("has no field 'cod'"));
  TableSpec table;
  table.columns = kColumns;
  table.expectations.sums = {{"c", 0.0, {}}};
  EXPECT_THAT(only_mistake(resolve(std::move(table))), HasSubstr("has no sum"));
}

}  // namespace
}  // namespace tipple
