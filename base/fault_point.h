// Named places where tests kill the process.
//
// TIPPLE_KILL_AT=name:n ends the process with SIGKILL at the n-th passing of fault_point("name");
// TIPPLE_KILL_RANK=r restricts that to MPI rank r. Without the variable a fault point costs one
// relaxed load. `tests/promises` kills at every name in kFaultPoints.
#pragma once

#include <array>
#include <string_view>

namespace tipple {

inline constexpr std::array<std::string_view, 20> kFaultPoints = {
    "attempt-opened",       // coordinator: the attempt's journal exists, nothing else
    "chunk-started",        // worker: a chunk's first block was read
    "part-created",         // worker: the staged part exists, empty
    "part-row-group",       // worker: a row group was written
    "part-closed",          // worker: HDF5 closed the part, not synced
    "part-synced",          // worker: part synced and hashed, not reported
    "report-received",      // coordinator: a report arrived, not journaled
    "report-journaled",     // coordinator: a report is in the journal
    "publish-started",      // publisher: before anything moved
    "part-numbered",        // publisher: some of a part's numbers are written, not synced
    "part-moved",           // publisher: a part was moved into data/
    "log-written",          // publisher: the log entry's temporary file is synced
    "log-linked",           // publisher: the commit happened, folder not synced
    "view-written",         // publisher: the new view is in place
    "stretch-synced",       // stream's reader: a stretch is on disk, not sealed
    "stretch-sealed",       // stream's reader: a stretch is sealed, not acknowledged
    "replay-prepared",      // replay: the records stand in files of their own, no load yet
    "replay-places-named",  // replay: published; what was rejected again has its first places
    "replay-marked",        // replay: the rejects are marked as resolved, the files are still there
    "publish-reported",     // coordinator: the publisher's report arrived
};

// Kills the process when the environment says so.
void fault_point(std::string_view name);

// Tells fault points which rank this process is; call once at start-up.
void set_fault_rank(int rank);

}  // namespace tipple
