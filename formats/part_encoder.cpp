#include "formats/part_encoder.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "formats/codec_chunk.h"
#include "formats/codec_scratch.h"
#include "formats/codec_shuffle.h"
#include "formats/part_gather.h"

namespace tipple {
namespace {

// Filter positions in a dataset's pipeline (docs/format-hdf5.md): shuffle first where elements have more than one byte.
std::uint32_t compression_skipped(std::uint32_t element_bytes) { return element_bytes > 1 ? 2U : 1U; }

struct EncodeScratch {
  CodecScratch gathered, shuffled, compressed;
  void trim() { gathered.trim(), shuffled.trim(), compressed.trim(); }
};

// Planes hold a whole HDF5 chunk of `chunk_elements`; the rows that a last group lacks are zeros.
void shuffle_values(const RowGroup& group, const ColumnGather& gather, std::size_t chunk_elements,
                    CodecScratch& scratch, std::uint8_t* planes) {
  const std::size_t width = gather.element_bytes();
  std::size_t at = 0;
  for (const auto& slice : group.slices) {
    const auto rows = static_cast<std::size_t>(slice->num_rows());
    if (const std::uint8_t* values = gather.in_place(*slice); values != nullptr) {
      shuffle(width, values, rows, planes + at, chunk_elements);
      gather.zero_nulls(*slice, planes + at, 1, chunk_elements);
    } else {
      std::uint8_t* copied = scratch.need(rows * width);
      gather.copy(*slice, copied);
      shuffle(width, copied, rows, planes + at, chunk_elements);
    }
    at += rows;
  }
  for (std::size_t j = 0; at < chunk_elements && j < width; ++j) {
    std::memset(planes + j * chunk_elements + at, gather.fill(), chunk_elements - at);
  }
}

// A dataset without shuffle: the elements as they are.
void copy_values(const RowGroup& group, const ColumnGather& gather, std::size_t chunk_elements,
                 std::uint8_t* elements) {
  const std::size_t width = gather.element_bytes();
  std::size_t at = 0;
  for (const auto& slice : group.slices) {
    const auto rows = static_cast<std::size_t>(slice->num_rows());
    if (const std::uint8_t* values = gather.in_place(*slice); values != nullptr) {
      std::memcpy(elements + at * width, values, rows * width);
      gather.zero_nulls(*slice, elements + at * width, width, 1);
    } else {
      gather.copy(*slice, elements + at * width);
    }
    at += rows;
  }
  std::memset(elements + at * width, gather.fill(), (chunk_elements - at) * width);
}

EncodedChunk finish_chunk(std::uint32_t dataset, std::uint64_t first_element, std::uint32_t element_bytes, Codec codec,
                          std::span<const std::uint8_t> raw, CodecScratch& scratch) {
  EncodedChunk chunk;
  chunk.dataset = dataset;
  chunk.first_element = first_element;
  std::span<const std::uint8_t> bytes = raw;
  if (codec != Codec::kNone) {
    if (const auto compressed = compress_chunk(codec, raw, scratch)) {
      bytes = *compressed;
    } else {
      chunk.filter_mask = compression_skipped(element_bytes);
    }
  }
  chunk.bytes.assign(bytes.begin(), bytes.end());
  return chunk;
}

EncodedChunk encode_rows(const RowGroup& group, const ColumnGather& gather, std::uint32_t dataset,
                         std::size_t chunk_elements, Codec codec, EncodeScratch& scratch) {
  const std::size_t width = gather.element_bytes();
  std::uint8_t* raw = scratch.shuffled.need(chunk_elements * width);
  if (codec == Codec::kNone || width == 1) {
    copy_values(group, gather, chunk_elements, raw);
  } else {
    shuffle_values(group, gather, chunk_elements, scratch.gathered, raw);
  }
  return finish_chunk(dataset, group.first_row, static_cast<std::uint32_t>(width), codec, {raw, chunk_elements * width},
                      scratch.compressed);
}

// An only chunk is as long as its bytes; otherwise every chunk is a whole one, the last padded with zeros.
EncodedChunk encode_string_chunk(const RowGroup::StringChunk& chunk, std::uint32_t dataset, Codec codec,
                                 EncodeScratch& scratch) {
  std::uint64_t size = 0;
  for (const auto& piece : chunk.pieces) size += static_cast<std::uint64_t>(piece.size);
  const std::uint64_t padded = chunk.first_byte == 0 ? size : limits::kStringChunkBytes;
  std::uint8_t* raw = scratch.gathered.need(padded);
  std::uint64_t at = 0;
  for (const auto& piece : chunk.pieces) {
    std::memcpy(raw + at, piece.buffer->data() + piece.offset, static_cast<std::size_t>(piece.size));
    at += static_cast<std::uint64_t>(piece.size);
  }
  std::memset(raw + at, 0, padded - at);
  return finish_chunk(dataset, chunk.first_byte, 1, codec, {raw, padded}, scratch.compressed);
}

}  // namespace

std::vector<PartDataset> part_datasets(const Schema& schema) {
  using Role = PartDataset::Role;
  std::vector<PartDataset> datasets;
  for (std::uint32_t c = 0; c < schema.size(); ++c) {
    const Column& column = schema[c];
    const std::string name = dataset_name(column.name);
    if (column.type.kind == TypeKind::kString) {
      datasets.push_back({name, c, Role::kStringBytes, 1});
      datasets.push_back({name + ".length", c, Role::kStringLengths, 4});
    } else {
      datasets.push_back({name, c, Role::kValues, part_element_bytes(column.type)});
    }
    if (column.nullable) datasets.push_back({name + ".valid", c, Role::kValid, 1});
  }
  return datasets;
}

Result<EncodedRowGroup> encode_row_group(const RowGroup& group, const Schema& schema, const PartCoding& coding) {
  thread_local EncodeScratch scratch;
  EncodedRowGroup encoded;
  encoded.sequence = group.sequence;
  encoded.rows = group.rows;
  encoded.last = group.last;
  encoded.chunk_elements = group.sequence == 0 && group.last ? group.rows : limits::kRowGroupRows;
  encoded.string_bytes_after = group.string_bytes_after;
  const std::vector<PartDataset> datasets = part_datasets(schema);
  for (std::uint32_t d = 0; d < datasets.size(); ++d) {
    const PartDataset& dataset = datasets[d];
    if (dataset.role == PartDataset::Role::kStringBytes) {
      for (const auto& chunk : group.string_chunks) {
        if (chunk.column == dataset.column)
          encoded.chunks.push_back(encode_string_chunk(chunk, d, coding.codec, scratch));
      }
      continue;
    }
    const ColumnGather gather(schema[dataset.column], dataset);
    if (dataset.role == PartDataset::Role::kValid && gather.all_valid(group.slices)) continue;
    encoded.chunks.push_back(encode_rows(group, gather, d, encoded.chunk_elements, coding.of(dataset.column), scratch));
  }
  for (std::uint32_t c = 0; c < schema.size(); ++c) {
    if (!schema[c].nullable && ColumnGather::has_nulls(group.slices, c)) {
      return environment_error("a null in column '" + schema[c].name + "', which is not nullable");
    }
  }
  scratch.trim();
  return encoded;
}

}  // namespace tipple
