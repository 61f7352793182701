// Inference over files: the same for any number of threads, whatever is broken in them, and a load takes every value of
// the types.
#include "formats/infer_input.h"

#include <random>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>

#include "base/file.h"
#include "base/ids.h"
#include "formats/infer_schema.h"
#include "formats/record_format.h"
#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InferInput : public ::testing::Test {
 protected:
  InferInput() : folder_(fs::path(::testing::TempDir()) / ("infer-" + random_id().to_hex())) {
    EXPECT_TRUE(create_folders(folder_).ok());
  }
  ~InferInput() override { fs::remove_all(folder_); }

  void add(std::string_view text) {
    const fs::path path = folder_ / ("f" + std::to_string(files_.size()));
    EXPECT_TRUE(write_file_synced(path, text).ok());
    const FileStat stat = stat_regular_file(path).value();
    files_.push_back({path.string(), stat.size, stat.mtime_ns, {}});
  }
  [[nodiscard]] InferredInput infer(unsigned threads = 1) const {
    InferOptions options;
    options.threads = threads;
    Result<InferredInput> found = infer_input(source_, files_, options);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return *std::move(found);
  }
  [[nodiscard]] static std::vector<std::string> columns(const InferredInput& input) {
    std::vector<std::string> out;
    for (const ColumnSpec& spec : columns_of(input.fields)) {
      out.push_back(spec.column.name + " " + spec.column.type.to_string() + (spec.column.nullable ? " null" : ""));
    }
    return out;
  }
  [[nodiscard]] std::vector<std::string> columns() const { return columns(infer()); }

  fs::path folder_;
  std::vector<ByteSourceFile> files_;
  SourceSpec source_;
};

TEST_F(InferInput, FieldsOfSeveralFilesMeetByName) {
  add("a,b\n1,x\n2,y\n");
  add("b,c\nzzz,1.5\n");
  EXPECT_THAT(columns(), ElementsAre("a int8 null", "b string(3)", "c decimal(2,1) null"));
}

TEST_F(InferInput, HeadsAloneNameTheFields) {
  add("a,b\n1,x\n");
  add("");
  add("b,c\n\"open");
  const auto names = read_field_names(source_, files_);
  ASSERT_TRUE(names.ok()) << names.error().to_string();
  EXPECT_THAT(*names, ElementsAre("a", "b", "c"));
}

TEST_F(InferInput, QuotedTextIsNoNullAndNoOtherType) {
  add("n,q\n\"1\",\"\"\n2,\"a\"\"b\"\n");
  EXPECT_THAT(columns(), ElementsAre("n int8", "q string(3)"));
}

TEST_F(InferInput, BrokenRecordsAreCountedAndTellNothing) {
  add("a,b\n1,2\n3\nx,y,z\n5,\"u\"v\n");
  const InferredInput found = infer();
  EXPECT_EQ(found.records, 4U);
  EXPECT_EQ(found.bad_records, 3U);
  EXPECT_THAT(columns(found), ElementsAre("a int8", "b int8"));
}

TEST_F(InferInput, BytesThatAreNotUtf8) {
  add("a,b\n1,x\n2,K\xF6ln\n");
  const InferredInput found = infer();
  EXPECT_TRUE(found.bad_encoding);
  EXPECT_EQ(found.bad_records, 1U);
  source_.encoding = Encoding::kWindows1252;
  EXPECT_THAT(columns(), ElementsAre("a int8", "b string(5)"));
}

TEST_F(InferInput, FilesWithoutRecords) {
  add("");
  add("a,b\n");
  EXPECT_THAT(columns(), ElementsAre("a string null", "b string null"));
}

TEST_F(InferInput, RecordLongerThanARecordMayBe) {
  add("a,b\n1,2\n" + std::string(std::size_t{17} << 20, 'x') + ",1\n3,4\n");
  const InferredInput found = infer();
  EXPECT_EQ(found.bad_records, 1U);
  EXPECT_THAT(columns(found), ElementsAre("a int8", "b int8"));
}

TEST_F(InferInput, JsonFieldsByPath) {
  source_.format = SourceFormat::kJsonLines;
  source_.csv.header = false;
  add("{\"id\": 1, \"user\": {\"name\": \"u\\u00e4\", \"geo\": {\"lat\": 1.5}}, \"tags\": [1, 2]}\n"
      "\n"
      "{\"id\": 2, \"user\": null, \"tags\": [ 3 ], \"x\": \"5\", \"a.b\": true}\n"
      "{\"id\": \"broken\"\n");
  const InferredInput found = infer();
  EXPECT_EQ(found.records, 3U);
  EXPECT_EQ(found.bad_records, 1U);
  EXPECT_THAT(columns(found), ElementsAre("id int8", "user.name string(3) null", "user.geo.lat decimal(2,1) null",
                                          "tags string(5)", "x string(1) null", "a.b bool null"));
}

TEST_F(InferInput, JsonObjectHereAndValueThereIsText) {
  source_.format = SourceFormat::kJsonLines;
  add("{\"a\": {\"b\": 1}}\n{\"a\": 5}\n");
  EXPECT_THAT(columns(), ElementsAre("a string null"));
}

TEST_F(InferInput, FixedWidthFields) {
  source_.format = SourceFormat::kFixedWidth;
  source_.csv.header = false;
  source_.fixed = {{"id", 0, 4}, {"day", 4, 10}, {"v", 14, 6}};
  add("   12024-01-31  1.5\n   22024-02-01\n");
  EXPECT_THAT(columns(), ElementsAre("id int8", "day date", "v decimal(2,1) null"));
}

// Blocks are of two mebibytes: a file of several, whose last block alone has what changes the types.
TEST_F(InferInput, ThreadsMakeNoDifference) {
  std::mt19937_64 rng(test_seed());
  std::string text = "i,f,d,s,q\n";
  for (int row = 0; text.size() < (std::size_t{9} << 20); ++row) {
    text += std::to_string(rng() % 1000) + "," + std::to_string(rng() % 1000) + ".25,2024-01-0" +
            std::to_string(1 + rng() % 9) + ",s" + std::to_string(rng() % 50) + ",\"a\nb\"\n";
  }
  text += "70000,1e3,,a longer text,\n";
  add(text);
  add("i,f,d,s,q\n1,1,2024-01-01,s1,\"\"\n");
  const InferredInput one = infer(1);
  EXPECT_THAT(columns(one), ElementsAre("i int32", "f float64", "d date null", HasSubstr("s enum(a longer text,s0,"),
                                        "q string(3) null"));
  for (const unsigned threads : {2U, 3U, 8U}) {
    const InferredInput many = infer(threads);
    EXPECT_EQ(columns(many), columns(one));
    EXPECT_EQ(many.records, one.records);
    for (std::size_t k = 0; k < one.fields.size(); ++k) EXPECT_TRUE(many.fields[k].facts == one.fields[k].facts) << k;
  }
}

// The point of it all: what was inferred loads without a reject.
TEST_F(InferInput, EveryValueOfTheInputIsOneOfTheTypes) {
  std::mt19937_64 rng(test_seed());
  const std::vector<std::string> pieces = {"1",
                                           "-1",
                                           "007",
                                           "1.5",
                                           "-.5",
                                           "5.",
                                           "1e3",
                                           "nan",
                                           "true",
                                           "no",
                                           "2024-01-31",
                                           "1/2/2024",
                                           "31.12.1999",
                                           "12:30",
                                           "12:30:01.5",
                                           "2024-01-31T01:02:03Z",
                                           "9999999999999999999",
                                           "\"q\"",
                                           "\"\"",
                                           "",
                                           "a b",
                                           "\xC3\xA4",
                                           "2024-1-3",
                                           "-",
                                           "+3",
                                           "0",
                                           "00",
                                           "inf",
                                           "3-Jan-2024"};
  for (int round = 0; round < 300; ++round) {
    const std::size_t width = 1 + rng() % 5;
    std::vector<std::vector<std::string>> choices(width);
    for (auto& choice : choices) {
      for (std::size_t k = 0; k < 1 + rng() % 2; ++k) choice.push_back(pieces[rng() % pieces.size()]);
    }
    std::string text;
    for (std::size_t row = 0; row < 1 + rng() % 30; ++row) {
      for (std::size_t k = 0; k < width; ++k) text += (k > 0 ? "," : "") + choices[k][rng() % choices[k].size()];
      text += rng() % 2 == 0 ? "\n" : "\r\n";
    }
    source_.csv.header = false;
    source_.fields.clear();
    for (std::size_t k = 0; k < width; ++k) source_.fields.push_back("c" + std::to_string(k));
    files_.clear();
    add(text);
    const InferredInput found = infer();
    const auto format = make_record_format(source_).value();
    const FileHead head = format->read_head(text, true, "f").value();
    BoundTable table;
    table.columns = columns_of(found.fields);
    const auto binding = format->bind(head, {table}, "f").value();
    const auto index = binding->make_index();
    const std::size_t size = text.size();
    text.append(64, '\0');
    const auto split = binding->split({text.data(), size}, true, *index);
    const auto batch =
        binding->convert(0, {text.data(), split.whole}, *index, {}, split.open_quote, arrow::default_memory_pool());
    ASSERT_TRUE(batch.ok()) << batch.error().to_string();
    EXPECT_EQ(batch->rows_in, found.records);
    for (const Reject& reject : batch->rejects)
      ADD_FAILURE() << reject.column << ": " << reject.reason << " in\n" << text;
  }
}

}  // namespace
}  // namespace tipple
