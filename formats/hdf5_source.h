// A foreign HDF5 file as a batch source: datasets of equal length are the columns.
//
// Thread rule: open on one thread, read on any number; the HDF5 mutex serialises the library's part of it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/batch_source.h"

namespace tipple {

// `group`: a group, whose datasets (also those of its subgroups, as "group/name") are the columns, or a dataset. The
// members of a compound dataset are columns, too: by their own names if it is the only dataset, else as
// "dataset.member". Errors: kUsage: no such group; datasets of different lengths (both are named); a dataset that
// cannot be a column. kEnvironment: not HDF5, damaged, or one that reaches outside of itself (external links and
// storage, virtual datasets, filters from plugins); more data than `limits` allow (chunks that were never written cost
// a file nothing).
[[nodiscard]] Result<std::unique_ptr<BatchSource>> open_hdf5_source(const std::string& path, const std::string& group,
                                                                    const DecompressionLimits& limits);

}  // namespace tipple
