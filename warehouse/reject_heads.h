// Heads of the files whose rejected records are kept: `_rejects/<load>.heads.json`. A kept record of a CSV file says
// nothing without the header that it stood under, and the file may be gone (a stream's always is) when it is to be
// loaded again.
//
// Thread rule: stateless.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/byte_source.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

using RejectHeads =
    std::map<std::string, std::string>;  // path as rejects show it -> text before the first record, as UTF-8

// A file of a source that has heads worth keeping.
struct HeadedFile {
  ByteSourceFile file;
  const SourceSpec* source = nullptr;
};

// Writes down the heads of those of `files` that the load's reject file names; nothing if it names none. Idempotent.
[[nodiscard]] Status write_reject_heads(const Warehouse& warehouse, const std::string& table, LoadId load,
                                        const std::vector<HeadedFile>& files);
// Nothing where none were written.
[[nodiscard]] Result<RejectHeads> read_reject_heads(const Warehouse& warehouse, const std::string& table, LoadId load);

}  // namespace tipple
