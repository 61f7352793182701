// SHA-256 of bytes in memory. Files are hashed by formats/hdf5_part_writer.h.
#pragma once

#include <string_view>

#include "base/ids.h"

namespace tipple {

[[nodiscard]] Sha256 sha256_of(std::string_view bytes);

}  // namespace tipple
