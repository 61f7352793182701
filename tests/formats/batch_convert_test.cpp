// BatchConverter: every Arrow type to every declared one: what fits is kept, what does not is a reject of its row and
// of no other.
#include "formats/batch_convert.h"

#include <arrow/array/concatenate.h>
#include <arrow/json/from_string.h>
#include <arrow/util/float16.h>
#include <gmock/gmock.h>

#include "tests/formats/batch_testing.h"

namespace tipple {
namespace {

using testing::HasSubstr;
using testing_batches::Batch;
using testing_batches::column;
using testing_batches::table;

std::shared_ptr<arrow::Array> array_of(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

// One column "x" converted to `type`, as it stands and as a slice of a longer array: both must say the same.
Result<ConvertedBatch> convert(const std::shared_ptr<arrow::Array>& array, const std::string& type,
                               const std::string& from = "x") {
  const auto schema = arrow::schema({arrow::field("x", array->type())});
  auto spec = column("x", type, from);
  TIPPLE_TRY(const auto converter, BatchConverter::make(*schema, table({spec}), "in.parquet"));
  const Batch batch = arrow::RecordBatch::Make(schema, array->length(), {array});
  TIPPLE_TRY(auto converted, converter->convert(*batch, 100, "in.parquet", arrow::default_memory_pool()));
  EXPECT_TRUE(converted.batch->ValidateFull().ok()) << converted.batch->ValidateFull();

  auto longer = arrow::Concatenate({array->Slice(0, std::min<std::int64_t>(array->length(), 3)), array});
  if (!longer.ok()) return converted;  // Concatenate does not know every type
  const auto slice = (*longer)->Slice((*longer)->length() - array->length());
  TIPPLE_TRY(const auto again, converter->convert(*arrow::RecordBatch::Make(schema, array->length(), {slice}), 100,
                                                  "in.parquet", arrow::default_memory_pool()));
  EXPECT_TRUE(again.batch->Equals(*converted.batch, false, arrow::EqualOptions::Defaults().nans_equal(true)))
      << again.batch->ToString() << converted.batch->ToString();
  EXPECT_EQ(again.rejects.size(), converted.rejects.size());
  return converted;
}

struct Case {
  std::shared_ptr<arrow::DataType> from;
  std::string values;  // JSON
  std::string to;
  std::string kept;                  // JSON, of the declared type's layout
  std::vector<std::string> rejects;  // "row rule words"
};

void check(const Case& c) {
  SCOPED_TRACE(c.from->ToString() + " " + c.values + " to " + c.to);
  const auto converted = convert(array_of(c.from, c.values), c.to);
  ASSERT_TRUE(converted.ok()) << converted.error().to_string();
  const auto expected = array_of(converted->batch->schema()->field(0)->type(), c.kept);
  EXPECT_TRUE(converted->batch->column(0)->Equals(*expected, arrow::EqualOptions::Defaults().nans_equal(true)))
      << converted->batch->column(0)->ToString();
  ASSERT_EQ(converted->rejects.size(), c.rejects.size());
  for (std::size_t i = 0; i < c.rejects.size(); ++i) {
    const Reject& reject = converted->rejects[i];
    const std::string found = std::to_string(reject.offset - 100) + " " + reject.rule + " " + reject.reason;
    EXPECT_THAT(found, HasSubstr(c.rejects[i]));
    EXPECT_EQ(reject.line, reject.offset);
    EXPECT_EQ(reject.column, "x");
    EXPECT_EQ(reject.path, "in.parquet");
  }
}

TEST(BatchConvert, WholeNumbers) {
  check({arrow::int64(), "[1, -128, 127]", "int8", "[1, -128, 127]", {}});
  check({arrow::int64(),
         "[1, 128, -129, 5]",
         "int8",
         "[1, 5]",
         {"1 range \"128\" is out of range for int8", "2 range \"-129\""}});
  check({arrow::int32(), "[0, -1]", "uint64", "[0]", {"1 range \"-1\""}});
  check({arrow::uint64(), "[18446744073709551615, 7]", "int64", "[7]", {"0 range \"18446744073709551615\""}});
  check({arrow::uint8(), "[0, 255]", "int16", "[0, 255]", {}});
  check({arrow::int64(),
         "[9007199254740992, 9007199254740993]",
         "float64",
         "[9007199254740992]",
         {"1 range \"9007199254740993\""}});
  check({arrow::int32(), "[16777216, 16777217]", "float32", "[16777216]", {"1 range"}});
  check({arrow::int32(), "[0, 1, 2]", "bool", "[false, true]", {"2 type \"2\" is not a value of type bool"}});
  check({arrow::boolean(), "[true, false]", "int8", "[1, 0]", {}});
  check({arrow::int32(), "[1, null, 3]", "int64?", "[1, null, 3]", {}});
  check({arrow::int32(), "[1, null, 3]", "int64", "[1, 3]", {"1 not_null the value is null"}});
  check({arrow::int64(), "[1, null, 3]", "int64", "[1, 3]", {"1 not_null"}});
  check({arrow::duration(arrow::TimeUnit::MILLI), "[1500]", "int32", "[1500]", {}});
}

TEST(BatchConvert, FloatingPoint) {
  check({arrow::float64(),
         "[1.0, 1.5, -3, 1e300]",
         "int32",
         "[1, -3]",
         {"1 range \"1.5\" is out of range for int32: it is not a whole number", "3 range"}});
  check({arrow::float64(),
         "[9223372036854775808, -9223372036854775808]",
         "int64",
         "[-9223372036854775808]",
         {"0 range"}});
  check({arrow::float64(), "[18446744073709551616, 0]", "uint64", "[0]", {"0 range"}});
  check({arrow::float64(), "[NaN, Inf, 2]", "int8", "[2]", {"0 range \"nan\"", "1 range \"inf\""}});
  check({arrow::float64(), "[0.1, 1e39, Inf, NaN]", "float32", "[0.1, Inf, NaN]", {"1 range \"1e+39\""}});
  check({arrow::float32(), "[0.5]", "float64", "[0.5]", {}});
  check({arrow::float16(), "[0.5, -2]", "float64", "[0.5, -2]", {}});
  check({arrow::float64(),
         "[0.1, 12.345, 1e10]",
         "decimal(5,2)",
         "[\"0.10\"]",
         {"1 range \"12.345\" is out of range for decimal(5,2): it has more fraction digits", "2 range"}});
}

TEST(BatchConvert, Decimals) {
  check(
      {arrow::decimal128(10, 2), "[\"1.50\", \"-99999999.99\"]", "decimal(10,2)", "[\"1.50\", \"-99999999.99\"]", {}});
  check({arrow::decimal128(10, 2), "[\"1.50\", \"123.45\"]", "decimal(4,2)", "[\"1.50\"]", {"1 range \"123.45\""}});
  check({arrow::decimal128(10, 3), "[\"1.500\", \"1.501\"]", "decimal(10,2)", "[\"1.50\"]", {"1 range \"1.501\""}});
  check({arrow::decimal64(9, 2),
         "[\"1.50\", \"-7.25\"]",
         "decimal(38,20)",
         "[\"1.50000000000000000000\", \"-7.25000000000000000000\"]",
         {}});
  check({arrow::decimal256(60, 1),
         "[\"1.5\", \"100000000000000000000000000000000000000000000000000.0\"]",
         "decimal(38,1)",
         "[\"1.5\"]",
         {"1 range"}});
  check({arrow::decimal128(10, 2),
         "[\"3.00\", \"3.50\", \"300.00\"]",
         "int8",
         "[3]",
         {"1 range \"3.50\"", "2 range \"300.00\""}});
  check({arrow::decimal128(10, 2), "[\"0.10\"]", "float64", "[0.1]", {}});
  check({arrow::int64(), "[12, 1234]", "decimal(5,2)", "[\"12.00\"]", {"1 range \"1234\""}});
}

// A file can say decimal(4,2) of values that have more digits.
TEST(BatchConvert, DecimalsOfMoreDigitsThanTheirTypeAreRejects) {
  auto wide = array_of(arrow::decimal128(38, 2), "[\"1.00\", \"123456789.00\"]");
  const auto data = wide->data()->Copy();
  data->type = arrow::decimal128(4, 2);
  const auto schema = arrow::schema({arrow::field("x", data->type)});
  const auto converter = BatchConverter::make(*schema, table({column("x", "decimal(4,2)")}), "f").value();
  const auto converted = converter
                             ->convert(*arrow::RecordBatch::Make(schema, 2, {arrow::MakeArray(data)}), 0, "f",
                                       arrow::default_memory_pool())
                             .value();
  EXPECT_EQ(converted.batch->num_rows(), 1);
  ASSERT_EQ(converted.rejects.size(), 1U);
  EXPECT_EQ(converted.rejects[0].rule, "range");
}

TEST(BatchConvert, Times) {
  using Unit = arrow::TimeUnit;
  check({arrow::timestamp(Unit::NANO),
         "[1000, 1001, -1000, -1]",
         "timestamp",
         "[1, -1]",
         {"1 range \"1970-01-01 00:00:00.000001001\" is out of range for timestamp: it is finer than a microsecond",
          "3 range"}});
  check({arrow::timestamp(Unit::SECOND),
         "[0, 9223372036854775807, -62135596800, -62135596801]",
         "timestamp",
         "[0, -62135596800000000]",
         {"1 range", "3 range"}});
  check({arrow::timestamp(Unit::MILLI, "Europe/Berlin"), "[1500]", "timestamp_tz", "[1500000]", {}});
  check({arrow::timestamp(Unit::MICRO, "UTC"), "[1500, null]", "timestamp?", "[1500, null]", {}});
  check({arrow::timestamp(Unit::MICRO), "[1500, 253402300800000000]", "timestamp", "[1500]", {"1 range"}});
  check({arrow::timestamp(Unit::MILLI),
         "[86400000, -86400000, 1]",
         "date",
         "[1, -1]",
         {"2 range \"1970-01-01 00:00:00.001\" is out of range for date: it has a time of day"}});
  check({arrow::date32(), "[0, 2932896, 2932897]", "date", "[0, 2932896]", {"2 range"}});
  check({arrow::date64(), "[86400000, 86400001]", "date", "[1]", {"1 range"}});
  check({arrow::date32(), "[1]", "timestamp", "[86400000000]", {}});
  check({arrow::time32(Unit::MILLI),
         "[1, 86399999, 86400000, -1]",
         "time",
         "[1000, 86399999000]",
         {"2 range", "3 range"}});
  check({arrow::time64(Unit::NANO), "[1000, 1]", "time", "[1]", {"1 range"}});
  check({arrow::time64(Unit::MICRO), "[5, 86400000000]", "time", "[5]", {"1 range"}});
}

TEST(BatchConvert, Texts) {
  check({arrow::utf8(), "[\"a\", \"abc\", null]", "string(2)?", "[\"a\", null]", {"1 length \"abc\" has 3 bytes"}});
  check({arrow::large_utf8(), "[\"a\", \"\\u00e9\"]", "string", "[\"a\", \"\\u00e9\"]", {}});
  check({arrow::utf8_view(),
         "[\"a\", \"a text that is longer than a view holds\"]",
         "string",
         "[\"a\", \"a text that is longer than a view holds\"]",
         {}});
  check({arrow::fixed_size_binary(2), "[\"ab\", \"cd\"]", "string(2)", "[\"ab\", \"cd\"]", {}});
  check({arrow::utf8(), "[\"12\", \"x\", \"300\", \"-7\"]", "int8", "[12, -7]", {"1 type \"x\"", "2 range \"300\""}});
  check({arrow::utf8(), "[\"2024-02-29\", \"2023-02-29\"]", "date", "[19782]", {"1 type"}});
  check({arrow::utf8(), "[\"2024-01-01T00:00:00Z\", null]", "timestamp_tz?", "[1704067200000000, null]", {}});
  check({arrow::large_utf8(), "[\"true\", \"no\"]", "bool", "[true, false]", {}});
  check({arrow::utf8(), "[\"1.5\"]", "decimal(5,2)", "[\"1.50\"]", {}});
  check({arrow::utf8(),
         "[\"red\", \"gren\", \"blue\"]",
         "enum(red,green,blue)",
         "[0, 2]",
         {"1 enum \"gren\" is not one of the 3 labels; the nearest is \"green\""}});
  check({arrow::int8(), "[1, 3]", "enum(1,2)", "[0]", {"1 enum \"3\""}});
}

TEST(BatchConvert, TextsOfDatesHaveTheFormatOfTheirColumn) {
  const auto schema = arrow::schema({arrow::field("x", arrow::utf8())});
  const Batch batch =
      arrow::RecordBatch::Make(schema, 3, {array_of(arrow::utf8(), "[\"29.02.2024\", \"2024-02-29\", null]")});
  auto spec = column("x", "date?");
  spec.format = "%d.%m.%Y";
  const auto converter = BatchConverter::make(*schema, table({spec}), "f").value();
  const auto converted = converter->convert(*batch, 0, "f", arrow::default_memory_pool()).value();
  EXPECT_TRUE(converted.batch->column(0)->Equals(array_of(arrow::date32(), "[19782, null]")));
  ASSERT_EQ(converted.rejects.size(), 1U);
  EXPECT_EQ(converted.rejects[0].rule, "type");
  spec.format = "%Q";
  const auto unknown = BatchConverter::make(*schema, table({spec}), "f");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUsage);
}

TEST(BatchConvert, EveryTypeBecomesText) {
  using Unit = arrow::TimeUnit;
  check({arrow::int64(), "[-5, null]", "string?", "[\"-5\", null]", {}});
  check({arrow::float64(), "[0.1, 1e20]", "string", "[\"0.1\", \"1e+20\"]", {}});
  check({arrow::boolean(), "[true]", "string", "[\"true\"]", {}});
  check({arrow::decimal128(5, 2), "[\"1.50\"]", "string", "[\"1.50\"]", {}});
  check({arrow::date32(),
         "[0, -719162, 2932896, 19782]",
         "string",
         "[\"1970-01-01\", \"0001-01-01\", \"9999-12-31\", \"2024-02-29\"]",
         {}});
  check({arrow::timestamp(Unit::MILLI, "UTC"), "[-1]", "string", "[\"1969-12-31 23:59:59.999Z\"]", {}});
  check({arrow::time32(Unit::SECOND), "[3661]", "string", "[\"01:01:01\"]", {}});
  check({arrow::list(arrow::int32()), "[[1, null, 3], [], null]", "string?", "[\"[1,null,3]\", \"[]\", null]", {}});
  check({arrow::struct_({arrow::field("a", arrow::utf8()), arrow::field("b", arrow::float64())}),
         "[{\"a\": \"x\\\"y\\n\", \"b\": NaN}]",
         "string",
         "[\"{\\\"a\\\":\\\"x\\\\\\\"y\\\\n\\\",\\\"b\\\":\\\"nan\\\"}\"]",
         {}});
  check({arrow::map(arrow::utf8(), arrow::int32()),
         "[[[\"k\", 1], [\"l\", null]]]",
         "string",
         "[\"{\\\"k\\\":1,\\\"l\\\":null}\"]",
         {}});
  check({arrow::map(arrow::int32(), arrow::boolean()), "[[[1, true]]]", "string", "[\"[[1,true]]\"]", {}});
  check({arrow::fixed_size_list(arrow::date32(), 2),
         "[[0, 1]]",
         "string",
         "[\"[\\\"1970-01-01\\\",\\\"1970-01-02\\\"]\"]",
         {}});
  check({arrow::null(), "[null, null]", "int32?", "[null, null]", {}});
  check({arrow::null(), "[null]", "string", "[]", {"0 not_null"}});
}

TEST(BatchConvert, TextThatIsNoUtf8OrHasNulIsARejectOfItsRow) {
  arrow::BinaryBuilder builder;
  for (const std::string_view text : {std::string_view("good"), std::string_view("\xff\xfe"),
                                      std::string_view("a\0b", 3), std::string_view("\xc3\xa9")}) {
    ASSERT_TRUE(builder.Append(text).ok());
  }
  const auto array = builder.Finish().ValueOrDie();
  for (const char* type : {"string", "string(10)"}) {
    const auto converted = convert(array, type).value();
    ASSERT_EQ(converted.rejects.size(), 2U);
    EXPECT_EQ(converted.rejects[0].rule, "encoding");
    EXPECT_EQ(converted.rejects[1].rule, "nul");
    EXPECT_EQ(static_cast<const arrow::StringArray&>(*converted.batch->column(0)).GetView(1), "\xc3\xa9");
  }
}

TEST(BatchConvert, DictionariesAreDecodedAndABadEntryConcernsOnlyItsRows) {
  const auto dictionary = array_of(arrow::utf8(), "[\"1\", \"unused and no number\", \"bad\", null, \"4\"]");
  const auto indices = array_of(arrow::int8(), "[0, 4, 2, null, 3, 0]");
  const auto array =
      arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int8(), arrow::utf8()), indices, dictionary)
          .ValueOrDie();
  const auto numbers = convert(array, "int32?").value();
  EXPECT_TRUE(numbers.batch->column(0)->Equals(array_of(arrow::int32(), "[1, 4, null, null, 1]")));
  ASSERT_EQ(numbers.rejects.size(), 1U);
  EXPECT_EQ(numbers.rejects[0].offset, 102U);
  const auto not_null = convert(array, "string").value();
  EXPECT_TRUE(not_null.batch->column(0)->Equals(array_of(arrow::utf8(), "[\"1\", \"4\", \"bad\", \"1\"]")));
  EXPECT_EQ(not_null.rejects.size(), 2U);
  const auto labels = convert(array, "enum(4,1,bad)?").value();
  EXPECT_TRUE(labels.batch->column(0)->Equals(array_of(arrow::uint16(), "[1, 0, 2, null, null, 1]")));
  const auto bools =
      arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int8(), arrow::int32()),
                                         array_of(arrow::int8(), "[1, 0, 1]"), array_of(arrow::int32(), "[0, 1]"))
          .ValueOrDie();
  EXPECT_TRUE(
      convert(bools, "bool").value().batch->column(0)->Equals(array_of(arrow::boolean(), "[true, false, true]")));
}

TEST(BatchConvert, AnIndexBeyondTheDictionaryIsAnErrorAndNotARead) {
  const auto dictionary = array_of(arrow::utf8(), "[\"1\"]");
  const auto data = array_of(arrow::int8(), "[0, 100]")->data()->Copy();
  data->type = arrow::dictionary(arrow::int8(), arrow::utf8());
  data->dictionary = dictionary->data();
  const auto schema = arrow::schema({arrow::field("x", data->type)});
  const auto converter = BatchConverter::make(*schema, table({column("x", "string")}), "f").value();
  const auto converted = converter->convert(*arrow::RecordBatch::Make(schema, 2, {arrow::MakeArray(data)}), 0, "f",
                                            arrow::default_memory_pool());
  ASSERT_FALSE(converted.ok());
  EXPECT_THAT(converted.error().what, HasSubstr("damaged"));
}

TEST(BatchConvert, FieldsOfStructsAreFoundByPathAndAreNullWhereTheStructIs) {
  const auto inner = arrow::struct_({arrow::field("city", arrow::utf8()), arrow::field("zip.code", arrow::int32())});
  const auto outer = arrow::struct_({arrow::field("address", inner)});
  const auto array = array_of(outer, R"([{"address": {"city": "Rom", "zip.code": 1}}, {"address": null}, null])");
  EXPECT_TRUE(convert(array, "string?", "x.address.city")
                  .value()
                  .batch->column(0)
                  ->Equals(array_of(arrow::utf8(), "[\"Rom\", null, null]")));
  EXPECT_TRUE(convert(array, "int8?", "x.address.zip.code")
                  .value()
                  .batch->column(0)
                  ->Equals(array_of(arrow::int8(), "[1, null, null]")));
  const auto unknown = convert(array, "string?", "x.address.citty");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(unknown.error().hint, HasSubstr("x.address.city"));
}

TEST(BatchConvert, UnknownFieldsAndImpossibleTypesAreErrorsOfTheUser) {
  const auto schema =
      arrow::schema({arrow::field("amount", arrow::int32()), arrow::field("tags", arrow::list(arrow::utf8())),
                     arrow::field("twice", arrow::int8()), arrow::field("twice", arrow::int8())});
  const auto unknown = BatchConverter::make(*schema, table({column("amuont", "int32")}), "in.parquet");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(unknown.error().to_string(), HasSubstr("did you mean \"amount\"?"));
  const auto impossible = BatchConverter::make(*schema, table({column("tags", "int32")}), "in.parquet");
  ASSERT_FALSE(impossible.ok());
  EXPECT_THAT(impossible.error().what, HasSubstr("list<"));
  const auto twice = BatchConverter::make(*schema, table({column("twice", "int32")}), "in.parquet");
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().what, HasSubstr("twice"));
}

TEST(BatchConvert, AbsentFieldsAreNullIfAskedAndAllowed) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int32())});
  BoundTable bound = table({column("b", "string?"), column("a", "int64")});
  bound.absent_is_null = true;
  const auto converter = BatchConverter::make(*schema, bound, "f").value();
  EXPECT_EQ(converter->columns(), std::vector<int>{0});
  const auto converted = converter
                             ->convert(*arrow::RecordBatch::Make(schema, 2, {array_of(arrow::int32(), "[1, 2]")}), 0,
                                       "f", arrow::default_memory_pool())
                             .value();
  EXPECT_TRUE(converted.batch->column(0)->Equals(array_of(arrow::utf8(), "[null, null]")));
  bound.columns[0].column.nullable = false;
  EXPECT_FALSE(BatchConverter::make(*schema, bound, "f").ok());
}

// The first fault of a row counts, in the table's order; good rows keep their order, their origins and, in every
// column, their values.
TEST(BatchConvert, GoodRowsOfSeveralColumnsAreCompactedTogether) {
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8()), arrow::field("c", arrow::boolean())});
  const Batch batch =
      arrow::RecordBatch::Make(schema, 5,
                               {array_of(arrow::int64(), "[1, 2000, 3, null, 5]"),
                                array_of(arrow::utf8(), "[\"u\", \"too long\", \"too long\", \"x\", null]"),
                                array_of(arrow::boolean(), "[true, true, true, false, null]")});
  BoundTable bound = table({column("c", "bool?"), column("a", "int8?"), column("b", "string(3)?")});
  bound.origins = true;
  bound.keep_raw = true;
  const auto converter = BatchConverter::make(*schema, bound, "f").value();
  const Batch before = arrow::RecordBatch::Make(
      schema, 5,
      {arrow::Concatenate({batch->column(0)}).ValueOrDie(), arrow::Concatenate({batch->column(1)}).ValueOrDie(),
       arrow::Concatenate({batch->column(2)}).ValueOrDie()});
  const auto converted = converter->convert(*batch, 10, "f", arrow::default_memory_pool()).value();
  EXPECT_TRUE(batch->Equals(*before)) << "the input is not ours to change";
  EXPECT_EQ(converted.origins, (std::vector<std::uint32_t>{0, 3, 4}));
  EXPECT_TRUE(converted.batch->column(0)->Equals(array_of(arrow::boolean(), "[true, false, null]")));
  EXPECT_TRUE(converted.batch->column(1)->Equals(array_of(arrow::int8(), "[1, null, 5]")));
  EXPECT_TRUE(converted.batch->column(2)->Equals(array_of(arrow::utf8(), "[\"u\", \"x\", null]")));
  ASSERT_EQ(converted.rejects.size(), 2U);
  EXPECT_EQ(converted.rejects[0].column, "a");
  EXPECT_EQ(converted.rejects[0].raw, R"({"a":2000,"b":"too long","c":true})");
  EXPECT_EQ(converted.rejects[1].column, "b");
  EXPECT_EQ(converted.rejects[1].offset, 12U);
}

TEST(BatchConvert, EqualTypesShareTheirBuffers) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  const Batch batch = arrow::RecordBatch::Make(
      schema, 2, {array_of(arrow::int64(), "[1, 2]"), array_of(arrow::utf8(), "[\"u\", \"v\"]")});
  const auto converter =
      BatchConverter::make(*schema, table({column("a", "int64"), column("b", "string(4)?")}), "f").value();
  const auto converted = converter->convert(*batch, 0, "f", arrow::default_memory_pool()).value();
  EXPECT_EQ(converted.batch->column_data(0)->buffers[1], batch->column_data(0)->buffers[1]);
  EXPECT_EQ(converted.batch->column_data(1)->buffers[2], batch->column_data(1)->buffers[2]);
}

}  // namespace
}  // namespace tipple
