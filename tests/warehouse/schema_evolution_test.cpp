#include "warehouse/schema_evolution.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/arrow_types.h"
#include "tests/warehouse/sample_table.h"

namespace tipple {
namespace {

using testing::HasSubstr;

std::string wider(const char* table, const char* load) {
  const auto both = widen_type(type(table), type(load));
  return both ? both->to_string() : "none";
}

TEST(WidenType, IsTheNarrowestThatHoldsBoth) {
  const char* const cases[][3] = {
      {"int8", "int8", "int8"},
      {"int8", "int32", "int32"},
      {"uint8", "uint16", "uint16"},
      {"uint8", "int8", "int16"},
      {"uint16", "int8", "int32"},
      {"uint32", "int8", "int64"},
      {"uint32", "int64", "int64"},
      {"uint64", "int8", "decimal(20,0)"},
      {"uint64", "int64", "decimal(20,0)"},
      {"int16", "float32", "float32"},
      {"uint16", "float32", "float32"},
      {"int32", "float32", "float64"},
      {"uint32", "float64", "float64"},
      {"int64", "float64", "none"},
      {"uint64", "float32", "none"},
      {"float32", "float64", "float64"},
      {"int8", "decimal(4,2)", "decimal(5,2)"},
      {"int32", "decimal(12,2)", "decimal(12,2)"},
      {"int64", "decimal(12,2)", "decimal(21,2)"},
      {"uint64", "decimal(38,2)", "decimal(38,2)"},
      {"uint64", "decimal(38,30)", "none"},
      {"decimal(5,2)", "decimal(7,4)", "decimal(7,4)"},
      {"decimal(9,2)", "decimal(7,4)", "decimal(11,4)"},
      {"decimal(38,0)", "decimal(38,1)", "none"},
      {"decimal(9,2)", "float64", "none"},
      {"string(3)", "string(8)", "string(8)"},
      {"string(3)", "string", "string"},
      {"enum(a,b)", "string(1)", "string"},
      {"enum(a,b)", "enum(c,b)", "enum(a,b,c)"},
      {"int32", "string", "none"},
      {"bool", "int8", "none"},
      {"date", "timestamp", "none"},
      {"timestamp", "timestamp_tz", "none"},
      {"time", "time", "time"},
  };
  for (const auto& [table, load, expected] : cases) {
    EXPECT_EQ(wider(table, load), expected) << table << " and " << load;
    const bool ordered = std::string(expected) == "enum(a,b,c)";  // the table's labels come first
    EXPECT_EQ(wider(load, table), ordered ? "enum(c,b,a)" : expected) << load << " and " << table;
    if (std::string(expected) == "none") continue;
    EXPECT_EQ(wider(expected, load), expected) << "what was widened to holds the load's";
    EXPECT_EQ(wider(expected, table), expected) << "and the table's";
  }
}

TEST(WidenSchema, UnionByName) {
  const Schema table{{"id", type("int32"), false}, {"gone", type("date"), false}, {"note", type("string(4)"), false}};
  const Schema load{{"note", type("string(9)"), true}, {"new", type("float64"), false}, {"id", type("int64"), false}};
  const Schema expected{{"id", type("int64"), false},
                        {"gone", type("date"), true},
                        {"note", type("string(9)"), true},
                        {"new", type("float64"), true}};
  EXPECT_EQ(widen_schema(table, load).value(), expected);
  EXPECT_EQ(widen_schema(table, table).value(), table);
  EXPECT_EQ(widen_schema(expected, load).value(), expected) << "nothing more to widen";
}

TEST(WidenSchema, NamesTheColumnThatCannotWiden) {
  const auto refused = widen_schema({{"when", type("date"), false}}, {{"when", type("timestamp"), false}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("column when is date in the table and timestamp in the load"));
}

TEST(WidenSchema, OnlyTheViewOfHdf5PartsLimitsIt) {
  const auto shown = [](const char* from, const char* to, PartFormat format) {
    return check_shown_as({{"c", type(from), false}}, {{"c", type(to), true}, {"new", type("string"), true}}, format)
        .ok();
  };
  const char* const refused[][2] = {
      {"int32", "decimal(12,2)"}, {"decimal(5,2)", "decimal(9,4)"}, {"decimal(18,0)", "decimal(20,0)"},
      {"string(3)", "string"},    {"enum(a,b)", "string"},          {"uint64", "decimal(20,0)"}};
  for (const auto& [from, to] : refused) {
    EXPECT_FALSE(shown(from, to, PartFormat::kHdf5)) << from << " " << to;
    EXPECT_TRUE(shown(from, to, PartFormat::kParquet)) << from << " " << to;
  }
  for (const auto& [from, to] : {std::pair{"int8", "int64"},
                                 {"float32", "float64"},
                                 {"int32", "float64"},
                                 {"string(3)", "string(9)"},
                                 {"enum(a,b)", "enum(a,b,c)"},
                                 {"decimal(5,2)", "decimal(9,2)"},
                                 {"string", "string"}}) {
    EXPECT_TRUE(shown(from, to, PartFormat::kHdf5)) << from << " " << to;
  }
}

TEST(WidenStats, WhatAPartLacksIsAllNull) {
  const Schema part{{"b", type("int32"), false}, {"a", type("int32"), false}};
  const Schema wide{{"a", type("int64"), true}, {"n", type("string"), true}, {"b", type("int32"), false}};
  const std::vector<ColumnStats> stats{{0, "1", "2"}, {3, "4", "5"}};
  const std::vector<ColumnStats> expected{{3, "4", "5"}, {7, "", ""}, {0, "1", "2"}};
  EXPECT_EQ(widen_stats(stats, part, wide, 7), expected);
  EXPECT_TRUE(widen_stats({}, part, wide, 7).empty());
}

template <typename Builder, typename... Values>
std::shared_ptr<arrow::Array> array_of(const char* name, const Values&... values) {
  Builder builder(arrow_type(type(name)), arrow::default_memory_pool());
  EXPECT_TRUE((builder.Append(values).ok() && ...));
  EXPECT_TRUE(builder.AppendNull().ok());
  return *builder.Finish();
}

std::string widened(const std::shared_ptr<arrow::Array>& array, const char* from, const char* to) {
  const auto result = widen_array(array, type(from), type(to));
  if (!result.ok()) return result.error().to_string();
  EXPECT_TRUE((*result)->type()->Equals(arrow_type(type(to))));
  std::string text;
  for (std::int64_t i = 0; i < (*result)->length(); ++i)
    text += (i == 0 ? "" : " ") + (*(*result)->GetScalar(i))->ToString();
  return text;
}

TEST(WidenArray, ValuesStayWhatTheyAre) {
  EXPECT_EQ(widened(array_of<arrow::Int8Builder>("int8", -128, 127), "int8", "int64"), "-128 127 null");
  EXPECT_EQ(widened(array_of<arrow::UInt8Builder>("uint8", 255), "uint8", "int16"), "255 null");
  EXPECT_EQ(widened(array_of<arrow::UInt64Builder>("uint64", UINT64_MAX), "uint64", "decimal(20,0)"),
            "18446744073709551615 null");
  EXPECT_EQ(widened(array_of<arrow::Int32Builder>("int32", INT32_MIN), "int32", "decimal(12,2)"),
            "-2147483648.00 null");
  EXPECT_EQ(widened(array_of<arrow::Decimal128Builder>("decimal(3,1)", arrow::Decimal128(-999)), "decimal(3,1)",
                    "decimal(6,3)"),
            "-99.900 null");
  EXPECT_EQ(widened(array_of<arrow::FloatBuilder>("float32", 0.25F), "float32", "float64"), "0.25 null");
  EXPECT_EQ(widened(array_of<arrow::Int32Builder>("int32", INT32_MAX), "int32", "float64"), "2147483647 null");
  EXPECT_EQ(widened(array_of<arrow::StringBuilder>("string(3)", "abc"), "string(3)", "string"), "abc null");
  EXPECT_EQ(widened(array_of<arrow::UInt16Builder>("enum(b,c)", 0, 1), "enum(b,c)", "enum(a,c,b)"), "2 1 null");
  EXPECT_EQ(widened(array_of<arrow::UInt16Builder>("enum(b,c)", 0, 1), "enum(b,c)", "string"), "b c null");
}

}  // namespace
}  // namespace tipple
