// From batches to the column chunks of an HDF5 part: regrouping to fixed row groups, shuffle and compression.
//
// RowGrouper (serial, in input order) -> encode_row_group (parallel) -> Hdf5PartWriter (serial, in order).
// Bytes depend on the rows alone, never on how they were cut into batches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/limits.h"
#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

// How a part stores its columns: all with `codec`, but `numbered` (a position) as plain values without statistics, so
// that they can be written in place when they are known (formats/part_numbers.h).
struct PartCoding {
  PartCoding(Codec all, std::optional<std::uint32_t> numbered_column = std::nullopt)  // NOLINT: implicit on purpose
      : codec(all), numbered(numbered_column) {}
  [[nodiscard]] Codec of(std::uint32_t column) const { return numbered == column ? Codec::kNone : codec; }

  Codec codec;
  std::optional<std::uint32_t> numbered;
};

// Slices of batches that make up one row group, and the whole string-byte chunks that became complete with it.
// Slices keep their batches alive; nothing is copied here.
struct RowGroup {
  std::uint64_t sequence = 0;
  std::uint64_t first_row = 0;
  std::uint32_t rows = 0;
  bool last = false;
  std::vector<std::shared_ptr<arrow::RecordBatch>> slices;
  struct StringChunk {  // one limits::kStringChunkBytes piece of a `string` column's bytes (shorter only at the end)
    std::uint32_t column = 0;
    std::uint64_t first_byte = 0;
    struct Piece {
      std::shared_ptr<arrow::Buffer> buffer;
      std::int64_t offset = 0;
      std::int64_t size = 0;
    };
    std::vector<Piece> pieces;
  };
  std::vector<StringChunk> string_chunks;
  std::vector<std::uint64_t> string_bytes_after;  // per schema column: `string` bytes up to and including this group
};

class RowGrouper {
 public:
  explicit RowGrouper(const Schema& schema, std::uint32_t group_rows = limits::kRowGroupRows);
  ~RowGrouper();
  RowGrouper(RowGrouper&&) noexcept;
  // Adds rows; appends the row groups that became full to `out`.
  void add(std::shared_ptr<arrow::RecordBatch> batch, std::vector<RowGroup>& out);
  // The rest: always gives exactly one group with last == true, unless no row was ever added.
  // (So add() holds a full group back until it knows that more rows follow.)
  void finish(std::vector<RowGroup>& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One HDF5 chunk, ready for H5Dwrite_chunk.
struct EncodedChunk {
  std::uint32_t dataset = 0;  // position among part_datasets(schema)
  std::uint64_t first_element = 0;
  std::uint32_t filter_mask = 0;  // bit set: that filter was skipped for this chunk
  std::vector<std::uint8_t> bytes;
};

struct EncodedRowGroup {
  std::uint64_t sequence = 0;
  std::uint64_t rows = 0;
  bool last = false;
  std::uint64_t chunk_elements = 0;               // rows per HDF5 chunk: kRowGroupRows, or the rows of an only group
  std::vector<std::uint64_t> string_bytes_after;  // per schema column: `string` bytes up to and including this group
  std::vector<EncodedChunk> chunks;
};

// Datasets of a part, in file order: <column>, [<column>.length], [<column>.valid].
struct PartDataset {
  std::string name;
  std::uint32_t column = 0;
  enum class Role : std::uint8_t { kValues, kStringBytes, kStringLengths, kValid } role = Role::kValues;
  std::uint32_t element_bytes = 0;
};
[[nodiscard]] std::vector<PartDataset> part_datasets(const Schema& schema);

// Gathers, shuffles and compresses. Thread-safe; scratch memory is per thread and reused.
[[nodiscard]] Result<EncodedRowGroup> encode_row_group(const RowGroup& group, const Schema& schema,
                                                       const PartCoding& coding);

}  // namespace tipple
