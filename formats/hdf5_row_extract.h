// RowExtract of a foreign HDF5 file: the same datasets under the same names, with the types that they are read as.
//
// Thread rule: see formats/row_extract.h; the HDF5 mutex is taken inside.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/batch_source.h"
#include "formats/row_extract.h"
#include "jobs/job_spec.h"

namespace tipple {

// `rows`: the file, open; needed during the call alone. Datasets that the source does not read are left out. Of
// attributes only those are copied that say how values are read: `units` and `calendar`.
[[nodiscard]] Result<std::unique_ptr<RowExtract>> make_hdf5_row_extract(const BatchSource& rows,
                                                                        const std::string& from,
                                                                        const SourceSpec& source,
                                                                        const std::string& to);

}  // namespace tipple
