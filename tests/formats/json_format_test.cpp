// JSON lines: what loads, what does not and why, at every cut.
#include "formats/json_format.h"

#include <gmock/gmock.h>

#include "tests/formats/line_format_testing.h"

namespace tipple::testing_lines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SourceSpec json_source() {
  SourceSpec source;
  source.name = "events";
  source.format = SourceFormat::kJsonLines;
  source.csv.header = false;
  return source;
}

Outcome read_json(const std::vector<ColumnSpec>& columns, std::string_view text,
                  const SourceSpec& source = json_source()) {
  const auto format = make_json_format(source);
  return read_all(**format, {columns}, text);
}

// One column `v` over lines {"v":...}.
Outcome read_values(const std::string& type, const std::vector<std::string>& values, bool nullable = true) {
  std::string text;
  for (const std::string& value : values) text += "{\"v\":" + value + "}\n";
  return read_json({column("v", type, nullable)}, text);
}

TEST(JsonFormat, ScalarsOfEveryType) {
  EXPECT_THAT(read_values("int32", {"12", "\"12\"", "-0", "null"}).cells(), ElementsAre("12", "12", "0", "null"));
  EXPECT_THAT(read_values("int64", {"9223372036854775807", "-9223372036854775808"}).cells(),
              ElementsAre("9223372036854775807", "-9223372036854775808"));
  EXPECT_THAT(read_values("uint64", {"18446744073709551615"}).cells(), ElementsAre("18446744073709551615"));
  EXPECT_THAT(read_values("decimal(38,2)", {"123456789012345678901234567890.25", "0.1"}).cells(),
              ElementsAre("123456789012345678901234567890.25", "0.10"));
  EXPECT_THAT(read_values("float64", {"1e3", "0.1", "\"-2.5\""}).cells(), ElementsAre("1000", "0.1", "-2.5"));
  EXPECT_THAT(read_values("bool", {"true", "false", "1"}).cells(), ElementsAre("true", "false", "true"));
  EXPECT_THAT(read_values("date", {"\"2024-02-29\""}).cells(), ElementsAre("2024-02-29"));
  EXPECT_THAT(read_values("enum(a,b)", {"\"b\""}).cells().size(), 1U);
  EXPECT_THAT(read_values("string", {"\"x\"", "12", "1.50", "true", "\"\"", "\"null\"", "null"}).cells(),
              ElementsAre("x", "12", "1.50", "true", "", "null", "null"));
}

TEST(JsonFormat, ValuesThatAreNotOfTheType) {
  EXPECT_THAT(read_values("int32", {"1.5", "1e2", "true", "\"x\"", "[1]", "{}", "2147483648"}).rules(),
              ElementsAre("type", "type", "type", "type", "type", "type", "range"));
  EXPECT_THAT(read_values("string(2)", {"\"abc\""}).rules(), ElementsAre("length"));
  EXPECT_THAT(read_values("string", {"\"a\\u0000b\""}).rules(), ElementsAre("nul"));
}

TEST(JsonFormat, NullAndAbsentAreNull) {
  const std::string text = "{\"a\":null}\n{}\n{\"a\":1,\"b\":2}\n";
  EXPECT_THAT(read_json({column("a", "int32"), column("b", "string")}, text).cells(0),
              ElementsAre("null", "null", "1"));
  const Outcome strict = read_json({column("a", "int32", false)}, text);
  EXPECT_THAT(strict.rules(), ElementsAre("not_null", "not_null"));
  EXPECT_THAT(strict.reasons[1], HasSubstr("null or absent"));
  EXPECT_THAT(read_json({column("b", "string", false)}, text).rules(), ElementsAre("not_null", "not_null"));
}

TEST(JsonFormat, NullTextsOfTheSource) {
  SourceSpec source = json_source();
  source.csv.null_texts = {"", "NA"};
  const std::string text = "{\"v\":\"\"}\n{\"v\":\"NA\"}\n";
  EXPECT_THAT(read_json({column("v", "string")}, text, source).cells(), ElementsAre("", "null"));
  EXPECT_THAT(read_json({column("v", "int32")}, text, source).cells(), ElementsAre("null", "null"));
  source.csv.null_texts = {};
  EXPECT_THAT(read_json({column("v", "int32")}, text, source).rules(), ElementsAre("type", "type"));
}

TEST(JsonFormat, EscapesAndSurrogates) {
  EXPECT_THAT(
      read_values("string", {R"("\"\\\/\b\f\n\r\t")", R"("\u00e9\u20AC")", R"("\ud83d\ude00!")", R"("a\u0041")"})
          .cells(),
      ElementsAre("\"\\/\b\f\n\r\t", "\xC3\xA9\xE2\x82\xAC", "\xF0\x9F\x98\x80!", "aA"));
  const Outcome bad = read_values("string", {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")",
                                             R"("\x41")", R"("\u12")", R"("\u12G4")"});
  EXPECT_THAT(bad.rules(), ElementsAre("json", "json", "json", "json", "json", "json", "json"));
  EXPECT_THAT(bad.cells(), IsEmpty());
}

TEST(JsonFormat, BadLinesAreRejectedWhateverFieldsAreWanted) {
  const std::vector<std::string> bad = {R"({"a":1)",
                                        R"({"a":1,})",
                                        R"({"a":NaN})",
                                        R"({"a":Infinity})",
                                        R"({"a":01})",
                                        R"({"a":+1})",
                                        R"({"a":.5})",
                                        R"({"a":1.})",
                                        R"({"a":1e})",
                                        R"({"a":-})",
                                        R"({"a":tru})",
                                        R"({"a":nulll})",
                                        R"({"a" 1})",
                                        R"({"a"::1})",
                                        R"({a:1})",
                                        R"({'a':1})",
                                        R"({"a":1 "b":2})",
                                        R"({"a":[1,]})",
                                        R"({"a":[1 2]})",
                                        R"({"a":[1})",
                                        R"({"a":{]})",
                                        R"({"a":"x"y"})",
                                        R"({"a":"x)",
                                        R"({"a":1}})",
                                        R"({"a":1} {})",
                                        R"([{"a":1}])",
                                        R"(1)",
                                        R"("a")",
                                        R"(null)",
                                        R"({"a":"\q"})",
                                        R"({"a\q":1})",
                                        R"({"a":1,,"b":2})",
                                        R"({,"a":1})",
                                        R"({"a"})",
                                        R"({"a":})",
                                        R"({"a":0x10})",
                                        "{\"a\":\"\x01\"}",
                                        "{\"a\":\"tab\t\"}",
                                        R"({"a":"x" "y"})",
                                        R"({"a":12"b"})",
                                        R"(})",
                                        R"({"a":1]"b":2})",
                                        R"({"a":--1})",
                                        R"({"a":1-2})",
                                        R"({"a":"\ud800"})",
                                        R"(\{"a":1})",
                                        R"({"a":1}\)",
                                        R"({"a":TRUE})"};
  for (const std::string& line : bad) {
    for (const char* wanted : {"a", "z"}) {
      const Outcome outcome =
          read_json({column(wanted, "string")}, "{\"a\":\"before\"}\n" + line + "\n{\"a\":\"after\"}\n");
      EXPECT_THAT(outcome.rules(), ElementsAre("json")) << line;
      EXPECT_EQ(outcome.rows->num_rows(), 2) << line;
      EXPECT_THAT(outcome.cells(), wanted[0] == 'a' ? ElementsAre("before", "after") : ElementsAre("null", "null"))
          << line;
    }
  }
  const Outcome utf8 = read_json({column("a", "string")}, "{\"a\":1}\n{\"a\":\"\xC3\"}\n{\"a\":\"\xFF\"}\n{\"a\":2}\n");
  EXPECT_THAT(utf8.rules(), ElementsAre("encoding", "encoding")) << ::testing::PrintToString(utf8.reasons);
  EXPECT_THAT(utf8.cells(), ElementsAre("1", "2"));
}

TEST(JsonFormat, ReasonsSayWhere) {
  const Outcome outcome = read_json({column("a", "int32")}, "{\"a\":1}\n\n{\"a\":1,}\n{\"a\":\"x\"}\n");
  EXPECT_THAT(outcome.rejects, ElementsAre("9|2||json|", "18|3|a|type|"));
  EXPECT_EQ(outcome.reasons[0], "expected a key in double quotes, at byte 8 of the record");
}

TEST(JsonFormat, LinesThatAreNoRecords) {
  const Outcome outcome =
      read_json({column("a", "int32")}, "\xEF\xBB\xBF{\"a\":1}\r\n\r\n  \t \n\n \t{\"a\" : 2 } \r\n{\"a\":3}\r");
  EXPECT_THAT(outcome.cells(), ElementsAre("1", "2", "3"));
  EXPECT_EQ(outcome.rows_in, 3U);
  EXPECT_EQ(read_json({column("a", "int32")}, "").rows_in, 0U);
}

TEST(JsonFormat, SkippedRows) {
  SourceSpec source = json_source();
  source.csv.skip_rows = 2;
  EXPECT_THAT(read_json({column("a", "int32")}, "a preamble\n\n{\"a\":1}\n", source).cells(), ElementsAre("1"));
}

TEST(JsonFormat, Paths) {
  const std::string text =
      R"({"user":{"name":"Ann","address":[{"city":"Ulm"},{"city":"Bonn"}],"a.b":{"c":7}},"x":[[1,2],[3]]}
{"user":{"name":null,"address":[]},"x":[]}
{"user":"nobody","x":{"0":1}}
{"user":null}
)";
  const std::vector<ColumnSpec> columns = {
      column("name", "string", true, "user.name"), column("city", "string", true, "user.address[1].city"),
      column("c", "int32", true, "user.\"a.b\".c"), column("x", "int32", true, "x[0][1]"), column("user", "string")};
  const Outcome outcome = read_json(columns, text);
  EXPECT_THAT(outcome.rejects, IsEmpty());
  EXPECT_THAT(outcome.cells(0), ElementsAre("Ann", "null", "null", "null"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("Bonn", "null", "null", "null"));
  EXPECT_THAT(outcome.cells(2), ElementsAre("7", "null", "null", "null"));
  EXPECT_THAT(outcome.cells(3), ElementsAre("2", "null", "null", "null"));
  EXPECT_THAT(outcome.cells(4),
              ElementsAre(R"({"name":"Ann","address":[{"city":"Ulm"},{"city":"Bonn"}],"a.b":{"c":7}})",
                          R"({"name":null,"address":[]})", "nobody", "null"));
}

TEST(JsonFormat, ExactNameWinsOverPath) {
  const std::string text = R"({"a":{"b":1},"a.b":2}
{"a.b":2,"a":{"b":1}}
{"a":{"b":1}}
{"a.b":null,"a":{"b":1}}
{"weird[":5}
)";
  EXPECT_THAT(read_json({column("v", "int32", true, "a.b")}, text).cells(), ElementsAre("2", "2", "1", "null", "null"));
  EXPECT_THAT(read_json({column("v", "int32", true, "weird[")}, text).cells(),
              ElementsAre("null", "null", "null", "null", "5"));
}

TEST(JsonFormat, FirstOfDuplicateKeysCounts) {
  const std::string text = R"({"a":1,"a":2}
{"a":null,"a":2}
{"o":{"x":1},"o":{"x":2,"y":3}}
)";
  EXPECT_THAT(read_json({column("a", "int32")}, text).cells(), ElementsAre("1", "null", "null"));
  EXPECT_THAT(read_json({column("y", "int32", true, "o.y")}, text).cells(), ElementsAre("null", "null", "null"));
}

TEST(JsonFormat, KeysInAnyOrderAndWithEscapes) {
  std::string text;
  for (const char* line :
       {R"({"alpha":1,"a key of more than sixteen bytes":2,"c":3})",
        R"({"c":6,"a key of more than sixteen bytes":5,"alpha":4})",
        R"({"a key of more than sixteen bytez":0,"c":9,"\u0061lpha":7})", R"({"":1,"c":12,"d":0,"alpha":10})"}) {
    text += std::string(line) + "\n";
  }
  const Outcome outcome =
      read_json({column("alpha", "int32"), column("long", "int32", true, "a key of more than sixteen bytes"),
                 column("c", "int32"), column("empty", "int32", true, "\"\"")},
                text);
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "4", "7", "10"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("2", "5", "null", "null"));
  EXPECT_THAT(outcome.cells(2), ElementsAre("3", "6", "9", "12"));
  EXPECT_THAT(outcome.cells(3), ElementsAre("null", "null", "null", "1"));
}

TEST(JsonFormat, ContainersAsText) {
  const Outcome outcome =
      read_values("string", {R"([1, "a b", {"c" : [ ] } ])", R"({ "x" : "\" y" })", "[]", R"(["\\", " "])"});
  EXPECT_THAT(outcome.cells(), ElementsAre(R"([1,"a b",{"c":[]}])", R"({"x":"\" y"})", "[]", R"(["\\"," "])"));
}

TEST(JsonFormat, DepthAndSizeLimits) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const Outcome outcome = read_values("string", {nested(63), nested(64), nested(100'000)});
  EXPECT_THAT(outcome.cells(), ElementsAre(nested(63)));
  EXPECT_THAT(outcome.rules(), ElementsAre("json", "json"));
  EXPECT_THAT(outcome.reasons[0], HasSubstr("deeper than 64"));
  EXPECT_THAT(read_values("string", {"\"" + std::string((1 << 20) + 1, 'x') + "\""}).rules(),
              ElementsAre("field_bytes"));
  EXPECT_THAT(read_values("string", {"\"" + std::string(16 << 20, 'x') + "\"", "1"}).rules(),
              ElementsAre("record_bytes"));
  EXPECT_THAT(read_values("float64", {std::string(5000, '9'), "1e-5000"}).rules(), ElementsAre("range"));
}

TEST(JsonFormat, RawAndOrigins) {
  const SourceSpec source = json_source();
  const auto format = make_json_format(source);
  BoundTable table{{column("a", "int32")}, true, true, false};
  const Outcome outcome = read_all(**format, table, "{\"a\":1}\nbroken\r\n\n{\"a\":2}");
  EXPECT_THAT(outcome.rejects, ElementsAre("8|1||json|broken"));
  EXPECT_THAT(outcome.origins, ElementsAre(0U, 17U));
}

TEST(JsonFormat, SeveralTablesFromOneSource) {
  const SourceSpec source = json_source();
  const auto format = make_json_format(source);
  const std::string text = "{\"a\":1,\"b\":2}\n";
  std::vector<char> block(text.begin(), text.end());
  block.resize(text.size() + 64);
  const auto binding = (*format)->bind(
      {}, {BoundTable{{column("a", "int32")}}, BoundTable{{column("b", "int32"), column("a", "string")}}}, "in");
  const auto index = (*binding)->make_index();
  const auto split = (*binding)->split({block.data(), text.size()}, true, *index);
  const auto first =
      (*binding)->convert(0, {block.data(), split.whole}, *index, {}, false, arrow::default_memory_pool());
  const auto second =
      (*binding)->convert(1, {block.data(), split.whole}, *index, {}, false, arrow::default_memory_pool());
  EXPECT_EQ(first->batch->num_columns(), 1);
  EXPECT_EQ((*second->batch->column(0)->GetScalar(0))->ToString(), "2");
  EXPECT_EQ((*second->batch->column(1)->GetScalar(0))->ToString(), "1");
}

TEST(JsonFormat, SameAtEveryCut) {
  const std::string text =
      "\xEF\xBB\xBF\r\n{\"a\":1,\"b\":\"x\\ny\"}\r\n \n{\"a\":2,\"b\":[1, "
      "2]}\n{\"a\":\n3}\nnull\n{\"b\":\"\xE2\x82\xAC\",\"a\":\"x\"}\n\n{\"a\":4,\"b\":\"\\ud8\"}\n"
      "{\"a\":5,\"b\":\"open}\n{\"a\":6}\n{\"a\":7,\"b\":\"\xFF\"}\r\n{\"a\":8}";
  const SourceSpec source = json_source();
  const auto format = make_json_format(source);
  const BoundTable table{{column("a", "int32"), column("b", "string")}, true, true, false};
  expect_same_at_every_cut(**format, table, text);
  EXPECT_THAT(read_all(**format, table, text).cells(), ElementsAre("1", "2", "6", "8"));
}

}  // namespace
}  // namespace tipple::testing_lines
