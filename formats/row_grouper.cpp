// RowGrouper (formats/part_encoder.h): rows in input order to row groups of a fixed size.
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "formats/part_encoder.h"

namespace tipple {
namespace {

using Piece = RowGroup::StringChunk::Piece;

// The bytes of one `string` column that no whole chunk has taken yet. Invariant: less than one chunk between calls of
// cut().
struct PendingBytes {
  std::uint32_t column = 0;
  std::uint64_t first_byte = 0;
  std::uint64_t size = 0;
  std::vector<Piece> pieces;
};

void add_piece(const std::shared_ptr<arrow::Buffer>& buffer, std::int64_t offset, std::int64_t size,
               PendingBytes& pending) {
  if (size == 0) return;
  pending.size += static_cast<std::uint64_t>(size);
  if (!pending.pieces.empty()) {
    Piece& back = pending.pieces.back();
    if (back.buffer == buffer && back.offset + back.size == offset) {
      back.size += size;
      return;
    }
  }
  pending.pieces.push_back({buffer, offset, size});
}

// Arrow allows bytes under nulls; the part's bytes must not show them, so each such stretch is left out.
void add_string_bytes(const arrow::ArrayData& data, PendingBytes& pending) {
  if (data.length == 0 || data.buffers[2] == nullptr) return;
  const std::int32_t* offsets = data.GetValues<std::int32_t>(1);
  if (data.GetNullCount() == 0)
    return add_piece(data.buffers[2], offsets[0], offsets[data.length] - offsets[0], pending);
  const std::uint8_t* bits = data.buffers[0]->data();
  const auto is_valid = [&](std::int64_t i) {
    return (bits[(data.offset + i) / 8] >> ((data.offset + i) % 8) & 1) != 0;
  };
  std::int64_t valid_bytes = 0;
  for (std::int64_t i = 0; i < data.length; ++i) valid_bytes += is_valid(i) ? offsets[i + 1] - offsets[i] : 0;
  if (valid_bytes == offsets[data.length] - offsets[0]) {
    return add_piece(data.buffers[2], offsets[0], valid_bytes, pending);
  }
  for (std::int64_t i = 0; i < data.length; ++i) {
    if (is_valid(i)) add_piece(data.buffers[2], offsets[i], offsets[i + 1] - offsets[i], pending);
  }
}

// Moves whole chunks, or with `all` everything, from `pending` to `out`.
void cut_chunks(PendingBytes& pending, bool all, std::vector<RowGroup::StringChunk>& out) {
  std::size_t next = 0;
  while (pending.size >= limits::kStringChunkBytes || (all && pending.size > 0)) {
    RowGroup::StringChunk chunk{pending.column, pending.first_byte, {}};
    auto wanted = static_cast<std::int64_t>(std::min(pending.size, limits::kStringChunkBytes));
    pending.first_byte += static_cast<std::uint64_t>(wanted);
    pending.size -= static_cast<std::uint64_t>(wanted);
    while (wanted > 0) {
      Piece& piece = pending.pieces[next];
      const std::int64_t taken = std::min(wanted, piece.size);
      chunk.pieces.push_back({piece.buffer, piece.offset, taken});
      piece.offset += taken;
      piece.size -= taken;
      wanted -= taken;
      if (piece.size == 0) ++next;
    }
    out.push_back(std::move(chunk));
  }
  pending.pieces.erase(pending.pieces.begin(), pending.pieces.begin() + static_cast<std::ptrdiff_t>(next));
}

}  // namespace

struct RowGrouper::Impl {
  RowGroup open;  // the group that rows go into; held back while full
  std::vector<PendingBytes> strings;
  std::size_t columns = 0;
  std::uint32_t group_rows = 0;

  void emit(bool last, std::vector<RowGroup>& out) {
    open.last = last;
    open.string_bytes_after.assign(columns, 0);
    for (PendingBytes& pending : strings) {
      open.string_bytes_after[pending.column] = pending.first_byte + pending.size;
      cut_chunks(pending, last, open.string_chunks);
    }
    RowGroup next;
    next.sequence = open.sequence + 1;
    next.first_row = open.first_row + open.rows;
    out.push_back(std::exchange(open, std::move(next)));
  }

  void put(std::shared_ptr<arrow::RecordBatch> slice) {
    for (PendingBytes& pending : strings)
      add_string_bytes(*slice->column_data(static_cast<int>(pending.column)), pending);
    open.rows += static_cast<std::uint32_t>(slice->num_rows());
    open.slices.push_back(std::move(slice));
  }
};

RowGrouper::RowGrouper(const Schema& schema, std::uint32_t group_rows) : impl_(std::make_unique<Impl>()) {
  impl_->group_rows = group_rows;
  impl_->columns = schema.size();
  for (std::uint32_t c = 0; c < schema.size(); ++c) {
    if (schema[c].type.kind == TypeKind::kString) impl_->strings.push_back({c, 0, 0, {}});
  }
}

RowGrouper::~RowGrouper() = default;
RowGrouper::RowGrouper(RowGrouper&&) noexcept = default;

void RowGrouper::add(std::shared_ptr<arrow::RecordBatch> batch, std::vector<RowGroup>& out) {
  const std::int64_t rows = batch->num_rows();
  for (std::int64_t at = 0; at < rows;) {
    if (impl_->open.rows == impl_->group_rows) impl_->emit(false, out);
    const auto room = static_cast<std::int64_t>(impl_->group_rows - impl_->open.rows);
    const std::int64_t taken = std::min(room, rows - at);
    impl_->put(taken == rows ? batch : batch->Slice(at, taken));
    at += taken;
  }
}

void RowGrouper::finish(std::vector<RowGroup>& out) {
  if (impl_->open.rows > 0) impl_->emit(true, out);
}

}  // namespace tipple
