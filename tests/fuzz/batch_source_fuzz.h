// What the fuzzers of columnar files share: the input as a file in memory, and reading all of it as text.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include <arrow/api.h>

#include "base/check.h"
#include "formats/batch_source.h"

namespace tipple {

inline constexpr std::uint64_t kRowsReadMax = 1 << 20;  // a small file can claim any number of rows
inline constexpr std::uint64_t kBytesReadMax = 1 << 28;

inline void read_all(const BatchSource& source, std::uint64_t rows_max) {
  BoundTable table;
  for (const auto& field : source.schema()->fields()) {
    table.columns.push_back({Column{field->name(), parse_data_type("string").value(), true}, field->name(), {}, {}});
  }
  const auto converter = BatchConverter::make(*source.schema(), table, "fuzz");
  if (!converter.ok()) return;
  for (const BatchStretch& stretch : source.stretches(0, ~std::uint64_t{0}, rows_max)) {
    if (stretch.first_row + stretch.rows > kRowsReadMax || stretch.memory_bytes > kBytesReadMax) return;
    const auto batch = source.read(stretch, (*converter)->columns(), arrow::default_memory_pool());
    if (!batch.ok() || !(*batch)->ValidateFull().ok()) return;
    const auto converted = (*converter)->convert(**batch, stretch.first_row, "fuzz", arrow::default_memory_pool());
    if (!converted.ok()) return;
    TIPPLE_CHECK(converted->batch->ValidateFull().ok(), "a valid batch");
    TIPPLE_CHECK(
        converted->rows_in == static_cast<std::uint64_t>(converted->batch->num_rows()) + converted->rejects.size(),
        "conservation");
  }
}

// The first byte chooses where the source is cut; `open` opens a path.
template <typename Open>
void fuzz_batch_source(const std::uint8_t* data, std::size_t size, const Open& open) {
  if (size == 0) return;
  const int file = ::memfd_create("fuzz", 0);
  TIPPLE_CHECK(file >= 0 && ::write(file, data + 1, size - 1) == static_cast<ssize_t>(size - 1), "a file in memory");
  const auto source = open("/proc/self/fd/" + std::to_string(file));
  if (source.ok()) read_all(**source, data[0]);
  ::close(file);
}

}  // namespace tipple
