// The derived one-file view of a table's newest version: staged, checked, then renamed into place.
#pragma once

#include <string>

#include "base/result.h"
#include "warehouse/warehouse.h"

namespace tipple {

// Brings `<table>.h5` up to the newest version; does nothing if it is there already (root attribute "tipple_version").
[[nodiscard]] Status refresh_view(const Warehouse& warehouse, const std::string& table);

}  // namespace tipple
