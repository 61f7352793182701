// What expressions mean: precedence, three-valued logic, faults of rows, PostgreSQL's ways with numbers, texts and
// times.
#include <gmock/gmock.h>

#include "tests/transforms/expression_testing.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

void expect_all(const std::vector<std::pair<std::string, std::string>>& cases) {
  for (const auto& [text, expected] : cases) EXPECT_EQ(evaluate_constant(text), expected) << text;
}

TEST(ExpressionPrecedence, IsPostgresqls) {
  expect_all({{"1 + 2 * 3", "7"},
              {"-2 ^ 2", "4"},
              {"2 ^ 3 ^ 2", "64"},
              {"10 - 4 - 3", "3"},
              {"not false and false", "false"},
              {"not (false and false)", "true"},
              {"true or false and false", "true"},
              {"1 + 1 = 2 and 2 < 3", "true"},
              {"not 1 = 2", "true"},
              {"1 in (1, 2) = true", "true"},
              {"2 between 1 and 3 and false", "false"},
              {"'a' || 'b' = 'ab'", "true"},
              {"1 + 2 || 'x'", "3x"},
              {"null is null or 1 / 0 = 1", "true"},
              {"- - 3", "3"},
              {"3 - -2", "5"},
              {"(-1)::string", "-1"},
              {"not null is null", "false"},
              {"7 % 4 * 2", "6"},
              {"2 * 3 % 4", "2"}});
}

TEST(ExpressionLogic, IsThreeValued) {
  const std::vector<std::string> kValues = {"true", "false", "null"};
  // Rows: left operand; columns: right operand.
  const std::vector<std::string> kAnd = {"true", "false", "NULL", "false", "false", "false", "NULL", "false", "NULL"};
  const std::vector<std::string> kOr = {"true", "true", "true", "true", "false", "NULL", "true", "NULL", "NULL"};
  DataType type;
  type.kind = TypeKind::kBool;
  std::vector<std::vector<std::string>> columns(2);
  for (const std::string& a : kValues) {
    for (const std::string& b : kValues) {
      columns[0].push_back(a == "null" ? "" : a);
      columns[1].push_back(b == "null" ? "" : b);
    }
  }
  const auto table = expr_table({Column{"a", type, true}, Column{"b", type, true}}, columns);
  EXPECT_THAT(evaluate_expression("a and b", table)->rows, ElementsAreArray(kAnd));
  EXPECT_THAT(evaluate_expression("a or b", table)->rows, ElementsAreArray(kOr));
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_EQ(evaluate_constant(kValues[i] + " and " + kValues[j]), kAnd[i * 3 + j]);
      EXPECT_EQ(evaluate_constant(kValues[i] + " or " + kValues[j]), kOr[i * 3 + j]);
    }
  }
  expect_all({{"not true", "false"},
              {"not null::bool", "NULL"},
              {"null = null", "NULL"},
              {"null is true", "false"},
              {"null is not true", "true"},
              {"false is not false", "false"},
              {"null is unknown", "true"},
              {"true is not unknown", "true"},
              {"1 is distinct from null", "true"},
              {"null is distinct from null", "false"},
              {"1 is not distinct from 1", "true"},
              {"1 in (2, null)", "NULL"},
              {"1 in (1, null)", "true"},
              {"1 not in (2, null)", "NULL"},
              {"7 in (1,2,3,4,5,6,7)", "true"},
              {"0 in (1,2,3,4,5,null)", "NULL"},
              {"null between 1 and 2", "NULL"},
              {"3 between 4 and null", "false"},
              {"case when null then 1 else 2 end", "2"},
              {"case null when null then 1 else 2 end", "2"},
              {"greatest(null, null)", "NULL"},
              {"coalesce(null, null)", "NULL"},
              {"'a' || null", "NULL"},
              {"concat('a', null)", "a"}});
}

ExprTestTable numbers() {
  return expr_table({Column{"a", *parse_data_type("int32"), true}, Column{"b", *parse_data_type("int32"), true}},
                    {{"10", "7", "2147483647", "-2147483648", ""}, {"2", "0", "1", "-1", "0"}});
}

TEST(ExpressionFaults, BelongToTheirRows) {
  const auto table = numbers();
  EXPECT_THAT(evaluate_expression("a / b", table)->rows,
              ElementsAre("5", "!division_by_zero", "2147483647", "!overflow", "NULL"));
  EXPECT_THAT(evaluate_expression("a % b", table)->rows, ElementsAre("0", "!division_by_zero", "0", "0", "NULL"));
  EXPECT_THAT(evaluate_expression("a + b", table)->rows, ElementsAre("12", "7", "!overflow", "!overflow", "NULL"));
  EXPECT_THAT(evaluate_expression("a * b", table)->rows, ElementsAre("20", "0", "2147483647", "!overflow", "NULL"));
  EXPECT_THAT(evaluate_expression("-a", table)->rows, ElementsAre("-10", "-7", "-2147483647", "!overflow", "NULL"));
  EXPECT_THAT(evaluate_expression("a::int8", table)->rows, ElementsAre("10", "7", "!overflow", "!overflow", "NULL"));
  const auto faults = evaluate_expression("a / b", table)->faults;
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].reason, "7 / 0: division by zero");
  EXPECT_THAT(faults[1].reason, HasSubstr("is out of the range of int32"));
}

TEST(ExpressionFaults, AreNotRaisedByArmsNotTaken) {
  const auto table = numbers();
  EXPECT_THAT(evaluate_expression("case when b <> 0 then a::int64 / b else -1 end", table)->rows,
              ElementsAre("5", "-1", "2147483647", "2147483648", "-1"));
  EXPECT_THAT(evaluate_expression("b <> 0 and a / b > 1", table)->rows,
              ElementsAre("true", "false", "true", "!overflow", "false"));
  EXPECT_THAT(evaluate_expression("b = 0 or a / b > 1", table)->rows,
              ElementsAre("true", "true", "true", "!overflow", "true"));
  EXPECT_THAT(evaluate_expression("coalesce(a, 1 / 0)", table)->rows,
              ElementsAre("10", "7", "2147483647", "-2147483648", "!division_by_zero"));
  EXPECT_THAT(evaluate_expression("case b when 0 then 0 else a / b end", table)->rows,
              ElementsAre("5", "0", "2147483647", "!overflow", "0"));
  EXPECT_THAT(
      evaluate_expression("case when b = 0 then case when a is null then -1 else 1 / b end else b end", table)->rows,
      ElementsAre("2", "!division_by_zero", "1", "-1", "-1"));
}

TEST(ExpressionFaults, OfEarlierExpressionsStay) {
  const auto table = numbers();
  ExprFaults faults;
  faults.add(0, "type", "before");
  const auto program = ExpressionProgram::make(*compile_expression("a", table.schema), table.schema);
  const auto array = *program->run(*table.batch, faults, arrow::default_memory_pool());
  EXPECT_TRUE(array->IsNull(0));
  EXPECT_FALSE(array->IsNull(1));
  faults.add(0, "overflow", "later");
  const auto taken = faults.take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].rule, "type");
  EXPECT_TRUE(faults.empty());
}

TEST(ExpressionBatches, SlicedOnesGiveTheSameRows) {
  DataType boolean;
  boolean.kind = TypeKind::kBool;
  std::vector<std::string> texts, numbers_column, bools;
  for (int i = 0; i < 200; ++i) {
    texts.push_back(i % 7 == 0 ? "" : "t" + std::to_string(i));
    numbers_column.push_back(i % 5 == 0 ? "" : std::to_string(i));
    bools.push_back(i % 3 == 0 ? "" : i % 2 == 0 ? "true" : "false");
  }
  auto table = expr_table(
      {Column{"s", DataType{}, true}, Column{"n", *parse_data_type("decimal(10,2)"), true}, Column{"b", boolean, true}},
      {texts, numbers_column, bools});
  const std::string text = "case when b then s || n when n > 50 then upper(s) else coalesce(s, n::string, 'x') end";
  const auto whole = evaluate_expression(text, table)->rows;
  const auto batch = table.batch;
  for (const int begin : {0, 1, 7, 63, 64, 65, 150}) {
    table.batch = batch->Slice(begin, 40);
    const auto part = evaluate_expression(text, table)->rows;
    EXPECT_THAT(part, ElementsAreArray(whole.begin() + begin, whole.begin() + begin + static_cast<long>(part.size())))
        << begin;
    EXPECT_EQ(evaluate_expression("b", table)->rows.size(), part.size());
    EXPECT_EQ(evaluate_expression("b and n > 3 is not null", table)->rows.size(), part.size());
  }
  table.batch = batch->Slice(0, 0);
  EXPECT_TRUE(evaluate_expression(text, table)->rows.empty());
}

TEST(ExpressionNumbers, AsInPostgresql) {
  expect_all({{"7 / 2", "3"},
              {"-7 / 2", "-3"},
              {"7.0 / 2", "3.5000000000000000"},
              {"1 / 3.0", "0.3333333333333333"},
              {"2.5::int32", "3"},
              {"-2.5::int32", "-3"},
              {"2.5::float64::int32", "2"},
              {"round(2.5)", "3"},
              {"round(-2.5)", "-3"},
              {"round(3.5::float64)", "4"},
              {"round(2.675::float64, 2)", "2.68"},
              {"round(1234.5, -2)", "1200"},
              {"trunc(-1.5)", "-1"},
              {"mod(-7, 3)", "-1"},
              {"0.1 + 0.2", "0.3"},
              {"0.1::float64 + 0.2::float64", "0.30000000000000004"},
              {"1e15", "1e+15"},
              {"1e14", "100000000000000"},
              {"1.5e-5", "1.5e-05"},
              {"'NaN'::float64 = 'NaN'::float64", "true"},
              {"'NaN'::float64 > 'inf'::float64", "true"},
              {"1e308 * 10", "!overflow"},
              {"1e0 / 0", "!division_by_zero"},
              {"1e-300 * 1e-300", "!overflow"},
              {"sqrt(-1)", "!domain"},
              {"ln(0)", "!domain"},
              {"power(0, -1)", "!domain"},
              {"9223372036854775807 + 1", "!overflow"},
              {"99999999999999999999999999999999999999 + 1", "!overflow"},
              {"99999999999999999999 * 99999999999999999999", "!overflow"},
              {"123456789.123456789 * 1000000000.000000001", "123456789123456789.123456789123456789"},
              {"12.345::decimal(4,1)", "12.3"},
              {"12.35::decimal(4,1)", "12.4"},
              {"123.4::decimal(2,0)", "!overflow"},
              {"true::int32", "1"},
              {"0::bool", "false"},
              {"300::int32::uint8", "!overflow"},
              {"'12x'::string::int32", "!cast"}});
}

TEST(ExpressionTexts, AsInPostgresql) {
  expect_all({{"substr('tipple', -1, 4)", "ti"},
              {"substr('tipple', 3)", "pple"},
              {"substring('née' from 2 for 1)", "é"},
              {"substr('a', 1, -1)", "!domain"},
              {"left('abc', -1)", "ab"},
              {"right('abc', -1)", "bc"},
              {"right('äöü', 2)", "öü"},
              {"left('abc', 9)", "abc"},
              {"lpad('abcd', 2)", "ab"},
              {"lpad('x', 5, 'ab')", "ababx"},
              {"split_part('a--b', '--', 3)", ""},
              {"split_part('a', ',', 0)", "!domain"},
              {"strpos('äb', 'b')", "2"},
              {"upper('straße')", "STRAßE"},
              {"reverse('aé')", "éa"},
              {"'a_b' like 'a\\_b'", "true"},
              {"'axb' like 'a\\_b'", "false"},
              {"'AbC' ilike 'a%c'", "true"},
              {"'50%' like '50!%' escape '!'", "true"},
              {"'é' like '_'", "true"},
              {"'ab' like '%b%'", "true"},
              {"'' like '%'", "true"},
              {"'a' like 'a\\'", "!domain"},
              {"'abc' ~ '^a.c$'", "true"},
              {"'abc' !~ 'B'", "true"},
              {"'abc' ~* 'B'", "true"},
              {"regexp_replace('abc', '(b)', '[\\1]')", "a[b]c"},
              {"regexp_replace('aaa', 'a', 'b')", "baa"},
              {"regexp_replace('abc', '', '-', 'g')", "-a-b-c-"},
              {"regexp_substr('abc', 'x')", "NULL"},
              {"chr(0)", "!domain"},
              {"repeat('ab', 1000000)", "!length"},
              {"octet_length(repeat('a', 1000))", "1000"},
              {"concat_ws(null, 'a')", "NULL"},
              {"trim('  a ')", "a"},
              {"trim(leading 'x' from 'xxa')", "a"},
              {"initcap('élan vital')", "Élan Vital"},
              {"to_hex(-1)", "ffffffffffffffff"},
              {"replace('aaa', '', 'x')", "aaa"},
              {"'b' > 'a' and 'B' < 'a'", "true"},
              {"translate('abc', 'b', '')", "ac"}});
  EXPECT_THAT(evaluate_constant("'a' ~ '('"), HasSubstr("is not a regular expression"));
}

TEST(ExpressionTimes, AsInPostgresql) {
  expect_all(
      {{"date '2024-01-31' + interval '1 month'", "2024-02-29 00:00:00"},
       {"date '2024-03-01' - 1", "2024-02-29"},
       {"make_date(2023, 2, 29)", "!domain"},
       {"extract(dow from date '2024-02-25')", "0"},
       {"extract(isodow from date '2024-02-25')", "7"},
       {"extract(week from date '2021-01-03')", "53"},
       {"extract(isoyear from date '2021-01-03')", "2020"},
       {"extract(doy from date '2024-12-31')", "366"},
       {"extract(second from timestamp '2024-01-01 00:00:59.25')", "59.250000"},
       {"extract(epoch from timestamp '1970-01-01 00:00:01')", "1.000000"},
       {"extract(millisecond from time '00:00:01.5')", "1500.000"},
       {"extract(century from date '2000-12-31')", "20"},
       {"date_trunc('week', date '2024-02-25')", "2024-02-19 00:00:00"},
       {"date_trunc('quarter', timestamp '2024-05-05 10:00:00')", "2024-04-01 00:00:00"},
       {"date_trunc('dow', timestamp '2024-05-05 10:00:00')", "!domain"},
       {"timestamp '1969-12-31 23:59:59'::date", "1969-12-31"},
       {"timestamp '1969-12-31 23:59:59.5'::time", "23:59:59.5"},
       {"to_date('5/3/24', 'DD/MM/YY')", "2024-03-05"},
       {"to_date('x', 'YYYY')", "!cast"},
       {"to_timestamp('2024-03-05 07:08 PM', 'YYYY-MM-DD HH12:MI AM')", "2024-03-05 19:08:00+00"},
       {"to_char(timestamp '2024-03-05 19:08:09', 'Dy, DD Mon YYYY HH12:MI:SS am')", "Tue, 05 Mar 2024 07:08:09 pm"},
       {"to_char(date '2024-03-05', 'FMDD FMMonth YYYY')", "5 March 2024"},
       {"to_timestamp(1.5)", "1970-01-01 00:00:01.5+00"},
       {"date '9999-12-31' + 1", "!overflow"},
       {"extract(epoch from timestamp '2024-01-02 00:00:00' - timestamp '2024-01-01 12:00:00')", "43200.000000"},
       {"timestamp '2024-01-01 00:00:00' - 3 * interval '2 hours 30 minutes'", "2023-12-31 16:30:00"},
       {"'2024-01-01'::date = timestamp '2024-01-01 00:00:00'", "true"},
       {"make_time(25, 0, 0)", "!domain"}});
}

TEST(ExpressionJson, PathsAndFaults) {
  expect_all({{"'{\"a\":{\"b\":[1,\"x\",null]}}' -> 'a' -> 'b' ->> 1", "x"},
              {"json_extract_text('{\"a\":null}', 'a')", "NULL"},
              {"json_extract_text('{}', 'a')", "NULL"},
              {"json_extract_path('{\"a\":null}', 'a')", "null"},
              {"json_array_length('{}')", "!json"},
              {"json_typeof('{')", "!json"},
              {"json_typeof('null')", "null"},
              {"'[1,2]' ->> -1", "2"},
              {"json_typeof(repeat('[', 100))", "!json"},
              {"'{\"a\":\"é\\n\"}' ->> 'a'", "é\n"}});
}

}  // namespace
}  // namespace tipple
