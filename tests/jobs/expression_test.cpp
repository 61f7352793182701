// Parsing and type checking: what is accepted, of which type it is, and where mistakes are said to stand.
#include "jobs/expression.h"

#include <gmock/gmock.h>

namespace tipple {
namespace {

using testing::HasSubstr;

DataType type(const std::string& name) { return *parse_data_type(name); }

const Schema& input() {
  static const Schema schema = {
      {"i8", type("int8"), false},
      {"i32", type("int32"), false},
      {"i64", type("int64"), true},
      {"u64", type("uint64"), false},
      {"f32", type("float32"), false},
      {"f64", type("float64"), true},
      {"price", type("decimal(10,2)"), false},
      {"s", type("string"), true},
      {"code", type("string(3)"), false},
      {"kind", type("enum(web,mobile)"), false},
      {"d", type("date"), false},
      {"ts", type("timestamp"), false},
      {"tz", type("timestamp_tz"), false},
      {"ok", type("bool"), true},
      {"Mixed", type("int32"), false},
      {"a b", type("int32"), false},
  };
  return schema;
}

std::string type_name(const std::string& text) {
  const auto expr = compile_expression(text, input());
  return expr.ok() ? expr->type.to_string() : expr.error().to_string();
}

TEST(ExpressionTypes, FollowTheLadder) {
  const std::pair<const char*, const char*> kCases[] = {
      {"i8 + i8", "int32"},
      {"i32 + i64", "int64"},
      {"i32 + f32", "float64"},
      {"f32 + f32", "float32"},
      {"u64 + 1", "uint64"},
      {"u64 + i32", "int64"},
      {"1 + 1", "int32"},
      {"3000000000", "int64"},
      {"-9223372036854775808", "int64"},
      {"1.50", "decimal(3,2)"},
      {"1e3", "float64"},
      {"price + 1", "decimal(13,2)"},
      {"price * price", "decimal(20,4)"},
      {"price / 3", "decimal(24,16)"},
      {"price * f64", "float64"},
      {"i32 / 2", "int32"},
      {"i32 ^ 2", "float64"},
      {"d + 1", "date"},
      {"d - d", "int32"},
      {"ts + interval '1 day'", "timestamp"},
      {"d + interval '1 day'", "timestamp"},
      {"tz - 2 * interval '1 hour'", "timestamp_tz"},
      {"s || i32", "string"},
      {"code", "string(3)"},
      {"kind", "enum(web,mobile)"},
      {"kind = 'web'", "bool"},
      {"d > '2024-01-01'", "bool"},
      {"coalesce(f32, 0)", "float32"},
      {"coalesce(i8, i32)", "int32"},
      {"case when ok then 1 end", "int32"},
      {"round(price, 1)", "decimal(10,1)"},
      {"round(price)", "decimal(9,0)"},
      {"ceil(i32)", "float64"},
      {"abs(i8)", "int32"},
      {"extract(year from d)", "int64"},
      {"extract(epoch from ts)", "decimal(18,6)"},
      {"extract(epoch from ts - ts)", "decimal(18,6)"},
      {"i32::bigint", "int64"},
      {"s::varchar(9)", "string(9)"},
      {"i32::double precision", "float64"},
      {"cast(s as timestamp with time zone)", "timestamp_tz"},
      {"i32::numeric", "decimal(10,0)"},
      {"s::enum('a b',c)", "enum(a b,c)"},
      {"nullif(code, '')", "string"},
      {"mixed", "int32"},
      {"\"a b\"", "int32"},
      {"null", "string"},
      {"greatest(i32, 2.5)", "decimal(11,1)"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(type_name(text), expected) << text;
}

TEST(ExpressionTypes, NullableIsKnown) {
  const auto nullable = [](const char* text) { return compile_expression(text, input())->nullable; };
  EXPECT_FALSE(nullable("i32 + 1"));
  EXPECT_TRUE(nullable("i64 + 1"));
  EXPECT_FALSE(nullable("coalesce(i64, 0)"));
  EXPECT_FALSE(nullable("i64 is null"));
  EXPECT_TRUE(nullable("case when i32 > 0 then 1 end"));
  EXPECT_FALSE(nullable("case when i64 > 0 then 1 else 2 end"));
  EXPECT_TRUE(nullable("nullif(i32, 0)"));
  EXPECT_FALSE(nullable("concat(s, 'x')"));
}

TEST(ExpressionMistakes, NamePlaceAndNearest) {
  const std::pair<const char*, const char*> kCases[] = {
      {"1 + lowr(s)", "at character 5: no function 'lowr' (did you mean 'lower'?)"},
      {"i32 + prise", "at character 7: no column 'prise' (did you mean 'price'?)"},
      {"'é' || nam", "at character 8: no column 'nam'"},
      {"1 +", "at character 4: expected a value, but the expression ends here"},
      {"(1", "at character 3: expected ')'"},
      {"1 2", "at character 3: expected an operator or the end"},
      {"a < b < c", "at character 7: comparisons do not chain"},
      {"'abc", "at character 1: the quote that begins here is not closed"},
      {"s + 1", "at character 3: no operator + for string and int32"},
      {"d > '2024-02-30'", "at character 5: '2024-02-30' is not a value of type date"},
      {"i32 = 'x'", "at character 7: 'x' is not a value of type int32"},
      {"ok and 1", "and needs a condition, but this is int32"},
      {"now()", "a load gives the same rows whenever it runs"},
      {"ts - ts", "extract(epoch FROM a - b)"},
      {"substr(s)", "substr(text string, start int64 [, count int64]) -> string"},
      {"interval '1 day'", "an interval has no place here"},
      {"interval '1 fortnight'", "is not an interval"},
      {"extract(yer from d)", "no field 'yer'"},
      {"ok::date", "no cast from bool to date"},
      {"1 ; 2", "';' does not belong into an expression"},
      {"f64 % 2", "no operator %"},
      {"add(1, 2)", "no function 'add'"},
      {"", "the expression is empty"},
      {"12345678901234567890123456789012345678901234567890", "more than 38 digits"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_THAT(type_name(text), HasSubstr(expected)) << text;
}

TEST(ExpressionLimits, DepthAndSizeAreBounded) {
  std::string nested = "1";
  for (int i = 0; i < 100; ++i) nested = "(" + nested + ")";
  EXPECT_THAT(type_name(nested), HasSubstr("nested deeper than 64"));
  std::string sum = "i64";
  for (int i = 0; i < 200; ++i) sum += "+i64";
  EXPECT_EQ(type_name(sum), "int64");
  for (int i = 0; i < 200; ++i) sum += "+i64";
  EXPECT_THAT(type_name(sum), HasSubstr("more than 256 operators"));
  std::string minus(5000, '-');
  EXPECT_THAT(type_name(minus + "1"), HasSubstr("nested deeper"));
  std::string any = "ok";
  for (int i = 0; i < 5000; ++i) any += " or ok";
  EXPECT_EQ(type_name(any), "bool");
  EXPECT_THAT(type_name(std::string(70000, ' ')), HasSubstr("more than 65536"));
}

TEST(ExpressionColumns, AreListedOnce) {
  EXPECT_THAT(*expression_columns("b + a * b + \"A b\" + lower(c)"), testing::ElementsAre("A b", "a", "b", "c"));
  EXPECT_FALSE(expression_columns("a +").ok());
}

TEST(ExpressionConversion, CastsToTheColumnsType) {
  const auto expr = compile_expression("i32", input());
  EXPECT_EQ(convert_expression(*expr, type("int32"))->column, 1);
  EXPECT_EQ(convert_expression(*expr, type("string(4)"))->function, "cast");
  EXPECT_FALSE(convert_expression(*expr, type("date")).ok());
  EXPECT_TRUE(convert_expression(*compile_expression("null", input()), type("date"))->literal.front().null);
}

}  // namespace
}  // namespace tipple
