// The keys of a lookup table beside the batch's own: what lookups and foreign keys share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "transforms/lookup_columns.h"
#include "transforms/lookup_index.h"
#include "transforms/table_pipeline.h"

namespace tipple {

// The arrays of `fields` in the table that was read for `source`. Errors: kUsage if there is none.
[[nodiscard]] Result<std::vector<std::shared_ptr<arrow::Array>>> lookup_arrays(const std::vector<LookupField>& fields,
                                                                               SourceId source, const JobSpec& job,
                                                                               const std::vector<LookupTable>& lookups,
                                                                               const std::string& place);

struct LookupKeys {
  LookupIndex index;
  std::vector<std::string> own_names;
  std::vector<std::string> names;  // the table's
  std::vector<int> positions;      // of the own columns
  std::vector<DataType> types;     // of the own columns

  // `fields` and `columns`: as many of their first ones as there are `own` names are the keys.
  [[nodiscard]] static Result<LookupKeys> make(const std::vector<std::string>& own,
                                               const std::vector<LookupField>& fields,
                                               const std::vector<std::shared_ptr<arrow::Array>>& columns,
                                               const Schema& input, bool unique, const std::string& what,
                                               const std::string& place);
  // The batch's key columns. They point into the batch and into `types`.
  [[nodiscard]] std::vector<KeyColumn> of(const arrow::RecordBatch& batch) const;
};

}  // namespace tipple
