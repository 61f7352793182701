// The end of a replay, when its load is published: its own rejects are named by their first places, the rejects that it
// took up are marked, its copies of records are removed.
//
// Idempotent: killed anywhere and run again it ends in the same state. Thread rule: stateless.
#pragma once

#include <optional>

#include "base/result.h"
#include "cli/replay_note.h"

namespace tipple {

// The load of the note that published, if one did.
[[nodiscard]] Result<std::optional<LoadId>> published_replay(const Warehouse& warehouse, const ReplayNote& note);

// Precondition: `load`, one of the note's, is published.
[[nodiscard]] Status finish_replay(const Warehouse& warehouse, const ReplayNote& note, LoadId load);

// Finishes what was published, removes what another replay has made useless. Gives the loads that were finished.
[[nodiscard]] Result<std::vector<LoadId>> finish_interrupted_replays(const Warehouse& warehouse);

}  // namespace tipple
