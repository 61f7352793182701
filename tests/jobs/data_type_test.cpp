#include "jobs/data_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/byte_size.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

using testing::HasSubstr;

TEST(DataType, EveryNameComesBackAsItself) {
  for (const char* name : {"int8",
                           "int16",
                           "int32",
                           "int64",
                           "uint8",
                           "uint16",
                           "uint32",
                           "uint64",
                           "float32",
                           "float64",
                           "decimal(1,0)",
                           "decimal(38,38)",
                           "bool",
                           "date",
                           "time",
                           "timestamp",
                           "timestamp_tz",
                           "string",
                           "string(1)",
                           "string(1024)",
                           "enum(a)",
                           "enum(EWR,JFK,LGA)",
                           "enum('a,b','it''s','(',' x')"}) {
    const auto type = parse_data_type(name);
    ASSERT_TRUE(type.ok()) << name << ": " << type.error().to_string();
    EXPECT_EQ(type->to_string(), name);
    EXPECT_EQ(*parse_data_type(type->to_string()), *type);
  }
}

TEST(DataType, SpacesDoNotMatter) {
  EXPECT_EQ(parse_data_type(" decimal( 12 , 2 ) ")->to_string(), "decimal(12,2)");
  EXPECT_EQ(parse_data_type("enum( a , b c )")->to_string(), "enum(a,b c)");
  EXPECT_EQ(parse_data_type("decimal(7)")->to_string(), "decimal(7,0)");
}

TEST(DataType, EnumLabelsKeepTheirOrder) {
  EXPECT_THAT(parse_data_type("enum(z,'a,b',m)")->labels, testing::ElementsAre("z", "a,b", "m"));
}

TEST(DataType, TimestampsKnowWhetherTheyHaveAZone) {
  EXPECT_FALSE(parse_data_type("timestamp")->zoned);
  EXPECT_TRUE(parse_data_type("timestamp_tz")->zoned);
}

TEST(DataType, WhatIsNoTypeIsRefused) {
  for (const char* text : {"",
                           "int",
                           "int128",
                           "decimal",
                           "decimal()",
                           "decimal(0,0)",
                           "decimal(39,0)",
                           "decimal(3,4)",
                           "decimal(a,b)",
                           "decimal(5,2",
                           "decimal(5,-1)",
                           "string(0)",
                           "string(1025)",
                           "string(-1)",
                           "string()",
                           "string(3",
                           "enum",
                           "enum()",
                           "enum(a,)",
                           "enum(,a)",
                           "enum(a,a)",
                           "enum('a)",
                           "enum('a'b)",
                           "date(3)",
                           "int32 int32"}) {
    const auto type = parse_data_type(text);
    EXPECT_FALSE(type.ok()) << text;
    if (!type.ok()) {
      EXPECT_EQ(type.error().kind, ErrorKind::kUsage) << text;
    }
  }
}

TEST(DataType, TheNearestTypeIsNamed) {
  EXPECT_THAT(parse_data_type("in32").error().to_string(), HasSubstr("did you mean 'int32'?"));
  EXPECT_THAT(parse_data_type("Decimal(5,2)").error().to_string(), HasSubstr("did you mean 'decimal'?"));
  EXPECT_THAT(parse_data_type("varchar(20)").error().to_string(), HasSubstr("types are"));
}

TEST(DataType, EnumsHaveAtMost65535Labels) {
  std::string text = "enum(l0";
  for (int i = 1; i < 65'535; ++i) text += ",l" + std::to_string(i);
  EXPECT_TRUE(parse_data_type(text + ")").ok());
  EXPECT_FALSE(parse_data_type(text + ",more)").ok());
}

TEST(Schema, ComesBackFromItsJson) {
  const Schema schema = {{"id", *parse_data_type("int64"), false},
                         {"price \"net\"", *parse_data_type("decimal(9,2)"), true},
                         {"größe", *parse_data_type("enum('a,b',c)"), true}};
  const std::string json = schema_to_json(schema);
  EXPECT_THAT(json, HasSubstr(R"({"name":"id","type":"int64","nullable":false})"));
  const auto parsed = schema_from_json(json);
  ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
  EXPECT_EQ(*parsed, schema);
}

TEST(Schema, BrokenJsonIsAnError) {
  for (const char* json :
       {"", "{}", "[1]", "[{}]", R"([{"name":"a","type":"int99","nullable":true}])", R"([{"name":"a","type":"int8"}])",
        R"([{"name":1,"type":"int8","nullable":true}])", "[\xFF]", "[[[["}) {
    EXPECT_FALSE(schema_from_json(json).ok()) << json;
  }
  EXPECT_TRUE(schema_from_json("[]").ok());
}

TEST(ByteSize, NumbersWithAndWithoutUnits) {
  EXPECT_EQ(*parse_bytes("0"), 0u);
  EXPECT_EQ(*parse_bytes("1048576"), 1'048'576u);
  EXPECT_EQ(*parse_bytes("64MiB"), 64u << 20);
  EXPECT_EQ(*parse_bytes("64 MiB"), 64u << 20);
  EXPECT_EQ(*parse_bytes("500MB"), 500'000'000u);
  EXPECT_EQ(*parse_bytes("1GiB"), 1u << 30);
  EXPECT_EQ(*parse_bytes("3TiB"), std::uint64_t{3} << 40);
}

TEST(ByteSize, OtherTextsAreRefused) {
  for (const char* text :
       {"", "MiB", "-1", "1.5GiB", "64mib", "64M", "1 GiB x", "99999999999999999999", "9000000000GiB", "0x10"}) {
    EXPECT_FALSE(parse_bytes(text).ok()) << text;
  }
}

TEST(NearestName, FindsTypingMistakesAndNothingElse) {
  const std::vector<std::string> known = {"warehouse", "sources", "tables", "format", "a"};
  EXPECT_EQ(nearest_name("warhouse", known), "warehouse");
  EXPECT_EQ(nearest_name("soruces", known), "sources");
  EXPECT_EQ(nearest_name("Tables", known), "tables");
  EXPECT_EQ(nearest_name("fromat", known), "format");
  EXPECT_EQ(nearest_name("b", known), "");
  EXPECT_EQ(nearest_name("", known), "");
  EXPECT_EQ(nearest_name("partition", known), "");
  EXPECT_EQ(nearest_name(std::string(10'000, 'x'), known), "");
}

}  // namespace
}  // namespace tipple
