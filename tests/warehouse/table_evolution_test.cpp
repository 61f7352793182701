// Tables whose columns grow, and tables of both formats side by side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/warehouse/sample_table.h"
#include "warehouse/export.h"
#include "warehouse/table_view.h"
#include "warehouse/verify.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Schema& wider_schema() {
  static const Schema schema{
      {"id", type("int64"), false}, {"note", type("string"), true}, {"score", type("float64"), false}};
  return schema;
}

std::shared_ptr<arrow::RecordBatch> wider_rows(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder notes;
  arrow::DoubleBuilder scores;
  for (std::int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok() && notes.Append("n").ok() && scores.Append(static_cast<double>(i) / 2).ok());
  }
  return arrow::RecordBatch::Make(arrow_schema(wider_schema()), count,
                                  {*ids.Finish(), *notes.Finish(), *scores.Finish()});
}

class TableEvolution : public testing::TestWithParam<PartFormat> {
 protected:
  Result<CommitOutcome> commit(WriteMode write, const Schema& schema, const std::vector<LoggedPart>& parts,
                               bool evolve = true) {
    return commit_version(warehouse_, "t", schema, Codec::kZstd, parts, sample_commit(write, 0), {GetParam(), evolve});
  }
  std::string csv() {
    std::string out;
    const auto rows = export_table(warehouse_, "t", {}, [&](std::string_view block) {
      out += block;
      return Status();
    });
    return rows.ok() ? out : rows.error().to_string();
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path() / "w", true).value();
};

INSTANTIATE_TEST_SUITE_P(Formats, TableEvolution, testing::Values(PartFormat::kHdf5, PartFormat::kParquet),
                         [](const auto& format) { return std::string(to_string(format.param)); });

TEST_P(TableEvolution, OldPartsReadAsNullAndNewOnesToo) {
  ASSERT_TRUE(
      commit(WriteMode::kReplace, sample_schema(), {place_sample_part(warehouse_, "t", "a", 0, 2, GetParam())}).ok());
  ASSERT_TRUE(commit(WriteMode::kAppend, wider_schema(),
                     {place_part(warehouse_, "t", "b", GetParam(), wider_schema(), wider_rows(2, 1))})
                  .ok());
  const TableVersion version = **read_table(warehouse_, "t");
  EXPECT_EQ(version.format, GetParam());
  EXPECT_EQ(version.schema, (Schema{{"id", type("int64"), false},
                                    {"price", type("decimal(30,2)"), true},
                                    {"note", type("string"), true},
                                    {"score", type("float64"), true}}));
  EXPECT_EQ(csv(), "id,price,note,score\n0,-0.50,,\n1,0.51,note 1,\n2,,n,1\n");
  EXPECT_EQ(version.parts[0].columns[3], (ColumnStats{2, "", ""}));
  EXPECT_EQ(version.parts[1].columns[1], (ColumnStats{1, "", ""}));
  EXPECT_EQ(version.parts[1].columns[3], (ColumnStats{0, "1", "1"}));
  EXPECT_EQ((*read_table(warehouse_, "t", 0))->schema, sample_schema()) << "old versions keep their columns";
}

TEST_P(TableEvolution, VerifyTellsTheSameDigestAsOneLoadOfTheSameRows) {
  ASSERT_TRUE(
      commit(WriteMode::kReplace, sample_schema(), {place_sample_part(warehouse_, "t", "a", 0, 50, GetParam())}).ok());
  ASSERT_TRUE(commit(WriteMode::kAppend, wider_schema(),
                     {place_part(warehouse_, "t", "b", GetParam(), wider_schema(), wider_rows(50, 9))})
                  .ok());
  ASSERT_TRUE(refresh_view(warehouse_, "t").ok());
  EXPECT_EQ(fs::exists(warehouse_.view_path("t")), GetParam() == PartFormat::kHdf5);
  const auto report = verify_table(warehouse_, "t", std::nullopt, 2);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(report->problems, ElementsAre());
  EXPECT_EQ(report->rows, 59U);

  const Schema whole = (*read_table(warehouse_, "t"))->schema;
  const auto grown = [&](const arrow::RecordBatch& batch, const std::vector<int>& from) {
    arrow::ArrayVector arrays;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      arrays.push_back(from[i] < 0 ? *arrow::MakeArrayOfNull(arrow_type(whole[i].type), batch.num_rows())
                                   : batch.column(from[i]));
    }
    return arrow::RecordBatch::Make(arrow_schema(whole), batch.num_rows(), arrays);
  };
  const Id128 expected = add(content_digest(*grown(*sample_rows(0, 50), {0, 1, 2, -1}), whole),
                             content_digest(*grown(*wider_rows(50, 9), {0, -1, 1, 2}), whole));
  EXPECT_EQ(report->content_digest, expected);
}

TEST_P(TableEvolution, WithoutLeaveColumnsDoNotGrow) {
  ASSERT_TRUE(commit(WriteMode::kReplace, sample_schema(), {}).ok());
  EXPECT_THAT(commit(WriteMode::kAppend, wider_schema(), {}, false).error().to_string(),
              HasSubstr("cannot append to table t: column 2 is 'note"));
  EXPECT_THAT(commit(WriteMode::kAppend, {{"id", type("date"), false}}, {}).error().to_string(),
              HasSubstr("no type holds all values of both"));
  EXPECT_EQ((*read_table(warehouse_, "t"))->version, 0U) << "nothing was committed";
}

TEST_P(TableEvolution, ReplaceBringsItsOwnColumns) {
  ASSERT_TRUE(
      commit(WriteMode::kReplace, sample_schema(), {place_sample_part(warehouse_, "t", "a", 0, 2, GetParam())}).ok());
  ASSERT_TRUE(commit(WriteMode::kReplace, wider_schema(),
                     {place_part(warehouse_, "t", "b", GetParam(), wider_schema(), wider_rows(2, 1))})
                  .ok());
  EXPECT_EQ((*read_table(warehouse_, "t"))->schema, wider_schema());
}

TEST_P(TableEvolution, AnotherFormatIsRefused) {
  ASSERT_TRUE(commit(WriteMode::kReplace, sample_schema(), {}).ok());
  const PartFormat other = GetParam() == PartFormat::kHdf5 ? PartFormat::kParquet : PartFormat::kHdf5;
  for (const WriteMode write : {WriteMode::kReplace, WriteMode::kAppend}) {
    const auto refused =
        commit_version(warehouse_, "t", sample_schema(), Codec::kZstd, {}, sample_commit(write, 0), {other, true});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(refused.error().to_string(),
                HasSubstr("table t has " + std::string(to_string(GetParam())) + " parts, the job says format: "));
    EXPECT_FALSE(check_committable(warehouse_, "t", sample_schema(), write, {other, true}).ok());
  }
}

TEST_P(TableEvolution, BothFormatsAreTablesOfTheWarehouse) {
  ASSERT_TRUE(commit(WriteMode::kReplace, sample_schema(), {}).ok());
  EXPECT_THAT(*warehouse_.tables(), ElementsAre("t"));
  EXPECT_EQ(read_history(warehouse_, "t")->size(), 1U);
  EXPECT_EQ(find_load(warehouse_, "t", read_history(warehouse_, "t")->front().commit.load)->value(), 0U);
}

TEST(TwoLogs, AreAnErrorRatherThanAGuess) {
  TestFolder folder;
  const Warehouse warehouse = Warehouse::open(folder.path(), true).value();
  ASSERT_TRUE(
      commit_version(warehouse, "t", sample_schema(), Codec::kZstd, {}, sample_commit(WriteMode::kReplace, 0)).ok());
  ASSERT_TRUE(commit_version(warehouse, "u", sample_schema(), Codec::kZstd, {}, sample_commit(WriteMode::kReplace, 0),
                             {PartFormat::kParquet, false})
                  .ok());
  fs::rename(warehouse.log_folder("u", PartFormat::kParquet), warehouse.log_folder("t", PartFormat::kParquet));
  const auto read = read_table(warehouse, "t");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().to_string(), HasSubstr("two logs"));
}

// ---- what stands in Delta's log

class DeltaLog : public testing::Test {
 protected:
  std::vector<nlohmann::json> actions(int version) {
    const std::string digits = std::to_string(version);
    const fs::path path =
        warehouse_.log_folder("t", PartFormat::kParquet) / (std::string(20 - digits.size(), '0') + digits + ".json");
    std::istringstream lines(*read_file(path, 1 << 24));
    std::vector<nlohmann::json> found;
    for (std::string line; std::getline(lines, line);) found.push_back(nlohmann::json::parse(line));
    return found;
  }
  nlohmann::json action(int version, const char* name) {
    for (const nlohmann::json& one : actions(version)) {
      if (one.contains(name)) return one[name];
    }
    return nullptr;
  }
  void commit(const Schema& schema, const std::vector<LoggedPart>& parts, WriteMode write = WriteMode::kAppend) {
    const auto done = commit_version(warehouse_, "t", schema, Codec::kLz4, parts, sample_commit(write, 0),
                                     {PartFormat::kParquet, true});
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path(), true).value();
};

TEST_F(DeltaLog, AsksReadersForNoMoreThanItNeeds) {
  commit(sample_schema(), {});
  EXPECT_EQ(action(0, "protocol")["minReaderVersion"], 1);
  EXPECT_FALSE(action(0, "protocol").contains("readerFeatures"));
  commit({{"id", type("int64"), false}, {"at", type("timestamp"), false}}, {});
  EXPECT_EQ(action(1, "protocol")["minReaderVersion"], 3);
  EXPECT_EQ(action(1, "protocol")["minWriterVersion"], 7);
  EXPECT_EQ(action(1, "protocol")["readerFeatures"], nlohmann::json({"timestampNtz"}));
  commit({{"id", type("int64"), false}, {"other", type("timestamp"), false}}, {});
  EXPECT_TRUE(action(2, "protocol").is_null()) << "it was said";
  EXPECT_EQ((*read_table(warehouse_, "t"))->schema.size(), 5U);
}

TEST_F(DeltaLog, MetaDataIsDeltasAndExactForUs) {
  const Schema schema{{"u", type("uint64"), false},
                      {"t", type("time"), false},
                      {"e", type("enum(x,y)"), true},
                      {"s", type("string(4)"), true}};
  commit(schema, {}, WriteMode::kReplace);
  const auto metadata = action(0, "metaData");
  EXPECT_EQ(metadata["format"]["provider"], "parquet");
  EXPECT_TRUE(metadata["format"]["options"].empty());
  EXPECT_EQ(metadata["configuration"]["tipple.codec"], "lz4");
  const auto fields = nlohmann::json::parse(metadata["schemaString"].get<std::string>())["fields"];
  EXPECT_EQ(fields[0]["type"], "decimal(20,0)");
  EXPECT_EQ(fields[0]["metadata"]["tipple.type"], "uint64");
  EXPECT_EQ(fields[1]["type"], "long");
  EXPECT_EQ(fields[2]["type"], "string");
  const TableVersion version = **read_table(warehouse_, "t");
  EXPECT_EQ(version.schema, schema);
  EXPECT_EQ(version.codec, Codec::kLz4);
}

TEST_F(DeltaLog, BoundsThatDeltaCannotReadStayAway) {
  LoggedPart part;
  part.path = "data/a.parquet";
  part.rows = 4;
  part.columns = {{0, "\"12:00:00.000000\"", "\"13:00:00.000000\""}, {0, "\"-Infinity\"", "2.5"}, {1, "1", "3"}};
  commit({{"t", type("time"), false}, {"f", type("float64"), false}, {"i", type("int32"), true}}, {part});
  const auto stats = nlohmann::json::parse(action(0, "add")["stats"].get<std::string>());
  EXPECT_EQ(stats["minValues"], nlohmann::json({{"i", 1}}));
  EXPECT_EQ(stats["maxValues"], nlohmann::json({{"f", 2.5}, {"i", 3}}));
  EXPECT_EQ(stats["nullCount"], nlohmann::json({{"t", 0}, {"f", 0}, {"i", 1}}));
}

TEST_F(DeltaLog, AnEntryOfAnotherProgramIsNamed) {
  commit(sample_schema(), {});
  ASSERT_TRUE(write_file_synced(warehouse_.log_folder("t", PartFormat::kParquet) / "00000000000000000001.json",
                                "{\"commitInfo\":{\"operation\":\"OPTIMIZE\"}}\n")
                  .ok());
  EXPECT_THAT(read_table(warehouse_, "t").error().to_string(), HasSubstr("another program wrote it"));
}

}  // namespace
}  // namespace tipple
