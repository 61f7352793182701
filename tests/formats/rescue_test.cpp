// `schema: rescue` in every format: what no column takes comes out as one JSON object a row, at every cut, and nothing
// of it is lost.
#include "formats/rescue.h"

#include <random>

#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "formats/csv_format.h"
#include "formats/fixed_format.h"
#include "formats/json_format.h"
#include "formats/log_format.h"
#include "jobs/rescued_column.h"
#include "tests/base/test_seed.h"
#include "tests/formats/batch_testing.h"
#include "tests/formats/line_format_testing.h"

namespace tipple::testing_lines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SourceSpec source_of(SourceFormat format) {
  SourceSpec source;
  source.name = "s";
  source.format = format;
  source.csv.header = format == SourceFormat::kCsv;
  return source;
}

BoundTable rescuing(std::vector<ColumnSpec> columns) {
  columns.push_back(rescued_column());
  BoundTable table;
  table.columns = std::move(columns);
  table.keep_raw = true;
  table.origins = true;
  return table;
}

// Blocks of every size give what one gives.
Outcome read_at_every_cut(const SourceSpec& source, const BoundTable& table, std::string_view text) {
  const auto format = make_record_format(source);
  EXPECT_TRUE(format.ok()) << format.error().to_string();
  const Outcome want = read_all(**format, table, text);
  for (std::size_t bytes = 1; bytes < text.size() && !::testing::Test::HasFailure(); ++bytes)
    expect_same(read_all(**format, table, text, bytes), want, "blocks of " + std::to_string(bytes));
  return want;
}

std::vector<std::string> objects(const Outcome& outcome) { return outcome.cells(outcome.rows->num_columns() - 1); }

const std::vector<ColumnSpec> kTyped = {column("a", "int32"), column("code", "string(3)"),
                                        column("id", "int64", false)};

TEST(Rescue, CsvFieldsAndValuesInTheHeadersOrder) {
  const Outcome outcome = read_at_every_cut(source_of(SourceFormat::kCsv), rescuing(kTyped),
                                            "extra,a,id,code,\"last, \"\"one\"\"\"\n"
                                            "x,1,1,abc,y\n"
                                            ",2,2,ab,\n"
                                            "\"q \"\"z\"\"\",many,3,toolong,\"two\nlines\"\n"
                                            "\"\",99999999999,4,,\n");
  EXPECT_THAT(outcome.rejects, IsEmpty());
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "2", "null", "null"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("abc", "ab", "null", "null"));
  EXPECT_THAT(objects(outcome),
              ElementsAre(R"({"extra":"x","last, \"one\"":"y"})", "null",
                          R"({"extra":"q \"z\"","a":"many","code":"toolong","last, \"one\"":"two\nlines"})",
                          R"({"extra":"","a":"99999999999"})"));
}

TEST(Rescue, WhatBreaksARecordRejectsIt) {
  const Outcome outcome = read_at_every_cut(source_of(SourceFormat::kCsv), rescuing(kTyped),
                                            "a,id,code,more\n"
                                            "1,,x,y\n"        // a null where none may be
                                            "1,x,x,y\n"       // a value that may not be null instead
                                            "1,2\n"           // ragged
                                            "\"1\"2,3,x,y\n"  // a broken quote in a column
                                            "no,4,x,\"y\"z\n"
                                            "5,5,ab,z\n");
  EXPECT_THAT(outcome.rules(), ElementsAre("not_null", "type", "arity", "quote"));
  EXPECT_EQ(outcome.rows_in, 6U);
  EXPECT_THAT(objects(outcome), ElementsAre(R"({"a":"no","more":"\"y\"z"})", R"({"more":"z"})"));
}

TEST(Rescue, BytesOfAnyKindStayValidJson) {
  const std::string text = std::string("name,other\n") + "M\xFCller,\x01\xFF\n" + std::string("a\0b,c\0d\n", 8) +
                           "\"\\u0041\",\"\x7F\t\r\"\n" + "\xC3\xBC,\xE2\x82\xAC\n";
  const Outcome outcome = read_at_every_cut(source_of(SourceFormat::kCsv), rescuing({column("name", "string")}), text);
  EXPECT_THAT(outcome.rejects, IsEmpty());
  EXPECT_THAT(outcome.cells(0), ElementsAre("null", "null", "\\u0041", "\xC3\xBC"));
  const std::vector<std::string> found = objects(outcome);
  EXPECT_EQ(found[0], R"({"name":"\\x4dfc6c6c6572","other":"\\x01ff"})");
  EXPECT_EQ(nlohmann::json::parse(found[1])["name"], std::string("a\0b", 3));
  EXPECT_EQ(nlohmann::json::parse(found[1])["other"], std::string("c\0d", 3));
  EXPECT_EQ(nlohmann::json::parse(found[2])["other"], "\x7F\t\r");
  EXPECT_EQ(nlohmann::json::parse(found[3])["other"], "\xE2\x82\xAC");
}

TEST(Rescue, AnObjectHasAFieldsSize) {
  const std::string big(limits::kFieldBytesMax, 'x');
  const std::string fits(limits::kFieldBytesMax - std::string_view(R"({"b":""})").size(), 'x');
  const SourceSpec source = source_of(SourceFormat::kCsv);
  const auto format = make_csv_format(source);
  const Outcome outcome = read_all(**format, rescuing({column("a", "int32")}),
                                   "a,b\n1," + big + "\n2," + fits + "\n3," + fits + "x\n4,y\n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("2", "4"));
  EXPECT_THAT(outcome.rules(), ElementsAre("field_bytes", "field_bytes"));
  EXPECT_THAT(outcome.rejects[0], HasSubstr("|_rescued|field_bytes|"));
  EXPECT_EQ(objects(outcome)[0].size(), std::size_t{limits::kFieldBytesMax});
}

TEST(Rescue, OneFieldReadTwiceIsRescuedOnce) {
  const std::vector<ColumnSpec> columns = {column("n", "int32", true, "f"), column("day", "date", true, "f"),
                                           column("text", "string", true, "f")};
  const Outcome outcome =
      read_at_every_cut(source_of(SourceFormat::kCsv), rescuing(columns), "f\n1\n2024-02-03\nneither\n");
  EXPECT_THAT(outcome.cells(2), ElementsAre("1", "2024-02-03", "neither"));
  EXPECT_THAT(objects(outcome), ElementsAre(R"({"f":"1"})", R"({"f":"2024-02-03"})", R"({"f":"neither"})"));
}

TEST(Rescue, TheColumnMayStandAnywhere) {
  BoundTable table = rescuing({column("a", "int32")});
  table.columns.push_back(column("b", "int32"));
  for (const SourceFormat kind : {SourceFormat::kCsv, SourceFormat::kJsonLines}) {
    const bool csv = kind == SourceFormat::kCsv;
    const Outcome outcome =
        read_at_every_cut(source_of(kind), table, csv ? "b,a,c\nx,1,2\n" : "{\"b\":\"x\",\"a\":1,\"c\":2}\n");
    EXPECT_THAT(outcome.cells(0), ElementsAre("1"));
    EXPECT_THAT(outcome.cells(1), ElementsAre(csv ? R"({"b":"x","c":"2"})" : R"({"b":"x","c":2})"));
    EXPECT_THAT(outcome.cells(2), ElementsAre("null"));
  }
}

TEST(Rescue, FixedWidth) {
  SourceSpec source = source_of(SourceFormat::kFixedWidth);
  source.fixed = {{"id", 0, 3}, {"name", 3, 4}, {"note", 7, 4}};
  const Outcome outcome =
      read_at_every_cut(source, rescuing({column("id", "int16")}), "  1Ulm hot \n xxBonn\n  3\n 12\xFF\xFF     \n 1\n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "null", "3"));
  EXPECT_THAT(outcome.rules(), ElementsAre("encoding", "arity")) << "where the characters are not known, no field is";
  EXPECT_THAT(objects(outcome), ElementsAre(R"({"name":"Ulm","note":"hot"})", R"({"id":"xx","name":"Bonn"})", "null"));
}

TEST(Rescue, LogLines) {
  SourceSpec source = source_of(SourceFormat::kLog);
  source.pattern = R"re((?P<host>\S+) (?P<status>\w+)(?: (?P<agent>.+))?)re";
  const Outcome outcome =
      read_at_every_cut(source, rescuing({column("status", "int16")}), "h1 200 curl \"7\"\nh2 OK\n\nh3 404\n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("200", "null", "404"));
  EXPECT_THAT(objects(outcome), ElementsAre(R"({"host":"h1","agent":"curl \"7\""})", R"({"host":"h2","status":"OK"})",
                                            R"({"host":"h3"})"));
}

Outcome read_json(std::vector<ColumnSpec> columns, std::string_view text) {
  return read_at_every_cut(source_of(SourceFormat::kJsonLines), rescuing(std::move(columns)), text);
}

TEST(Rescue, JsonValuesStayJson) {
  const Outcome outcome = read_json({column("n", "int32"), column("s", "string(2)")},
                                    "{\"n\": 1, \"s\": \"ab\"}\n"
                                    "{\"n\": 1.5, \"s\": \"abc\", \"list\": [1, {\"k\": \" \"}], \"t\": true}\n"
                                    "{\"z\": \"\\u00e9\", \"n\": \"12\", \"s\": null, \"gone\": null}\n"
                                    "{\"n\": {\"deep\": [ ]}, \"s\": 1234}\n"
                                    "{ }\n");
  EXPECT_THAT(outcome.rejects, IsEmpty());
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "null", "12", "null", "null"));
  EXPECT_THAT(objects(outcome), ElementsAre("null", R"({"n":1.5,"s":"abc","list":[1,{"k":" "}],"t":true})",
                                            R"({"z":"\u00e9"})", R"({"n":{"deep":[]},"s":1234})", "null"));
}

TEST(Rescue, JsonPathsCountByThemselves) {
  const std::vector<ColumnSpec> columns = {
      column("name", "string", true, "user.name"), column("first", "int32", true, "tags[0]"),
      column("whole", "string", true, "meta"), column("dotted", "int32", true, "a.b")};
  const Outcome outcome = read_json(columns,
                                    "{\"user\":{\"name\":\"x\",\"age\":3,\"a.b\":1},\"tags\":[1,2,\"c\"]}\n"
                                    "{\"user\":\"bob\",\"tags\":{},\"meta\":{\"k\":1}}\n"
                                    "{\"user\":null,\"tags\":[\"x\"],\"meta\":[1, 2]}\n"
                                    "{\"a.b\":\"no\",\"a\":{\"b\":7,\"c\":8}}\n"
                                    "{\"a\":{\"b\":\"by path\"},\"x.y\":1}\n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("x", "null", "null", "null", "null"));
  EXPECT_THAT(outcome.cells(2), ElementsAre("null", "{\"k\":1}", "[1,2]", "null", "null"));
  EXPECT_THAT(objects(outcome),
              ElementsAre(R"({"user.age":3,"user.\"a.b\"":1,"tags[1]":2,"tags[2]":"c"})", R"({"user":"bob","tags":{}})",
                          R"({"tags[0]":"x"})", R"({"\"a.b\"":"no","a.c":8})", R"({"a.b":"by path","\"x.y\"":1})"));
}

TEST(Rescue, HostileJson) {
  const std::string huge(limits::kFieldBytesMax, 'k');
  std::string deep = "1";
  for (int i = 0; i < 62; ++i) deep = "[" + deep + "]";
  const std::string text = std::string() +
                           "{\"v\":1,\"d\":1,\"d\":2,\"v\":\"x\"}\n"          // keys that come twice: the first counts
                           "{\"v\":\"bad\",\"v\":2,\"\\u0064\":3,\"d\":4}\n"  // also when written otherwise
                           "{\"v\":2,\"\":0,\"q\\\"\\n\":1,\"\\u0000\":2}\n"
                           "{\"v\":3,\"" +
                           huge + "\":1}\n" +              // no room for such a key
                           "{\"v\":4,\"d\":\"\xFF\"}\n" +  // no record at all
                           "{\"v\":5,\"deep\":" + deep + "}\n";
  const SourceSpec source = source_of(SourceFormat::kJsonLines);
  const auto format = make_json_format(source);
  const Outcome outcome = read_all(**format, rescuing({column("v", "int32")}), text);
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "null", "2", "5"));
  EXPECT_THAT(outcome.rules(), ElementsAre("field_bytes", "encoding"));
  EXPECT_THAT(objects(outcome),
              ElementsAre(R"({"d":1})", R"({"v":"bad","d":3})",
                          "{\"\\\"\\\"\":0,\"\\\"q\\\"\\\"\\n\\\"\":1,\"\\u0000\":2}", "{\"deep\":" + deep + "}"));
  for (const std::string& object : objects(outcome)) EXPECT_TRUE(nlohmann::json::accept(object)) << object;
}

// Every value is in its column or in the object, whatever the values are.
TEST(Rescue, NothingIsLost) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  const std::vector<std::string> values = {"1", "-7", "x", "1.5", "300", "", "abcd", "e\"q", "\xC3\xA9"};
  std::string csv = "n,u,s\n";
  std::string json;
  std::vector<std::array<std::string, 3>> rows(300);
  for (auto& row : rows) {
    for (std::string& value : row) value = values[random() % values.size()];
    const auto quoted = [](std::string value) {
      if (value.find('"') == std::string::npos) return value;
      return "\"" + value.replace(value.find('"'), 1, "\"\"") + "\"";
    };
    csv += quoted(row[0]) + "," + quoted(row[1]) + "," + quoted(row[2]) + "\n";
    json += nlohmann::json{{"n", row[0]}, {"u", row[1]}, {"s", row[2]}}.dump() + "\n";
  }
  for (const SourceFormat kind : {SourceFormat::kCsv, SourceFormat::kJsonLines}) {
    const SourceSpec source = source_of(kind);
    const auto format = make_record_format(source);
    ASSERT_TRUE(format.ok());
    const Outcome outcome = read_all(**format, rescuing({column("n", "int8"), column("s", "string(2)")}),
                                     kind == SourceFormat::kCsv ? csv : json, 64);
    ASSERT_EQ(outcome.rejects.size(), 0U) << outcome.reasons.front() << " (seed " << seed << ")";
    const std::vector<std::string> n = outcome.cells(0);
    const std::vector<std::string> s = outcome.cells(1);
    const std::vector<std::string> object = objects(outcome);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto rest = object[i] == "null" ? nlohmann::json::object() : nlohmann::json::parse(object[i]);
      const auto value = [&](const std::string& cell, const char* name) {
        return cell != "null" ? cell : rest.contains(name) ? rest[name].get<std::string>() : std::string();
      };
      EXPECT_EQ(value(n[i], "n"), rows[i][0]) << "row " << i << ", seed " << seed;
      EXPECT_EQ(value("null", "u"), rows[i][1]) << "row " << i << ", seed " << seed;
      EXPECT_EQ(value(s[i], "s"), rows[i][2]) << "row " << i << ", seed " << seed;
    }
  }
}

// What must be rescued of a record, by a reader that knows nothing of ours. `claims`: what columns of int8 read.
using Steps = std::vector<nlohmann::json>;
void expect_rest(const nlohmann::ordered_json& value, const Steps& at, const std::string& path,
                 const std::vector<Steps>& claims, nlohmann::json& rest) {
  bool below = false;
  for (const Steps& claim : claims) {
    if (claim.size() < at.size() || !std::equal(at.begin(), at.end(), claim.begin())) continue;
    if (claim.size() > at.size()) {
      below |= claim[at.size()].is_string() ? value.is_object() : value.is_array();
      continue;
    }
    const bool fits = value.is_number_integer() && value.get<int>() >= -128 && value.get<int>() <= 127;
    if (!fits && !value.is_null()) rest[path] = value;
    return;
  }
  if (!below) {
    if (!value.is_null()) rest[path] = value;
    return;
  }
  const auto step_in = [&](const nlohmann::json& step, const nlohmann::ordered_json& inner, const std::string& name) {
    Steps deeper = at;
    deeper.push_back(step);
    expect_rest(inner, deeper, name, claims, rest);
  };
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) step_in(key, inner, (path.empty() ? "" : path + ".") + key);
  } else {
    for (std::size_t i = 0; i < value.size(); ++i) step_in(i, value[i], path + "[" + std::to_string(i) + "]");
  }
}

nlohmann::ordered_json random_value(std::mt19937_64& random, int depth) {
  const std::vector<std::string> names = {"a", "b", "u", "n", "t", "k"};
  switch (random() % (depth > 3 ? 6 : 8)) {
    case 0:
      return nullptr;
    case 1:
      return static_cast<int>(random() % 256) - 128;
    case 2:
      return static_cast<int>(random() % 100'000) + 1000;
    case 3:
      return "te\"x\\t\n\xC3\xA9 {[,:";
    case 4:
      return 1.25;
    case 5:
      return random() % 2 == 0;
    case 6: {
      auto list = nlohmann::ordered_json::array();
      for (std::size_t i = random() % 4; i > 0; --i) list.push_back(random_value(random, depth + 1));
      return list;
    }
    default: {
      auto object = nlohmann::ordered_json::object();
      for (std::size_t i = random() % 6; i > 0; --i) object[names[random() % 6]] = random_value(random, depth + 1);
      return object;
    }
  }
}

TEST(Rescue, RandomRecordsAsAnotherReaderSeesThem) {
  std::mt19937_64 random(test_seed());
  const std::vector<Steps> claims = {{"a"}, {"u", "n"}, {"u", "t", 1}, {"t", 0, "k"}, {"t", 2}};
  const std::vector<ColumnSpec> columns = {column("a", "int8"), column("c1", "int8", true, "u.n"),
                                           column("c2", "int8", true, "u.t[1]"), column("c3", "int8", true, "t[0].k"),
                                           column("c4", "int8", true, "t[2]")};
  const SourceSpec source = source_of(SourceFormat::kJsonLines);
  const auto format = make_json_format(source);
  for (int round = 0; round < 20; ++round) {
    std::string text;
    std::vector<nlohmann::json> want;
    while (want.size() < 100) {
      const nlohmann::ordered_json record = random_value(random, 0);
      if (!record.is_object()) continue;
      text += record.dump(-1, ' ', random() % 2 == 0) + "\n";
      want.push_back(nlohmann::json::object());
      expect_rest(record, {}, "", claims, want.back());
    }
    const Outcome outcome = read_all(**format, rescuing(columns), text, 500);
    ASSERT_THAT(outcome.rejects, IsEmpty()) << outcome.reasons.front();
    const std::vector<std::string> found = objects(outcome);
    for (std::size_t i = 0; i < want.size(); ++i) {
      const auto rest = found[i] == "null" ? nlohmann::json::object() : nlohmann::json::parse(found[i]);
      ASSERT_EQ(rest, want[i]) << "record " << i << " of\n" << text;
    }
  }
}

TEST(Rescue, ColumnarFiles) {
  using testing_batches::Batch;
  const auto inner = arrow::struct_({arrow::field("name", arrow::utf8()), arrow::field("age", arrow::int16())});
  const auto schema =
      arrow::schema({arrow::field("extra", arrow::list(arrow::int32())), arrow::field("n", arrow::int64()),
                     arrow::field("user", inner), arrow::field("bytes", arrow::binary()),
                     arrow::field("label", arrow::dictionary(arrow::int8(), arrow::utf8()))});
  const Batch batch = arrow::RecordBatch::Make(
      schema, 3,
      {arrow::json::ArrayFromJSONString(schema->field(0)->type(), "[[1,2],null,[]]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::int64(), "[1,300,-2]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(inner, R"([{"name":"ab","age":1},{"name":"long","age":null},null])")
           .ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::binary(), "[null,\"\\u00ff\",\"x\"]").ValueOrDie(),
       arrow::DictionaryArray::FromArrays(schema->field(4)->type(),
                                          arrow::json::ArrayFromJSONString(arrow::int8(), "[0,1,null]").ValueOrDie(),
                                          arrow::json::ArrayFromJSONString(arrow::utf8(), "[\"l\",null]").ValueOrDie())
           .ValueOrDie()});
  BoundTable table = rescuing({column("n", "int8"), column("name", "string(2)", true, "user.name")});
  for (const Batch& in : {batch, arrow::ConcatenateRecordBatches({batch, batch}).ValueOrDie()->Slice(3)}) {
    const auto converter = BatchConverter::make(*schema, table, "f.parquet");
    ASSERT_TRUE(converter.ok()) << converter.error().to_string();
    EXPECT_THAT((*converter)->columns(), ElementsAre(0, 1, 2, 3, 4));
    const auto converted = (*converter)->convert(*in, 0, "f.parquet", arrow::default_memory_pool());
    ASSERT_TRUE(converted.ok()) << converted.error().to_string();
    ASSERT_TRUE(converted->batch->ValidateFull().ok()) << converted->batch->ValidateFull().ToString();
    EXPECT_THAT(converted->rejects, IsEmpty());
    EXPECT_EQ(converted->batch->column(0)->ToString(),
              arrow::json::ArrayFromJSONString(arrow::int8(), "[1,null,-2]").ValueOrDie()->ToString());
    const auto& found = static_cast<const arrow::StringArray&>(*converted->batch->column(2));
    EXPECT_EQ(found.GetString(0), R"({"extra":"[1,2]","user.age":"1","label":"l"})");
    EXPECT_EQ(found.GetString(1), "{\"n\":\"300\",\"user.name\":\"long\",\"bytes\":\"\xC3\xBF\"}");
    EXPECT_EQ(found.GetString(2), R"({"extra":"[]","bytes":"x"})");
  }
  EXPECT_EQ(unread_fields(*schema, table.columns).size(), 4U);
}

TEST(Rescue, ColumnarFieldsWithoutATextAreRefused) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int64()), arrow::field("odd", arrow::month_interval())});
  const auto refused = BatchConverter::make(*schema, rescuing({column("n", "int8")}), "f.parquet");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("field \"odd\" is month_interval, which has no text"));
}

}  // namespace
}  // namespace tipple::testing_lines
