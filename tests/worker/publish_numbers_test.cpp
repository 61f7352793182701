// Rows numbered when they are published: over parts, loads, publishers that were interrupted and publishers that race.
#include "worker/publish_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "jobs/table_schema.h"
#include "tests/worker/staged_load.h"
#include "warehouse/export.h"
#include "warehouse/part_scan.h"
#include "warehouse/verify.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PublishNumbers : public testing::TestWithParam<PartFormat> {
 protected:
  // The table `ids` of the columns id, which counts the input, and n, its numbers.
  JobSpec job(std::uint64_t start = 1) {
    JobSpec job = two_table_job(folder_.path());
    job.tables.erase(job.tables.begin());
    job.tables[0].part_format = GetParam();
    job.tables[0].steps = {NumberStep{"n", start}};
    EXPECT_THAT(resolve_table_schema(job, job.tables[0]), IsEmpty());
    return job;
  }
  // A load of the ids first, first + 1, ... that waits for its publisher.
  std::unique_ptr<StagedLoad> staged(int first, int count, const char* mode, std::uint64_t start = 1,
                                     Codec codec = Codec::kDeflate) {
    auto load = std::make_unique<StagedLoad>(job(start));
    load->job().tables[0].codec = codec;
    load->setup().mode = mode;
    load->add_file(std::to_string(first) + ".csv", sample_csv(first, count));
    load->attempt_all();
    return load;
  }
  static void publish(const StagedLoad& load) {
    const PublishReport report = load.publish();
    ASSERT_FALSE(report.error) << report.error->to_string();
  }
  static NumberedTable number(StagedLoad& load, const PublishResources& resources = {}) {
    const PublishPlan plan = plan_publish(load.job(), load.state(), load.setup().load).value();
    auto numbered = number_table(load.warehouse(), load.job().tables[0], plan.tables[0],
                                 load.job().mode(load.setup().mode)->write, load.setup(), resources);
    EXPECT_TRUE(numbered.ok()) << numbered.error().to_string();
    return std::move(numbered).value();
  }
  static std::string exported(const StagedLoad& load) {
    std::string text;
    const auto rows = export_table(load.warehouse(), "ids", {}, [&](std::string_view block) {
      text += block;
      return Status();
    });
    return rows.ok() ? text : rows.error().to_string();
  }
  // Rows of ids and numbers that go up together.
  static std::string rows(int id, int number, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(id + i) + "," + std::to_string(number + i) + "\n";
    return text;
  }
  static std::streamoff value_offset(const fs::path& part, const Schema& schema);
  static void expect_good(const StagedLoad& load, std::uint64_t count) {
    const auto report = verify_table(load.warehouse(), "ids", std::nullopt, 2);
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_THAT(report->problems, ElementsAre());
    EXPECT_EQ(report->rows, count);
    const TableVersion version = read_table(load.warehouse(), "ids")->value();
    EXPECT_EQ(report->content_digest, content_digest(version.parts));
    std::int64_t next = std::stoll(version.parts.front().columns[1].min_json);
    for (const LoggedPart& part : version.parts) {
      EXPECT_EQ(part.columns[1].null_count, 0U);
      EXPECT_EQ(part.columns[1].min_json, std::to_string(next)) << part.path;
      next += static_cast<std::int64_t>(part.rows);
      EXPECT_EQ(part.columns[1].max_json, std::to_string(next - 1)) << part.path;
    }
  }
  TestFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Formats, PublishNumbers, testing::Values(PartFormat::kHdf5, PartFormat::kParquet),
                         [](const auto& format) { return std::string(to_string(format.param)); });

TEST_P(PublishNumbers, RowsOfAllPartsAreNumberedInOrder) {
  const auto load = staged(500, 40, "full", 7);
  ASSERT_GT(load->staged_files().size(), 3U);
  publish(*load);
  EXPECT_EQ(exported(*load), "id,n\n" + rows(500, 7, 40));
  expect_good(*load, 40);
}

TEST_P(PublishNumbers, AppendGoesOnAndReplaceBeginsAgain) {
  const auto empty = staged(0, 0, "more", 100);
  publish(*empty);
  const auto first = staged(0, 10, "more", 100);
  publish(*first);
  const auto second = staged(50, 20, "more", 100);
  publish(*second);
  EXPECT_EQ(exported(*second), "id,n\n" + rows(0, 100, 10) + rows(50, 110, 20));
  expect_good(*second, 30);
  const auto third = staged(70, 5, "full", 100);
  publish(*third);
  EXPECT_EQ(exported(*third), "id,n\n" + rows(70, 100, 5));
  expect_good(*third, 5);
}

TEST_P(PublishNumbers, APublisherThatWasInterruptedIsRunAgain) {
  const auto load = staged(0, 40, "more");
  const NumberedTable once = number(*load, {4, 0});  // no memory to speak of: one row group at a time
  const NumberedTable twice = number(*load, {4, 1 << 30});
  EXPECT_EQ(once.only_as, 0U);
  ASSERT_EQ(once.planned.parts.size(), twice.planned.parts.size());
  for (std::size_t i = 0; i < once.planned.parts.size(); ++i) {
    EXPECT_EQ(once.planned.parts[i].staged, twice.planned.parts[i].staged);
    EXPECT_EQ(once.planned.parts[i].path, twice.planned.parts[i].path);
  }
  // Killed when half of them had been moved.
  fs::create_directories(load->warehouse().table_folder("ids") / "data");
  for (std::size_t i = 0; i < once.planned.parts.size(); i += 2)
    fs::rename(load->warehouse().folder() / once.planned.parts[i].staged.path,
               load->warehouse().table_folder("ids") / once.planned.parts[i].path);
  publish(*load);
  EXPECT_EQ(exported(*load), "id,n\n" + rows(0, 1, 40));
  expect_good(*load, 40);
}

TEST_P(PublishNumbers, ALoadThatAnotherOneOvertookIsNumberedBehindIt) {
  const auto late = staged(0, 40, "more");
  const NumberedTable begun = number(*late);
  EXPECT_EQ(begun.planned.parts[0].staged.columns[1].min_json, "1");
  const auto other = staged(100, 10, "more");
  publish(*other);
  publish(*late);
  EXPECT_EQ(exported(*late), "id,n\n" + rows(100, 1, 10) + rows(0, 11, 40));
  expect_good(*late, 50);
  const TableVersion version = read_table(late->warehouse(), "ids")->value();
  EXPECT_THAT(version.parts.back().path, HasSubstr("-from-"));
  // The first publisher was only slow. It finds the table's next version taken, and what it wrote is nobody's.
  const auto options = CommitOptions{GetParam(), false, begun.only_as};
  const auto outcome = commit_version(late->warehouse(), "ids", late->job().tables[0].output, Codec::kDeflate, {},
                                      sample_commit(WriteMode::kAppend, 0), options);
  EXPECT_TRUE(outcome->taken);
  for (const PlannedPart& part : begun.planned.parts) {
    for (const LoggedPart& logged : version.parts) EXPECT_NE(part.path, logged.path);
  }
}

TEST_P(PublishNumbers, LoadsThatArePublishedAtOnceShareNoNumber) {
  constexpr int kLoads = 4;
  constexpr int kRows = 12;
  std::vector<std::unique_ptr<StagedLoad>> loads;
  for (int i = 0; i < kLoads; ++i) loads.push_back(staged(i * 100, kRows, "more"));
  {
    std::vector<std::jthread> publishers;
    for (const auto& load : loads) publishers.emplace_back([&load] { publish(*load); });
  }
  expect_good(*loads[0], kLoads * kRows);
  std::istringstream lines(exported(*loads[0]));
  std::string line;
  std::getline(lines, line);
  for (int number = 1; number <= kLoads * kRows; ++number) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(line.substr(line.find(',') + 1), std::to_string(number));
  }
}

TEST_P(PublishNumbers, TwoPublishersOfOneLoadAtOncePublishItOnce) {
  for (int round = 0; round < 3; ++round) {
    const auto load = staged(round * 100, 40, "more");
    PublishReport reports[2];
    {
      const std::jthread other([&] { reports[0] = load->publish(); });
      reports[1] = load->publish();
    }
    // The slower one may find its staging folder gone.
    EXPECT_TRUE(!reports[0].error || !reports[1].error);
    expect_good(*load, static_cast<std::uint64_t>(round + 1) * 40);
  }
}

// A byte of the values of the first column, which has no numbers.
std::streamoff PublishNumbers::value_offset(const fs::path& part, const Schema& schema) {
  if (GetParam() == PartFormat::kHdf5)
    return static_cast<std::streamoff>(PartScan::open(part, GetParam(), schema)->number_runs(0)->front().offset);
  const auto metadata = parquet::ParquetFileReader::OpenFile(part.string())->metadata();
  const auto chunk = metadata->RowGroup(0)->ColumnChunk(0);
  return chunk->data_page_offset() + chunk->total_compressed_size() - 1;
}

TEST_P(PublishNumbers, DamagedPartsPublishNothing) {
  auto load = staged(0, 40, "full", 1, Codec::kNone);
  const fs::path victim = load->staged_files().front();
  std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(value_offset(victim, load->job().tables[0].output));
  file.put('\x55');
  file.close();
  const PublishReport report = load->publish();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->to_string(), victim.string() +
                                           ": a staged part is damaged: it is not what its worker hashed " +
                                           "(remove the load's folder below _loads and run the load again)");
  EXPECT_THAT(load->warehouse().tables().value(), IsEmpty());
}

TEST_P(PublishNumbers, WhatCannotBeNumberedIsRefused) {
  const auto full = staged(0, 3, "full", std::numeric_limits<std::int64_t>::max() - 3);
  publish(*full);
  EXPECT_THAT(exported(*full), HasSubstr("2,9223372036854775806\n"));
  const auto more = staged(10, 1, "more");
  EXPECT_THAT(more->publish().error->to_string(), HasSubstr("is the last number"));
  expect_good(*full, 3);
}

TEST_P(PublishNumbers, ADamagedNoteIsAnError) {
  const auto load = staged(0, 3, "more");
  const fs::path note = load->warehouse().load_folder(load->setup().load) / "numbers-ids";
  ASSERT_TRUE(write_file_synced(note, "1").ok());
  EXPECT_THAT(load->publish().error->to_string(), HasSubstr("numbers-ids: does not hold the first number of a load"));
  ASSERT_TRUE(write_file_synced(note, "1\n").ok());
  publish(*load);
}

}  // namespace
}  // namespace tipple
