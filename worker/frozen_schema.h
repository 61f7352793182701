// `schema: freeze`: a field that no column takes fails the load, by name. Where a file names its fields once, that is
// told before its first record; where each record does, at the first one.
//
// Thread rule: functions of their arguments, but for what frozen_record_error reads.
#pragma once

#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/record_format.h"
#include "worker/block_splitter.h"
#include "worker/segment_reader.h"

namespace tipple {

// Error kQuality for the first of a text file's fields that a frozen table does not take.
[[nodiscard]] Status check_frozen_head(const SourceTables& tables, const std::vector<std::string>& fields,
                                       const std::string& file);
// The same for a columnar file.
[[nodiscard]] Status check_frozen_schema(const SourceTables& tables, const arrow::Schema& schema,
                                         const std::string& file);

// The error for a record of `block`. Names its line, for which the file is read up to it; beyond
// kFrozenLineBytesMax, or where that cannot be done, the byte.
inline constexpr std::uint64_t kFrozenLineBytesMax = std::uint64_t{4} << 30;
[[nodiscard]] Error frozen_record_error(const TableSpec& table, const NewField& field, const Block& block);

}  // namespace tipple
