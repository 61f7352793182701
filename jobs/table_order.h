// The order in which the tables of a job load: a table that reads another one (a source with `table: NAME`, also of a
// lookup or a foreign key) loads after it.
//
// Pure; the order depends on the job alone.
#pragma once

#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

// Sources that a table reads, ascending, each once: those of its `from`, its lookups and its foreign keys.
[[nodiscard]] std::vector<SourceId> sources_of(const TableSpec& table);

// Tables of the job that read each other in a circle, each the reader of the next and the last one that of the first;
// none: empty.
[[nodiscard]] std::vector<TableId> table_cycle(const JobSpec& job);

// Tables by layer: those of layer 0 read no table of the job, those of layer n read one of layer n - 1 and none of n or
// later. Ascending within a layer. Precondition: table_cycle(job) is empty, as in every job that parse_job gave without
// mistakes.
[[nodiscard]] std::vector<std::vector<TableId>> load_layers(const JobSpec& job);

}  // namespace tipple
