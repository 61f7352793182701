// Every kind of source through the whole worker: whatever the chunks and blocks, the rows are those of the whole file.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/arrow_types.h"
#include "formats/parquet_part_writer.h"
#include "jobs/table_schema.h"
#include "tests/worker/chunk_load.h"

namespace tipple::testing_load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

RunnerConfig config(std::uint64_t block_bytes = 512 * limits::kKiB) {
  RunnerConfig result;
  result.threads = 2;
  result.memory_bytes = 256 * limits::kMiB;
  result.block_bytes = block_bytes;
  return result;
}

ColumnSpec spec_of(const std::string& name, const std::string& type, const std::string& from, bool nullable = false) {
  return {column(name, type, nullable), from, {}, {}};
}

// Reads `job().tables.back()`'s schema out of its columns and steps, as parse_job does.
void resolve(TestLoad& load) {
  const auto mistakes = resolve_table_schema(load.job(), load.job().tables.back());
  ASSERT_TRUE(mistakes.empty()) << mistakes.front().what;
}

void expect_equal(const LoadResult& cut, const LoadResult& whole) {
  ASSERT_FALSE(cut.error.has_value()) << cut.error->to_string();
  EXPECT_EQ(cut.tables[0].rows, whole.tables[0].rows);
  EXPECT_EQ(cut.tables[0].rejects, whole.tables[0].rejects);
  EXPECT_EQ(cut.tables[0].account, whole.tables[0].account);
  EXPECT_EQ(cut.tables[0].digest, whole.tables[0].digest);
}

void expect_same_at_every_cut(TestLoad& load, const TaskSegment& file, std::uint64_t rows, std::uint64_t rejects) {
  const LoadResult whole = load.run(file, 0, config());
  ASSERT_FALSE(whole.error.has_value()) << whole.error->to_string();
  EXPECT_EQ(whole.tables[0].account.rows_out, rows);
  EXPECT_EQ(whole.tables[0].account.rejected, rejects);
  for (const std::uint64_t chunk_bytes : {1, 2, 7, 16, 40, 150}) {
    SCOPED_TRACE(fmt::format("chunks of {} bytes", chunk_bytes));
    expect_equal(load.run(file, chunk_bytes, config()), whole);
    if (::testing::Test::HasFailure()) return;
  }
  for (const std::uint64_t block_bytes : {1, 5, 64}) {
    SCOPED_TRACE(fmt::format("blocks of {} bytes", block_bytes));
    expect_equal(load.run(file, 0, config(block_bytes)), whole);
  }
}

TEST(SourceFormats, JsonLinesAtEveryCut) {
  TestLoad load;
  load.job().sources[0].format = SourceFormat::kJsonLines;
  load.table("t", {column("id", "int32"), column("text", "string", true)});
  const std::string content =
      "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 2}\r\n\n{\"id\": \"x\"}\n{\"id\": 3, \"text\": "
      "\"q\\n\\u00e9\"}\n{\"id\": 4,\n{\"text\": "
      "\"w\", \"id\": 5}";
  expect_same_at_every_cut(load, load.file("in.jsonl", content), 4, 2);
}

TEST(SourceFormats, FixedWidthAtEveryCut) {
  TestLoad load;
  load.job().sources[0].format = SourceFormat::kFixedWidth;
  load.job().sources[0].csv.header = false;
  load.job().sources[0].fixed = {{"id", 0, 4}, {"text", 4, 3}};
  load.table("t", {column("id", "int32"), column("text", "string", true)});
  expect_same_at_every_cut(load, load.file("in.txt", "   1abc\n   2  x\r\n  zzabc\n   3 y \n\n   4"), 4, 1);
}

TEST(SourceFormats, LogLinesAtEveryCut) {
  TestLoad load;
  load.job().sources[0].format = SourceFormat::kLog;
  load.job().sources[0].csv.header = false;
  load.job().sources[0].pattern = R"((?P<id>\d+) \[(?P<text>[^\]]*)\])";
  load.table("t", {column("id", "int32"), column("text", "string", true)});
  expect_same_at_every_cut(load, load.file("in.log", "1 [one]\n2 [two]\nnothing\n3 []\n4 [four]"), 4, 1);
}

// A gzip member whose data is stored, not compressed.
std::string gzip_member(const std::string& content) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : content) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  crc = ~crc;
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11);
  const auto number = [&out](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  };
  number(content.size(), 2);
  number(~content.size(), 2);
  out += content;
  number(crc, 4);
  number(content.size(), 4);
  return out;
}

TEST(SourceFormats, CompressedFilesAreReadWhole) {
  TestLoad load;
  load.table("t", {column("id", "int32"), column("text", "string", true)});
  std::string content = "id,text\n";
  for (int i = 0; i < 500; ++i) content += fmt::format("{},\"line\n{}\"\n", i % 50 == 7 ? "bad" : std::to_string(i), i);
  content += "500,last";
  const LoadResult plain = load.run(load.file("in.csv", content), 0, config());
  ASSERT_FALSE(plain.error.has_value()) << plain.error->to_string();
  const std::size_t half = content.size() / 2;
  const std::string packed = gzip_member(content.substr(0, half)) + gzip_member(content.substr(half));
  const TaskSegment file = load.file("in.csv.gz", packed);
  for (const std::uint64_t block_bytes :
       {std::uint64_t{1}, std::uint64_t{13}, content.size(), content.size() / 2, 512 * limits::kKiB}) {
    SCOPED_TRACE(fmt::format("blocks of {} bytes", block_bytes));
    const LoadResult unpacked = load.run_pack({file}, config(block_bytes));
    ASSERT_FALSE(unpacked.error.has_value()) << unpacked.error->to_string();
    EXPECT_EQ(unpacked.tables[0].rows, plain.tables[0].rows);
    EXPECT_EQ(unpacked.tables[0].account, plain.tables[0].account);
    ASSERT_EQ(unpacked.tables[0].rejects.size(), 10u);
    EXPECT_EQ(unpacked.tables[0].rejects[3].line, plain.tables[0].rejects[3].line);
    EXPECT_EQ(unpacked.tables[0].sha256, plain.tables[0].sha256);
  }
}

TEST(SourceFormats, ATruncatedCompressedFileFails) {
  TestLoad load;
  load.table("t", {column("id", "int32")});
  const std::string packed = gzip_member("id\n1\n2\n");
  const LoadResult result = load.run(load.file("in.gz", packed.substr(0, packed.size() - 3)), 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->kind, ErrorKind::kEnvironment);
}

// Rows 0 .. rows - 1 in row groups of `group_rows`.
void write_parquet(const std::filesystem::path& path, std::int64_t rows, std::int64_t group_rows) {
  const Schema schema = {column("id", "int64"), column("text", "string", true)};
  auto writer = ParquetPartWriter::create(path, schema, Codec::kZstd, {}).value();
  for (std::int64_t begin = 0; begin < rows; begin += group_rows) {
    arrow::Int64Builder ids;
    arrow::StringBuilder texts;
    const std::int64_t end = std::min(rows, begin + group_rows);
    for (std::int64_t id = begin; id < end; ++id) {
      ASSERT_TRUE(ids.Append(id * 1000).ok());
      ASSERT_TRUE((id % 7 == 0 ? texts.AppendNull() : texts.Append(fmt::format("text {}", id))).ok());
    }
    RowGroup group;
    group.rows = static_cast<std::uint32_t>(end - begin);
    group.last = end == rows;
    group.slices.push_back(
        arrow::RecordBatch::Make(arrow_schema(schema), end - begin, {*ids.Finish(), *texts.Finish()}));
    ASSERT_TRUE(writer.append(group).ok());
  }
  ASSERT_TRUE(writer.close().ok());
}

TEST(SourceFormats, ParquetAtEveryCut) {
  TestLoad load;
  load.job().sources[0].format = SourceFormat::kParquet;
  load.table("t", {column("id", "int32"), column("text", "string")});
  write_parquet(load.folder() / "in.parquet", 700, 100);
  const TaskSegment file = load.listed("in.parquet");
  const LoadResult whole = load.run(file, 0, config());
  ASSERT_FALSE(whole.error.has_value()) << whole.error->to_string();
  EXPECT_EQ(whole.tables[0].account.rows_in, 700u);
  EXPECT_EQ(whole.tables[0].account.rejected, 100u);
  EXPECT_EQ(whole.tables[0].rejects[1], (FoundReject{"in.parquet", 7, 8, "text", "not_null"}));
  for (const std::uint64_t chunk_bytes : {file.size / 2, file.size / 7, std::uint64_t{100}}) {
    SCOPED_TRACE(fmt::format("chunks of {} bytes", chunk_bytes));
    expect_equal(load.run(file, chunk_bytes, config()), whole);
  }
}

TEST(PlaceColumns, SayWhereARecordStood) {
  TestLoad load;
  load.table("t", {});
  load.job().tables[0].columns = {spec_of("id", "int32", "id"),         spec_of("file", "string", "$file"),
                                  spec_of("line", "int32", "$line"),    spec_of("offset", "int64", "$offset"),
                                  spec_of("day", "date", "$path.date"), spec_of("text", "string", "$record")};
  std::filesystem::create_directories(load.folder() / "date=2024-02-29");
  const TaskSegment a = load.file("date=2024-02-29/a.csv", "id,note\n1,\"x\ny\"\r\nbad,2\n\n3,\n");
  const TaskSegment b = load.file("date=2024-02-29/b.csv", "id,note\n4,end");
  for (const std::uint64_t block_bytes : {1, 9, 4096}) {
    SCOPED_TRACE(fmt::format("blocks of {} bytes", block_bytes));
    const LoadResult result = load.run_pack({a, b}, config(block_bytes));
    ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
    EXPECT_THAT(result.tables[0].rows, ElementsAre("1|date=2024-02-29/a.csv|2|8|2024-02-29|1,\"x\ny\"",
                                                   "3|date=2024-02-29/a.csv|6|24|2024-02-29|3,",
                                                   "4|date=2024-02-29/b.csv|2|8|2024-02-29|4,end"));
    EXPECT_THAT(result.tables[0].rejects, ElementsAre(FoundReject{"a.csv", 17, 4, "id", "type"}));
  }
}

TEST(PlaceColumns, ARecordThatItsColumnCannotHoldIsRejected) {
  TestLoad load;
  load.table("t", {});
  load.job().tables[0].columns = {spec_of("id", "int32", "id"), spec_of("text", "string(5)", "$record"),
                                  spec_of("at", "uint8", "$offset")};
  const LoadResult result = load.run(load.file("in.csv", "id,n\n1,2\n22,3456\n3,\xff\n4,5\n"), 0, config());
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_THAT(result.tables[0].rows, ElementsAre("1|1,2|5", "4|4,5|21"));
  EXPECT_THAT(result.tables[0].rejects, ElementsAre(FoundReject{"in.csv", 9, 3, "text", "length"},
                                                    FoundReject{"in.csv", 17, 4, "text", "encoding"}));
}

TEST(PlaceColumns, APathWithoutTheKeyIsNamed) {
  TestLoad load;
  load.table("t", {});
  load.job().tables[0].columns = {spec_of("day", "date", "$path.date")};
  const TaskSegment file = load.file("in.csv", "id\n1\n");
  const LoadResult result = load.run(file, 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->kind, ErrorKind::kUsage);
  EXPECT_EQ(result.error->where, file.path);
  EXPECT_THAT(result.error->what, HasSubstr("date="));
}

TEST(RawTable, TakesEveryRecordAsItStands) {
  TestLoad load;
  load.table("t", {});
  load.job().tables[0].raw = true;
  load.job().tables[0].columns = {spec_of("file", "string", "$file"), spec_of("offset", "int64", "$offset"),
                                  spec_of("record", "string", "$record")};
  const std::string content = "id,text\n1,a\n2\n\n3,\"b\nc\",4,5\n6,d";
  const TaskSegment file = load.file("in.csv", content);
  const LoadResult whole = load.run(file, 0, config());
  ASSERT_FALSE(whole.error.has_value()) << whole.error->to_string();
  EXPECT_THAT(whole.tables[0].rows,
              ElementsAre("in.csv|8|1,a", "in.csv|12|2", "in.csv|15|3,\"b\nc\",4,5", "in.csv|27|6,d"));
  EXPECT_TRUE(whole.tables[0].rejects.empty());
  for (const std::uint64_t block_bytes : {1, 4, 16}) expect_equal(load.run(file, 0, config(block_bytes)), whole);
}

TEST(Pipeline, StepsAndChecksAreAccountedFor) {
  TestLoad load;
  load.table("t", {column("id", "int32"), column("n", "int32", true)});
  TableSpec& table = load.job().tables[0];
  table.steps.emplace_back(WhereStep{"id <> 2"});
  table.steps.emplace_back(DeriveStep{{{"twice", "n * 2"}}});
  CheckSpec check;
  check.name = "small";
  check.rule = "n < 100";
  table.checks.push_back(check);
  resolve(load);
  const std::string content = "id,n\n1,10\n2,20\nx,1\n3,300\n4,\n5,2000000000\n";
  const TaskSegment file = load.file("in.csv", content);
  const LoadResult whole = load.run(file, 0, config());
  ASSERT_FALSE(whole.error.has_value()) << whole.error->to_string();
  EXPECT_THAT(whole.tables[0].rows, ElementsAre("1|10|20", "4|null|null"));
  EXPECT_EQ(whole.tables[0].account.rows_in, 6u);
  EXPECT_EQ(whole.tables[0].account.filtered, 1u);
  EXPECT_EQ(whole.tables[0].account.rejected, 3u);
  ASSERT_EQ(whole.tables[0].rejects.size(), 3u);
  EXPECT_EQ(whole.tables[0].rejects[0], (FoundReject{"in.csv", 15, 4, "id", "type"}));
  EXPECT_EQ(whole.tables[0].rejects[1].rule, "check:small");
  EXPECT_EQ(whole.tables[0].rejects[1].offset, 19u);
  EXPECT_EQ(whole.tables[0].rejects[1].line, 5u);
  EXPECT_EQ(whole.tables[0].rejects[2].line, 7u);
  EXPECT_THAT(whole.reports[0].tables[0].check_failures, ElementsAre(1u));
  for (const std::uint64_t chunk_bytes : {1, 5, 12}) expect_equal(load.run(file, chunk_bytes, config()), whole);
}

TEST(Pipeline, ACheckMayFailTheLoad) {
  TestLoad load;
  load.table("t", {column("id", "int32")});
  CheckSpec check;
  check.name = "positive";
  check.rule = "id > 0";
  check.on_fail = OnFail::kFail;
  load.job().tables[0].checks.push_back(check);
  resolve(load);
  const LoadResult result = load.run(load.file("in.csv", "id\n1\n-7\n"), 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->kind, ErrorKind::kQuality);
  EXPECT_THAT(result.error->what, HasSubstr("positive"));
  EXPECT_THAT(result.error->where, HasSubstr("byte 5"));
}

class Lookup : public ::testing::Test {
 protected:
  Lookup() {
    load_.job().sources.emplace_back();
    load_.job().sources[1].name = "names";
    load_.job().sources[1].paths = {"names.csv"};
    load_.table("t", {column("id", "int32")});
    LookupStep step;
    step.source = SourceId(1);
    step.on = {{"id", "key"}};
    step.take = {{"name", "label"}};
    load_.job().tables[0].steps.emplace_back(step);
  }
  LoadResult run(const std::string& names) {
    (void)load_.file("names.csv", names);
    resolve(load_);
    const TaskSegment listed = load_.listed("names.csv");
    load_.lookups({{SourceId(1), {{listed.path, listed.size, listed.mtime_ns, true, {}}}}});
    return load_.run(load_.file("in.csv", "id\n2\n3\n1\n"), 0, config());
  }
  TestLoad load_;
};

TEST_F(Lookup, ReadsItsSourceWhole) {
  const LoadResult result = run("label,key,other\none,1,x\ntwo,2,y\n");
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_THAT(result.tables[0].rows, ElementsAre("2|two", "3|null", "1|one"));
}

TEST_F(Lookup, ARecordThatCannotBeReadIsNamed) {
  const LoadResult result = run("label,key\none,1\ntwo,abc\n");
  ASSERT_TRUE(result.error.has_value());
  EXPECT_THAT(result.error->what, StartsWith("lookup source 'names': "));
  EXPECT_THAT(result.error->where, HasSubstr("names.csv, byte 16"));
}

TEST(ParquetParts, HoldTheRowsOfEveryCut) {
  TestLoad load;
  load.table("t", {column("id", "int32"), column("text", "string", true)});
  std::string content = "id,text\n";
  for (int i = 0; i < 3000; ++i) content += fmt::format("{},{}\n", i, i % 3 == 0 ? "" : "abc");
  const TaskSegment file = load.file("in.csv", content);
  const LoadResult hdf5 = load.run(file, 0, config());
  load.job().tables[0].part_format = PartFormat::kParquet;
  load.job().tables[0].codec = Codec::kZstd;
  const LoadResult parquet = load.run(file, 0, config());
  expect_equal(parquet, hdf5);
  EXPECT_EQ(load.run(file, 0, config(100)).tables[0].sha256, parquet.tables[0].sha256);
  expect_equal(load.run(file, 5000, config()), hdf5);
}

}  // namespace
}  // namespace tipple::testing_load
