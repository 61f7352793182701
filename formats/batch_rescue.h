// `schema: rescue` of columnar files: which fields no column reads, and their values' texts, row by row.
//
// Thread rule: immutable once planned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_rule.h"
#include "formats/rescue.h"
#include "jobs/job_spec.h"

namespace tipple {

// Where values stand: a field of the file, and the way into its structs.
struct BatchFieldPath {
  int field = 0;
  std::vector<int> children;
  friend auto operator<=>(const BatchFieldPath&, const BatchFieldPath&) = default;
};

// The values at a path in a batch whose column `position` is that of the path's field; null where a struct around them
// is.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> values_at(const arrow::RecordBatch& batch, std::size_t position,
                                                              const std::vector<int>& children,
                                                              arrow::MemoryPool* pool);

struct BatchRescue {
  struct Field {
    BatchFieldPath path;
    std::string name;  // with dots between the names of structs and their members
    std::string key;   // rescued_key(name)
    std::shared_ptr<arrow::DataType> type;
    std::vector<std::uint32_t> columns;  // the nullable ones that read it; none: every value of it is rescued
    std::size_t read_position = 0;       // of path.field in the batches; whoever plans the reading fills it in
  };
  std::uint32_t column = 0;   // the position of the column that takes the objects
  std::vector<Field> fields;  // that may have to be rescued, in the file's order

  // `paths`: what each of `columns` reads; nothing: not from the file.
  [[nodiscard]] static std::vector<Field> plan_fields(const arrow::Schema& file, const std::vector<ColumnSpec>& columns,
                                                      const std::vector<std::optional<BatchFieldPath>>& paths);
  // Refuses (kUsage) fields whose values have no text, and two of one name.
  [[nodiscard]] Status check(const std::string& path) const;
  // The objects of a batch, as rescue_cells' of a block.
  [[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> objects(const arrow::RecordBatch& batch,
                                                                  const UnfitRows& unfit, CsvFaults& faults,
                                                                  arrow::MemoryPool* pool) const;
};

}  // namespace tipple
