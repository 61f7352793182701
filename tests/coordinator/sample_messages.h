// One message and one journal entry of every kind, with something in every field.
#pragma once

#include <vector>

#include "coordinator/journal.h"
#include "coordinator/transport.h"

namespace tipple {

inline ChunkReport sample_report(std::uint32_t chunk = 3) {
  ChunkReport report;
  report.chunk = ChunkId{chunk};
  report.issue = 2;
  report.range = {true, true, 100, 250, 7};
  TableReport table;
  table.table = TableId{1};
  table.rows = {10, 8, 1, 1, 3, 3};
  StagedPart part;
  part.path = "flights/_staging/a/chunk-00003-2.h5";
  part.bytes = 4096;
  part.rows = 8;
  part.sha256[0] = 0xAB;
  part.sha256[31] = 0xCD;
  part.content_digest = {11, 12};
  part.columns = {{1, "-3", "\"z\""}, {0, "", ""}};
  table.part = part;
  table.rejects = "flights/_staging/a/chunk-00003-2.rejects.parquet";
  table.check_failures = {4, 0};
  report.tables = {table, TableReport{}};
  report.bytes_read = 5000;
  report.run_ns = 6000;
  report.memory_peak_bytes = 7000;
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    report.stages.busy_ns[i] = i + 1;
    report.stages.wait_ns[i] = 100 * i;
  }
  return report;
}

inline LoadSetup sample_setup() {
  return {"version: 1\n",
          "flights.yaml",
          "/data",
          "full",
          {"flights"},
          "{}",
          {{SourceId(1), {{"/data/names.csv", 300, 7, true, {}}}}},
          {1, 2},
          {3, 4},
          5,
          30'000'000'000};
}

inline std::vector<Message> sample_messages() {
  const TaskSegment segment{"/data/in.zip", 1000, -5, 100, 200, "in.csv"};
  return {
      Hello{"node7", 4711, 8},
      Heartbeat{9},
      sample_report(),
      ChunkFailure{ChunkId{4}, 1, {ErrorKind::kUsage, "no such field", "job.yaml:3:4", "see the header"}, true},
      ScanReport{ChunkId{5}, {1, 2, 3}},
      PublishReport{{{"flights", 7, true}, {"planes", 1, false}},
                    Error{ErrorKind::kQuality, "too many rejects", "flights", "raise max_rows"}},
      Goodbye{},
      Setup{sample_setup()},
      HeartbeatAnswer{10},
      Assign{{ChunkId{6}, 3, SourceId{1}, {segment, segment}, 120}},
      AssignScan{{ChunkId{7}, SourceId{2}, segment, {200, 300}}},
      Revoke{ChunkId{8}, 2},
      Publish{},
      Finish{75},
  };
}

inline std::vector<JournalEntry> sample_entries() {
  return {
      JournalOpened{sample_setup(), 9, 4, "node7", 4711, "123_4"},
      JournalInputs{SourceId{1},
                    {{"/data/a.csv", 10, 20, true},
                     {"/data/b.csv.gz", 30, 40, false},
                     {"/data/c.zip", 50, 60, false, "in/c.csv"}}},
      JournalAccepted{sample_report()},
      JournalPublished{{{{"flights", 7, false}}, std::nullopt}},
      JournalClosed{5, "disk on fire"},
  };
}

}  // namespace tipple
