#include "formats/parquet_part_writer.h"

#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <fcntl.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <vector>

#include "base/file.h"
#include "formats/arrow_types.h"
#include "formats/parquet_column_encoder.h"
#include "formats/parquet_pages.h"
#include "formats/parquet_part_types.h"

namespace tipple {
namespace {

constexpr int kZstdLevel = 1;
constexpr int kGzipLevel = 1;

// Parquet's own layer throws.
template <typename Function>
Status guarded(const fs::path& path, Function&& function) {
  try {
    return function();
  } catch (const std::exception& fault) {
    return environment_error(std::string("Parquet: ") + fault.what(), path.string());
  }
}

std::shared_ptr<parquet::WriterProperties> writer_properties(const Schema& schema, const PartCoding& coding) {
  parquet::WriterProperties::Builder builder;
  builder.created_by("tipple version " TIPPLE_VERSION);
  switch (coding.codec) {
    case Codec::kZstd:
      builder.compression(parquet::Compression::ZSTD)->compression_level(kZstdLevel);
      break;
    case Codec::kDeflate:
      builder.compression(parquet::Compression::GZIP)->compression_level(kGzipLevel);
      break;
    case Codec::kLz4:
      builder.compression(parquet::Compression::LZ4);  // LZ4_RAW in files
      break;
    case Codec::kNone:
      builder.compression(parquet::Compression::UNCOMPRESSED);
      break;
  }
  if (coding.numbered) {
    // What stands where its values do is written over later.
    builder.compression(schema[*coding.numbered].name, parquet::Compression::UNCOMPRESSED)
        ->compression_level(schema[*coding.numbered].name, arrow::util::kUseDefaultCompressionLevel);
  }
  return builder.build();
}

}  // namespace

struct ParquetPartWriter::Impl {
  fs::path path;
  Schema schema;
  PartCoding coding;
  parquet::SchemaDescriptor stored_schema;
  std::shared_ptr<parquet::WriterProperties> properties;
  std::shared_ptr<arrow::KeyValueMetadata> attributes;
  std::unique_ptr<parquet::FileMetaDataBuilder> metadata;
  std::unique_ptr<parquet::PageIndexBuilder> indexes;
  std::shared_ptr<arrow::io::FileOutputStream> sink;
  std::uint64_t rows = 0;
  bool closed = false;

  Impl(fs::path path_in, Schema schema_in, const PartCoding& how)
      : path(std::move(path_in)),
        schema(std::move(schema_in)),
        coding(how),
        properties(writer_properties(schema, coding)) {
    stored_schema.Init(parquet_schema(schema));
    metadata = parquet::FileMetaDataBuilder::Make(&stored_schema, properties);
    indexes = parquet::PageIndexBuilder::Make(&stored_schema);
  }

  ~Impl() {
    if (!closed) abandon();
  }

  Status open() {
    // Made here with our mode; Arrow's stream only truncates it.
    TIPPLE_TRY(File reserved, File::open(path, O_CREAT | O_EXCL | O_WRONLY));
    created = true;
    TIPPLE_RETURN_IF_ERROR(reserved.close());
    auto opened = arrow::io::FileOutputStream::Open(path.string());
    if (!opened.ok()) return from_arrow(opened.status(), path.string());
    sink = *opened;
    if (const auto written = sink->Write(parquet::kParquetMagic, sizeof(parquet::kParquetMagic)); !written.ok())
      return from_arrow(written, path.string());
    return {};
  }

  Status append(const RowGroup& group) {
    parquet::RowGroupMetaDataBuilder& described = *metadata->AppendRowGroup();
    indexes->AppendRowGroup();
    std::vector<ParquetPages> columns;
    columns.reserve(schema.size());
    for (std::size_t i = 0; i < schema.size(); ++i)
      columns.emplace_back(sink, *properties, *described.NextColumnChunk(), *indexes, static_cast<int>(i));
    std::vector<Status> results(schema.size());
    // Isolated: a thread that waits for a column must not begin a block of another stage meanwhile.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::uint32_t>(0, static_cast<std::uint32_t>(schema.size()), 1),
          [&](const tbb::blocked_range<std::uint32_t>& range) {
            for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
              results[i] = guarded(path, [&]() -> Status {
                const int stored_bytes = stored_schema.Column(static_cast<int>(i))->type_length();
                encode_parquet_column(group, i, schema[i], stored_bytes, coding.numbered == i, columns[i]);
                return {};
              });
            }
          },
          tbb::simple_partitioner());
    });
    for (Status& result : results) TIPPLE_RETURN_IF_ERROR(std::move(result));
    std::int64_t bytes = 0;
    for (ParquetPages& column : columns) bytes += column.flush();
    described.set_num_rows(group.rows);
    described.Finish(bytes);
    rows += group.rows;
    return {};
  }

  Status close() {
    indexes->Finish();
    const parquet::PageIndexBuilder::WriteResult written = indexes->WriteTo(sink.get());
    metadata->SetIndexLocations(parquet::IndexKind::kColumnIndex, written.column_index_locations);
    metadata->SetIndexLocations(parquet::IndexKind::kOffsetIndex, written.offset_index_locations);
    parquet::WriteFileMetaData(*metadata->Finish(attributes), sink.get());
    if (const auto flushed = sink->Close(); !flushed.ok()) return from_arrow(flushed, path.string());
    closed = true;
    return {};
  }

  void abandon() {
    closed = true;
    if (sink != nullptr) (void)sink->Close();
    if (created) ::unlink(path.c_str());
  }

 private:
  bool created = false;
};

ParquetPartWriter::ParquetPartWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetPartWriter::ParquetPartWriter(ParquetPartWriter&&) noexcept = default;
ParquetPartWriter& ParquetPartWriter::operator=(ParquetPartWriter&&) noexcept = default;
ParquetPartWriter::~ParquetPartWriter() = default;

Result<ParquetPartWriter> ParquetPartWriter::create(const fs::path& path, const Schema& schema,
                                                    const PartCoding& coding,
                                                    const std::map<std::string, std::string>& attributes) {
  std::vector<std::string> keys{kParquetSchemaKey};
  std::vector<std::string> values{schema_to_json(schema)};
  for (const auto& [key, value] : attributes) {
    keys.push_back(key);
    values.push_back(value);
  }
  std::unique_ptr<Impl> impl;
  TIPPLE_RETURN_IF_ERROR(guarded(path, [&] {
    impl = std::make_unique<Impl>(path, schema, coding);
    impl->attributes = arrow::key_value_metadata(std::move(keys), std::move(values));
    return impl->open();
  }));
  return ParquetPartWriter(std::move(impl));
}

Status ParquetPartWriter::append(const RowGroup& group) {
  TIPPLE_CHECK(!impl_->closed, "append to a closed part");
  return guarded(impl_->path, [&] { return impl_->append(group); });
}

Status ParquetPartWriter::close() {
  TIPPLE_CHECK(!impl_->closed, "a part is closed once");
  return guarded(impl_->path, [&] { return impl_->close(); });
}

void ParquetPartWriter::discard() {
  if (!impl_->closed) impl_->abandon();
}

std::uint64_t ParquetPartWriter::rows() const { return impl_->rows; }

}  // namespace tipple
