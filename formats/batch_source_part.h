// A part of one of our tables, HDF5 or Parquet by its ending, as a batch source.
//
// Thread rule: open on one thread, read on any number: each read borrows a reader of its own.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/batch_source.h"

namespace tipple {

// HDF5: row group k of n belongs to the byte k/n of the way through the file; Parquet: to where it lies. Enum columns
// come as dictionaries of their labels.
[[nodiscard]] Result<std::unique_ptr<BatchSource>> open_part_source(const std::string& path);

}  // namespace tipple
