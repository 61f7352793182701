#include "jobs/table_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Tables t0, t1, ...; each source si reads the table ti, and the last one a file. reads[i]: tables that ti reads.
JobSpec job_of(const std::vector<std::vector<std::uint32_t>>& reads) {
  JobSpec job;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    SourceSpec source;
    source.name = "s" + std::to_string(i);
    source.format = SourceFormat::kTable;
    source.table = "t" + std::to_string(i);
    job.sources.push_back(source);
    TableSpec table;
    table.name = source.table;
    table.from.emplace_back(static_cast<std::uint32_t>(reads.size()));
    for (const std::uint32_t read : reads[i]) table.from.emplace_back(read);
    job.tables.push_back(table);
  }
  SourceSpec file;
  file.name = "file";
  file.paths = {"in.csv"};
  job.sources.push_back(file);
  return job;
}

TEST(TableOrder, TablesOfFilesAreOneLayer) {
  EXPECT_THAT(load_layers(job_of({{}, {}, {}})), ElementsAre(ElementsAre(TableId(0), TableId(1), TableId(2))));
  EXPECT_THAT(load_layers(job_of({})), IsEmpty());
}

TEST(TableOrder, ReadersComeAfterWhatTheyRead) {
  EXPECT_THAT(load_layers(job_of({{1}, {2}, {}, {2}, {0, 3}})),
              ElementsAre(ElementsAre(TableId(2)), ElementsAre(TableId(1), TableId(3)), ElementsAre(TableId(0)),
                          ElementsAre(TableId(4))));
}

TEST(TableOrder, LookupsAndForeignKeysCount) {
  JobSpec job = job_of({{}, {}, {}});
  LookupStep lookup;
  lookup.source = SourceId(1);
  job.tables[0].steps.emplace_back(lookup);
  CheckSpec check;
  check.kind = CheckSpec::Kind::kForeignKey;
  check.source = SourceId(0);
  job.tables[2].checks.push_back(check);
  EXPECT_THAT(sources_of(job.tables[0]), ElementsAre(SourceId(1), SourceId(3)));
  EXPECT_THAT(load_layers(job), ElementsAre(ElementsAre(TableId(1)), ElementsAre(TableId(0)), ElementsAre(TableId(2))));
}

TEST(TableOrder, TablesOutsideTheJobDoNotCount) {
  JobSpec job = job_of({{0}});
  job.sources[0].table = "elsewhere";
  EXPECT_THAT(load_layers(job), ElementsAre(ElementsAre(TableId(0))));
}

TEST(TableOrder, CyclesAreFoundFromTheirFirstTable) {
  EXPECT_THAT(table_cycle(job_of({{}, {0}})), IsEmpty());
  EXPECT_THAT(table_cycle(job_of({{0}})), ElementsAre(TableId(0)));
  EXPECT_THAT(table_cycle(job_of({{3}, {2}, {1}, {1}})), ElementsAre(TableId(1), TableId(2)));
  EXPECT_THAT(table_cycle(job_of({{2}, {0}, {1}})), ElementsAre(TableId(0), TableId(2), TableId(1)));
}

// Every random graph has layers that obey its edges, or a cycle that is one.
TEST(TableOrder, LayersObeyEveryEdge) {
  std::mt19937_64 random(test_seed());
  int cyclic = 0;
  for (int round = 0; round < 500; ++round) {
    std::vector<std::vector<std::uint32_t>> reads(1 + random() % 8);
    for (auto& list : reads) {
      for (std::uint32_t table = 0; table < reads.size(); ++table) {
        if (random() % 5 == 0) list.push_back(table);
      }
    }
    const JobSpec job = job_of(reads);
    const std::vector<TableId> cycle = table_cycle(job);
    if (!cycle.empty()) {
      ++cyclic;
      for (std::size_t i = 0; i < cycle.size(); ++i) {
        const auto& list = reads[cycle[i].value()];
        EXPECT_NE(std::find(list.begin(), list.end(), cycle[(i + 1) % cycle.size()].value()), list.end());
      }
      continue;
    }
    std::vector<std::size_t> layer_of(reads.size(), reads.size());
    const auto layers = load_layers(job);
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      for (const TableId table : layers[layer]) layer_of[table.value()] = layer;
    }
    for (std::size_t table = 0; table < reads.size(); ++table) {
      ASSERT_LT(layer_of[table], layers.size());
      std::size_t expected = 0;
      for (const std::uint32_t read : reads[table]) expected = std::max(expected, layer_of[read] + 1);
      EXPECT_EQ(layer_of[table], expected);
    }
  }
  EXPECT_GT(cyclic, 50);
  EXPECT_LT(cyclic, 450);
}

}  // namespace
}  // namespace tipple
