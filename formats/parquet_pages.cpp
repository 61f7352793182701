#include "formats/parquet_pages.h"

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#include <parquet/schema.h>

#include "formats/codec_chunk.h"

namespace tipple {

ParquetPages::ParquetPages(const std::shared_ptr<arrow::io::OutputStream>& file,
                           const parquet::WriterProperties& properties, parquet::ColumnChunkMetaDataBuilder& metadata,
                           parquet::PageIndexBuilder& indexes, int column)
    : properties_(properties), codec_(properties.compression(metadata.descr()->path())), metadata_(metadata) {
  const auto& options = properties.codec_options(metadata.descr()->path());
  writer_ =
      parquet::PageWriter::Open(file, codec_, &metadata, -1, -1, arrow::default_memory_pool(),
                                /*buffered_row_group=*/true, nullptr, nullptr,
                                /*page_write_checksum_enabled=*/false, indexes.GetColumnIndexBuilder(column),
                                indexes.GetOffsetIndexBuilder(column), options ? *options : parquet::CodecOptions{});
}

parquet::EncodedStatistics ParquetPages::statistics_of(const ParquetPage& page) const {
  parquet::EncodedStatistics statistics;
  statistics.set_null_count(static_cast<std::int64_t>(page.nulls));
  statistics.all_null_value = page.nulls == page.rows;
  if (page.bounds.seen) {
    statistics.set_min(page.bounds.lowest).set_max(page.bounds.highest);
    statistics.is_min_value_exact = statistics.is_max_value_exact = true;
  }
  statistics.ApplyStatSizeLimits(properties_.max_statistics_size(metadata_.descr()->path()));
  statistics.set_is_signed(metadata_.descr()->sort_order() == parquet::SortOrder::SIGNED);
  return statistics;
}

parquet::SizeStatistics ParquetPages::sizes_of(const ParquetPage& page) const {
  parquet::SizeStatistics sizes;
  if (metadata_.descr()->max_definition_level() > 0) {
    sizes.definition_level_histogram = {static_cast<std::int64_t>(page.nulls),
                                        static_cast<std::int64_t>(page.rows - page.nulls)};
  }
  sizes.unencoded_byte_array_data_bytes = page.text_bytes;
  return sizes;
}

// zstd by our own context, which a thread keeps: Arrow's codec makes one for every page.
std::shared_ptr<arrow::Buffer> ParquetPages::compress(std::span<const std::uint8_t> content, CodecScratch& compressed) {
  const auto wrapped = [](std::span<const std::uint8_t> bytes) {
    return std::make_shared<arrow::Buffer>(bytes.data(), static_cast<std::int64_t>(bytes.size()));
  };
  if (codec_ == parquet::Compression::UNCOMPRESSED) return wrapped(content);
  if (codec_ == parquet::Compression::ZSTD) return wrapped(compress_zstd_frame(content, compressed));
  if (compressed_ == nullptr) {
    PARQUET_ASSIGN_OR_THROW(compressed_, arrow::AllocateResizableBuffer(0));
  }
  writer_->Compress(*wrapped(content), compressed_.get());
  return compressed_;
}

void ParquetPages::put_dictionary(std::span<const std::uint8_t> content, std::size_t entries) {
  has_dictionary_ = true;
  bytes_ += writer_->WriteDictionaryPage(parquet::DictionaryPage(
      std::make_shared<arrow::Buffer>(content.data(), static_cast<std::int64_t>(content.size())),
      static_cast<std::int32_t>(entries), parquet::Encoding::PLAIN));
}

void ParquetPages::put(const ParquetPage& page, parquet::Encoding::type encoding, std::span<const std::uint8_t> content,
                       CodecScratch& compressed) {
  bytes_ += writer_->WriteDataPage(
      parquet::DataPageV1(compress(content, compressed), static_cast<std::int32_t>(page.rows), encoding,
                          parquet::Encoding::RLE, parquet::Encoding::RLE, static_cast<std::int64_t>(content.size()),
                          statistics_of(page), static_cast<std::int64_t>(page.first_row), sizes_of(page)));
}

void ParquetPages::finish(const ParquetPage& chunk) {
  metadata_.SetStatistics(statistics_of(chunk));
  if (const parquet::SizeStatistics sizes = sizes_of(chunk); sizes.is_set()) metadata_.SetSizeStatistics(sizes);
}

std::int64_t ParquetPages::flush() {
  writer_->Close(has_dictionary_, /*fallback=*/false);
  return bytes_;
}

}  // namespace tipple
