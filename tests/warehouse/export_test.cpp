#include "warehouse/export.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/warehouse/sample_table.h"
#include "warehouse/value_text.h"

namespace tipple {
namespace {

using testing::HasSubstr;

class Export : public testing::Test {
 protected:
  void SetUp() override {
    const std::vector<LoggedPart> parts = {place_sample_part(warehouse_, "t", "a.h5", 0, 3),
                                           place_sample_part(warehouse_, "t", "b.h5", 3, 1)};
    ASSERT_TRUE(
        commit_version(warehouse_, "t", sample_schema(), Codec::kDeflate, parts, sample_commit(WriteMode::kReplace, 4))
            .ok());
  }
  std::string text(const ExportOptions& options) {
    std::string out;
    const auto rows = export_table(warehouse_, "t", options, [&](std::string_view block) {
      EXPECT_TRUE(block.ends_with('\n'));
      out += block;
      return Status();
    });
    return rows.ok() ? out : rows.error().to_string();
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path(), true).value();
};

TEST_F(Export, Csv) {
  EXPECT_EQ(text({}), "id,price,note\n0,-0.50,\n1,0.51,note 1\n2,1.52,note 2\n3,2.53,\n");
  ExportOptions options;
  options.header = false;
  options.columns = {"note", "id", "id"};
  EXPECT_EQ(text(options), ",0,0\nnote 1,1,1\nnote 2,2,2\n,3,3\n");
}

TEST_F(Export, JsonLines) {
  ExportOptions options;
  options.format = ExportFormat::kJsonLines;
  EXPECT_EQ(text(options),
            "{\"id\":0,\"price\":-0.50,\"note\":null}\n{\"id\":1,\"price\":0.51,\"note\":\"note 1\"}\n"
            "{\"id\":2,\"price\":1.52,\"note\":\"note 2\"}\n{\"id\":3,\"price\":2.53,\"note\":null}\n");
}

TEST_F(Export, NamesWhatItCannotFind) {
  ExportOptions options;
  options.columns = {"nope"};
  EXPECT_THAT(text(options), HasSubstr("no column 'nope' (it has: id, price, note)"));
  options = {};
  options.version = 5;
  EXPECT_THAT(text(options), HasSubstr("no version 5"));
  EXPECT_EQ(export_table(warehouse_, "other", {}, [](std::string_view) { return Status(); }).error().kind,
            ErrorKind::kUsage);
}

TEST_F(Export, ADamagedPartIsNotOpened) {
  const fs::path part = warehouse_.table_folder("t") / "data" / "b.h5";
  std::string bytes = *read_file(part, 1 << 30);
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  ASSERT_TRUE(write_file_synced(part, bytes).ok());
  EXPECT_THAT(text({}), HasSubstr("the part is damaged"));
}

TEST_F(Export, TheSinksErrorEndsIt) {
  const auto result =
      export_table(warehouse_, "t", {}, [](std::string_view) { return Status(environment_error("the pipe broke")); });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().what, "the pipe broke");
}

// ---- values

template <typename Builder, typename... Values>
std::string texts(TextStyle style, const char* type_name, Builder&& builder, const Values&... values) {
  const DataType column_type = type(type_name);
  EXPECT_TRUE((builder.Append(values).ok() && ...));
  const auto array = *builder.Finish();
  const auto column = column_text(*array, column_type, style);
  std::string out;
  for (std::int64_t row = 0; row < array->length(); ++row) {
    if (row > 0) out += ' ';
    column->append(row, out);
  }
  return out;
}

TEST(ValueText, Numbers) {
  EXPECT_EQ(texts(TextStyle::kCsv, "int8", arrow::Int8Builder(), -128, 127), "-128 127");
  EXPECT_EQ(texts(TextStyle::kCsv, "uint64", arrow::UInt64Builder(), 0, UINT64_MAX), "0 18446744073709551615");
  EXPECT_EQ(texts(TextStyle::kCsv, "float32", arrow::FloatBuilder(), 0.1F, -0.0F, 16777216.0F), "0.1 -0 16777216");
  EXPECT_EQ(texts(TextStyle::kCsv, "float64", arrow::DoubleBuilder(), 0.1, 5e-324, 1e300), "0.1 5e-324 1e+300");
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(texts(TextStyle::kCsv, "float64", arrow::DoubleBuilder(), infinity, -infinity, std::nan("")),
            "inf -inf nan");
  EXPECT_EQ(texts(TextStyle::kJson, "float64", arrow::DoubleBuilder(), infinity, -infinity, std::nan("")),
            "null null null");
  EXPECT_EQ(texts(TextStyle::kJson, "bool", arrow::BooleanBuilder(), true, false), "true false");
}

TEST(ValueText, DecimalsAreExact) {
  const auto decimal = [](const char* digits) { return *arrow::Decimal128::FromString(digits); };
  EXPECT_EQ(texts(TextStyle::kCsv, "decimal(38,9)", arrow::Decimal128Builder(arrow::decimal128(38, 9)), decimal("0"),
                  decimal("1"), decimal("-1"), decimal("-12345678901234567890123456789012345678")),
            "0.000000000 0.000000001 -0.000000001 -12345678901234567890123456789.012345678");
  EXPECT_EQ(texts(TextStyle::kJson, "decimal(5,0)", arrow::Decimal128Builder(arrow::decimal128(5, 0)), decimal("-7")),
            "-7");
}

TEST(ValueText, DatesAndTimes) {
  EXPECT_EQ(texts(TextStyle::kCsv, "date", arrow::Date32Builder(), 0, -719162, 2932896),
            "1970-01-01 0001-01-01 9999-12-31");
  const auto micros = arrow::time64(arrow::TimeUnit::MICRO);
  EXPECT_EQ(
      texts(TextStyle::kCsv, "time", arrow::Time64Builder(micros, arrow::default_memory_pool()), 0, 86'399'000'001),
      "00:00:00 23:59:59.000001");
  const auto stamps = [] {
    return arrow::TimestampBuilder(arrow::timestamp(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  };
  EXPECT_EQ(texts(TextStyle::kCsv, "timestamp", stamps(), 0, -1, 951'782'400'500'000),
            "1970-01-01 00:00:00 1969-12-31 23:59:59.999999 2000-02-29 00:00:00.500000");
  EXPECT_EQ(texts(TextStyle::kCsv, "timestamp_tz", stamps(), 0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(texts(TextStyle::kJson, "timestamp", stamps(), 0), "\"1970-01-01T00:00:00\"");
  EXPECT_EQ(texts(TextStyle::kJson, "timestamp_tz", stamps(), 0), "\"1970-01-01T00:00:00Z\"");
}

TEST(ValueText, TextsAndLabels) {
  EXPECT_EQ(
      texts(TextStyle::kCsv, "string", arrow::StringBuilder(), "", "a b", "a,b", "say \"x\"", "two\nlines", "cr\r"),
      "\"\" a b \"a,b\" \"say \"\"x\"\"\" \"two\nlines\" \"cr\r\"");
  const std::string nasty = std::string("\"\\\n\t\x01\x7f") + "z\xC3\xBCrich";
  const std::string json = texts(TextStyle::kJson, "string", arrow::StringBuilder(), nasty);
  EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), nasty);
  EXPECT_EQ(texts(TextStyle::kCsv, "enum(bus,'a,b')", arrow::UInt16Builder(), 1, 0), "\"a,b\" bus");
}

}  // namespace
}  // namespace tipple
