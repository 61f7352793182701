#include "warehouse/log_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "warehouse/log_stats.h"

namespace tipple {
namespace {

using testing::HasSubstr;

Schema every_type() {
  Schema schema;
  for (const char* name :
       {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "decimal(38,3)",
        "bool", "date", "time", "timestamp", "timestamp_tz", "string", "string(8)", "enum(a,b)"}) {
    schema.push_back({name, parse_data_type(name).value(), schema.size() % 2 == 0});
  }
  return schema;
}

LogEntry sample_entry(const Schema& schema) {
  LogEntry entry;
  entry.version = 7;
  entry.metadata = TableMetadata{"01234567-89ab-cdef-0123-456789abcdef", schema, Codec::kZstd};
  entry.removed = {"data/part-old-00000.h5", "data/part-old-00001.h5"};
  LoggedPart part;
  part.path = "data/part-new-00000.h5";
  part.bytes = 1234;
  part.rows = 99;
  part.sha256.fill(0xAB);
  part.content_digest = {1, 2};
  part.columns.resize(schema.size());
  part.columns[0] = {3, "-12", "127"};
  part.columns[9] = {0, "-0.5", "1e+300"};
  part.columns[10] = {0, "-12345678901234567890123456789012345.678", "99999999999999999999999999999999999.999"};
  part.columns[16] = {1, "\"a \\\"quoted\\\" text\"", "\"zürich\""};
  entry.added = {part};
  entry.commit = {{0x11, 0x22},       {0x33, 0x44},       "job \"x\"",       "nightly",
                  WriteMode::kAppend, {100, 99, 1, 0, 0}, 1'700'000'000'123, "tipple 0.1.0"};
  return entry;
}

TEST(LogEntry, ReadsBackWhatItPrints) {
  const Schema schema = every_type();
  const LogEntry entry = sample_entry(schema);
  const std::string bytes = print_log_entry(entry, schema);
  const auto parsed = parse_log_entry(bytes, "entry", {});
  ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
  EXPECT_EQ(parsed->version, 7U);
  EXPECT_EQ(parsed->metadata->id, entry.metadata->id);
  EXPECT_EQ(parsed->metadata->schema, schema);
  EXPECT_EQ(parsed->metadata->codec, Codec::kZstd);
  EXPECT_EQ(parsed->removed, entry.removed);
  EXPECT_EQ(parsed->added, entry.added);
  EXPECT_EQ(parsed->commit.load, entry.commit.load);
  EXPECT_EQ(parsed->commit.attempt, entry.commit.attempt);
  EXPECT_EQ(parsed->commit.job, entry.commit.job);
  EXPECT_EQ(parsed->commit.mode, entry.commit.mode);
  EXPECT_EQ(parsed->commit.write, WriteMode::kAppend);
  EXPECT_EQ(parsed->commit.rows, entry.commit.rows);
  EXPECT_EQ(parsed->commit.timestamp_ms, entry.commit.timestamp_ms);
  EXPECT_EQ(print_log_entry(*parsed, schema), bytes);
}

TEST(LogEntry, KeepsRowsThatStepsAdded) {
  const Schema schema = every_type();
  LogEntry entry = sample_entry(schema);
  entry.commit.rows.added = 12;
  const auto parsed = parse_log_entry(print_log_entry(entry, schema), "table/_log/7.json", {});
  ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
  EXPECT_EQ(parsed->commit.rows.added, 12u);
  EXPECT_EQ(print_log_entry(sample_entry(schema), schema).find("\"added\""), std::string::npos) << "seldom needed";
}

TEST(LogEntry, SpeaksTheVocabularyOfDelta) {
  const Schema schema = every_type();
  LogEntry entry = sample_entry(schema);
  entry.version = 0;
  std::istringstream lines(print_log_entry(entry, schema));
  std::vector<nlohmann::json> actions;
  for (std::string line; std::getline(lines, line);) actions.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(actions.size(), 7U);
  EXPECT_EQ(actions[0]["protocol"]["minReaderVersion"], 1);
  EXPECT_EQ(actions[1]["metaData"]["format"]["provider"], "hdf5");
  const auto fields = nlohmann::json::parse(actions[1]["metaData"]["schemaString"].get<std::string>())["fields"];
  EXPECT_EQ(fields.size(), schema.size());
  EXPECT_EQ(fields[7]["type"], "decimal(20,0)");
  EXPECT_EQ(actions[2]["txn"]["appId"], "tipple:00000000000000110000000000000022");
  EXPECT_EQ(actions[3]["remove"]["path"], "data/part-old-00000.h5");
  EXPECT_EQ(actions[5]["add"]["size"], 1234);
  EXPECT_EQ(nlohmann::json::parse(actions[5]["add"]["stats"].get<std::string>())["numRecords"], 99);
  EXPECT_EQ(actions[6]["commitInfo"]["operationParameters"]["write"], "append");
}

TEST(LogEntry, EveryTruncationIsSeen) {
  const Schema schema = every_type();
  const std::string bytes = print_log_entry(sample_entry(schema), schema);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto parsed = parse_log_entry(std::string_view(bytes).substr(0, length), "table/_log/7.json", {});
    ASSERT_FALSE(parsed.ok()) << length << " of " << bytes.size() << " bytes";
    ASSERT_EQ(parsed.error().kind, ErrorKind::kEnvironment);
    ASSERT_THAT(parsed.error().to_string(), HasSubstr("table/_log/7.json: log entry is damaged"));
  }
}

TEST(LogEntry, EveryFlippedBitIsSeen) {
  const Schema schema = every_type();
  std::string bytes = print_log_entry(sample_entry(schema), schema);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ 1 << i % 8);
    ASSERT_FALSE(parse_log_entry(bytes, "entry", {}).ok()) << "bit " << i;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ 1 << i % 8);
  }
  EXPECT_TRUE(parse_log_entry(bytes, "entry", {}).ok());
}

TEST(LogEntry, BytesAfterTheEndAreSeen) {
  const Schema schema = every_type();
  const std::string bytes = print_log_entry(sample_entry(schema), schema);
  EXPECT_FALSE(parse_log_entry(bytes + "\n", "entry", {}).ok());
  EXPECT_FALSE(parse_log_entry(bytes + bytes, "entry", {}).ok());
  EXPECT_FALSE(parse_log_entry(" " + bytes, "entry", {}).ok());
}

// Behind a right checksum anything may stand: a broken program, or a hostile one.
std::string changed(const std::string& from, const std::string& to) {
  const Schema schema = every_type();
  LogEntry entry = sample_entry(schema);
  entry.version = 0;
  std::string bytes = print_log_entry(entry, schema);
  const auto at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  bytes.replace(at, from.size(), to);
  const auto parsed = parse_log_entry(with_right_checksum(std::move(bytes)), "entry", {});
  return parsed.ok() ? "accepted" : parsed.error().to_string();
}

TEST(LogEntry, NamesWhatIsWrongBehindARightChecksum) {
  EXPECT_THAT(changed("\"minReaderVersion\":1", "\"minReaderVersion\":2"),
              HasSubstr("newer version of Tipple (upgrade tipple)"));
  EXPECT_THAT(changed("\"provider\":\"hdf5\"", "\"provider\":\"csv\""), HasSubstr("metaData lacks a right 'provider'"));
  EXPECT_THAT(changed("\"codec\":\"zstd\"", "\"codec\":\"zip\""), HasSubstr("metaData lacks a right 'codec'"));
  EXPECT_THAT(changed("\"size\":1234", "\"size\":-1"), HasSubstr("add lacks a right 'size'"));
  EXPECT_THAT(changed("\"path\":\"data/part-new", "\"path\":\"../part-new"), HasSubstr("add lacks a right 'path'"));
  EXPECT_THAT(changed("\"path\":\"data/part-new", "\"path\":\"/data/part-new"), HasSubstr("add lacks a right 'path'"));
  EXPECT_THAT(changed("tipple.rows\":\"99", "tipple.rows\":\"9x"), HasSubstr("add lacks a right 'tipple.rows'"));
  EXPECT_THAT(changed("{\"txn\"", "{\"magic\""), HasSubstr("unknown action 'magic'"));
  EXPECT_THAT(changed("\"write\":\"append\"", "\"write\":\"upsert\""), HasSubstr("commitInfo lacks a right 'write'"));
  EXPECT_THAT(changed("{\"commitInfo\"", "{\"txn\""), HasSubstr("it has no commitInfo"));
  EXPECT_THAT(changed("{\"remove\":", "[\"remove\":"), HasSubstr("not an action"));
}

TEST(LogEntry, RandomChangesBehindARightChecksumNeverCrash) {
  const Schema schema = every_type();
  const std::string bytes = print_log_entry(sample_entry(schema), schema);
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 3000; ++i) {
    std::string hostile = bytes;
    for (int change = 0; change < 1 + i % 4; ++change) hostile[random() % hostile.size()] = static_cast<char>(random());
    static_cast<void>(parse_log_entry(with_right_checksum(std::move(hostile)), "seed " + std::to_string(seed), {}));
  }
}

TEST(LogStats, ColumnsWithoutStatisticsStayWithout) {
  const Schema schema = every_type();
  EXPECT_EQ(print_part_stats(5, {}, schema), R"({"numRecords":5,"minValues":{},"maxValues":{},"nullCount":{}})");
  EXPECT_TRUE(parse_part_stats(print_part_stats(5, {}, schema), schema)->empty());
  EXPECT_FALSE(parse_part_stats("{\"minValues\":{\"int8\":{\"deep\":{}}}}", schema).ok());
  EXPECT_FALSE(parse_part_stats("{\"numRecords\":", schema).ok());
}

}  // namespace
}  // namespace tipple
