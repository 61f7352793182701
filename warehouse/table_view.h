// The derived one-file view of a table's newest version: staged, checked, then renamed into place. Tables of Parquet
// parts have none: every reader of Delta Lake or of Parquet sees them whole.
//
// Thread rule: stateless; several processes may refresh one view, the newest version wins.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "warehouse/table_log.h"
#include "warehouse/warehouse.h"

namespace tipple {

// Brings `<table>.h5` up to the newest version; does nothing if it is there already (root attribute "tipple_version").
[[nodiscard]] Status refresh_view(const Warehouse& warehouse, const std::string& table);

// What is wrong with the view of `version`, as a sentence that says what to do; nothing if all is well.
[[nodiscard]] Result<std::optional<std::string>> check_view(const Warehouse& warehouse, const std::string& table,
                                                            const TableVersion& version);

}  // namespace tipple
