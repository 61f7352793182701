#include "warehouse/column_sum.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "formats/arrow_types.h"
#include "tests/warehouse/sample_table.h"

namespace tipple {
namespace {

template <typename Builder, typename... Values>
std::shared_ptr<arrow::Array> array_of(const char* name, const Values&... values) {
  Builder builder(arrow_type(type(name)), arrow::default_memory_pool());
  EXPECT_TRUE((builder.Append(values).ok() && ...) && builder.AppendNull().ok());
  return *builder.Finish();
}

ColumnSum sum_of(const char* name, const std::vector<std::shared_ptr<arrow::Array>>& arrays) {
  ColumnSum sum = ColumnSum::make({"c", type(name), true}).value();
  for (const auto& array : arrays) sum.add(*array);
  return sum;
}

TEST(ColumnSum, IsExactForIntegersAndDecimals) {
  const auto largest = array_of<arrow::UInt64Builder>("uint64", UINT64_MAX, UINT64_MAX);
  EXPECT_EQ(sum_of("uint64", {largest, largest}).text(), "73786976294838206460");
  EXPECT_EQ(sum_of("int64", {array_of<arrow::Int64Builder>("int64", INT64_MIN, INT64_MIN)}).text(),
            "-18446744073709551616");
  EXPECT_EQ(sum_of("int8", {array_of<arrow::Int8Builder>("int8", -128, 1)}).value(), -127.0);
  const auto nines = array_of<arrow::Decimal128Builder>(
      "decimal(38,2)", *arrow::Decimal128::FromString("99999999999999999999999999999999999999"));
  EXPECT_EQ(sum_of("decimal(38,2)", {nines, nines}).text(), "1999999999999999999999999999999999999.98");
  EXPECT_DOUBLE_EQ(
      sum_of("decimal(5,2)", {array_of<arrow::Decimal128Builder>("decimal(5,2)", arrow::Decimal128(-150))}).value(),
      -1.5);
}

TEST(ColumnSum, AnExactSumIsTheNearestDouble) {
  for (int cents = 1; cents < 10'000; cents += 7) {
    const auto sum =
        sum_of("decimal(9,2)", {array_of<arrow::Decimal128Builder>("decimal(9,2)", arrow::Decimal128(cents))});
    EXPECT_EQ(sum.value(), std::strtod(sum.text().c_str(), nullptr)) << sum.text();
  }
}

TEST(ColumnSum, OfFloatsDoesNotDependOnBatches) {
  std::vector<double> values;
  for (int i = 0; i < 10'000; ++i) values.push_back((i % 2 == 0 ? 1e16 : -1e16) + i * 0.1);
  const auto sum_in = [&](std::size_t batch) {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (std::size_t at = 0; at < values.size(); at += batch) {
      arrow::DoubleBuilder builder;
      EXPECT_TRUE(
          builder.AppendValues(values.data() + at, static_cast<std::int64_t>(std::min(batch, values.size() - at)))
              .ok());
      arrays.push_back(*builder.Finish());
    }
    return sum_of("float64", arrays).value();
  };
  EXPECT_EQ(sum_in(1), sum_in(10'000));
  EXPECT_EQ(sum_in(7), sum_in(10'000));
  EXPECT_EQ(sum_of("float64", {array_of<arrow::DoubleBuilder>("float64", 1e100, 1.0, -1e100)}).text(), "1")
      << "compensated";
}

TEST(ColumnSum, InfinitiesAndNansShow) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(sum_of("float64", {array_of<arrow::DoubleBuilder>("float64", 1.0, infinity, 2.0)}).value(), infinity);
  EXPECT_TRUE(std::isnan(sum_of("float32", {array_of<arrow::FloatBuilder>("float32", std::nanf(""))}).value()));
}

TEST(ColumnSum, TextHasNone) {
  EXPECT_EQ(ColumnSum::make({"c", type("string"), false}).error().kind, ErrorKind::kUsage);
}

}  // namespace
}  // namespace tipple
