// The pages of one column chunk, on their way to a Parquet file: compressed, described in the page indexes and the
// chunk's metadata, and held in memory until flush().
//
// One owner; chunks of different columns may be filled on different threads, flush() is called in file order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <parquet/column_writer.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>

#include "formats/codec_scratch.h"
#include "formats/parquet_values.h"

namespace tipple {

// Rows of a data page, or of a whole chunk.
struct ParquetPage {
  std::size_t first_row = 0;  // in the row group
  std::size_t rows = 0;
  std::size_t nulls = 0;
  std::optional<std::int64_t> text_bytes;  // FixedValues::text_bytes()
  ParquetBounds bounds;
};

class ParquetPages {
 public:
  // All but `file` are of this column chunk and outlive the pages.
  ParquetPages(const std::shared_ptr<arrow::io::OutputStream>& file, const parquet::WriterProperties& properties,
               parquet::ColumnChunkMetaDataBuilder& metadata, parquet::PageIndexBuilder& indexes, int column);

  // At most once, before any data page.
  void put_dictionary(std::span<const std::uint8_t> content, std::size_t entries);
  // `content`: levels and values, which are written in `encoding`.
  void put(const ParquetPage& page, parquet::Encoding::type encoding, std::span<const std::uint8_t> content,
           CodecScratch& compressed);
  // After the last page. `chunk`: of all rows.
  void finish(const ParquetPage& chunk);
  // Writes the chunk to the file; gives its bytes before compression.
  std::int64_t flush();

 private:
  [[nodiscard]] parquet::EncodedStatistics statistics_of(const ParquetPage& page) const;
  [[nodiscard]] parquet::SizeStatistics sizes_of(const ParquetPage& page) const;
  [[nodiscard]] std::shared_ptr<arrow::Buffer> compress(std::span<const std::uint8_t> content,
                                                        CodecScratch& compressed);

  const parquet::WriterProperties& properties_;
  const parquet::Compression::type codec_;
  parquet::ColumnChunkMetaDataBuilder& metadata_;
  std::unique_ptr<parquet::PageWriter> writer_;
  std::shared_ptr<arrow::ResizableBuffer> compressed_;
  bool has_dictionary_ = false;
  std::int64_t bytes_ = 0;
};

}  // namespace tipple
