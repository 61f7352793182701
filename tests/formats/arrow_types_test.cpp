#include "formats/arrow_types.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace tipple {
namespace {

TEST(ArrowTypes, OneForEachType) {
  const std::pair<const char*, std::shared_ptr<arrow::DataType>> kTypes[] = {
      {"int8", arrow::int8()},
      {"int16", arrow::int16()},
      {"int32", arrow::int32()},
      {"int64", arrow::int64()},
      {"uint8", arrow::uint8()},
      {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},
      {"uint64", arrow::uint64()},
      {"float32", arrow::float32()},
      {"float64", arrow::float64()},
      {"decimal(12,3)", arrow::decimal128(12, 3)},
      {"bool", arrow::boolean()},
      {"date", arrow::date32()},
      {"time", arrow::time64(arrow::TimeUnit::MICRO)},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"timestamp_tz", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
      {"string", arrow::utf8()},
      {"string(8)", arrow::utf8()},
      {"enum(a,b)", arrow::uint16()},
  };
  for (const auto& [text, want] : kTypes) {
    const auto type = parse_data_type(text);
    ASSERT_TRUE(type.ok()) << text;
    EXPECT_TRUE(arrow_type(*type)->Equals(*want)) << text;
  }
}

TEST(ArrowTypes, SchemaKeepsNamesAndNullability) {
  const auto schema = arrow_schema({{"a", *parse_data_type("int8"), false}, {"b", *parse_data_type("string"), true}});
  EXPECT_TRUE(schema->Equals(
      *arrow::schema({arrow::field("a", arrow::int8(), false), arrow::field("b", arrow::utf8(), true)})));
}

TEST(ArrowTypes, StatusBecomesAnEnvironmentError) {
  const Error memory = from_arrow(arrow::Status::OutOfMemory("malloc of 7 bytes"), "here");
  EXPECT_EQ(memory.kind, ErrorKind::kEnvironment);
  EXPECT_NE(memory.to_string().find("here: out of memory: malloc of 7 bytes"), std::string::npos);
  EXPECT_NE(from_arrow(arrow::Status::IOError("broken")).to_string().find("broken"), std::string::npos);
}

}  // namespace
}  // namespace tipple
