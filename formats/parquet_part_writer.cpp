#include "formats/parquet_part_writer.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <fcntl.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/file.h"
#include "formats/arrow_types.h"
#include "formats/parquet_part_sample.h"
#include "formats/parquet_part_types.h"

namespace tipple {
namespace {

constexpr int kZstdLevel = 1;
constexpr int kGzipLevel = 1;
// A column goes to its encoder in pieces that lie in cache: never more rows than this, nor, of strings, many more
// bytes. Both depend on the rows alone, as do the pages that the encoder makes of them.
constexpr std::int64_t kPieceRows = 16'384;
constexpr std::int64_t kPieceBytes = 16 << 20;

// Parquet's own layer throws.
template <typename Function>
Status guarded(const fs::path& path, Function&& function) {
  try {
    return function();
  } catch (const std::exception& fault) {
    return environment_error(std::string("Parquet: ") + fault.what(), path.string());
  }
}

// A page index says where its pages are; it has no bounds, which would be those of other values.
void write_plainly(const std::shared_ptr<parquet::schema::ColumnPath>& path,
                   parquet::WriterProperties::Builder& builder) {
  builder.disable_dictionary(path)
      ->encoding(path, parquet::Encoding::PLAIN)
      ->compression(path, parquet::Compression::UNCOMPRESSED)
      ->compression_level(path, arrow::util::kUseDefaultCompressionLevel)  // others refuse to write without a codec
      ->disable_statistics(path)
      ->enable_write_page_index(path);
}

std::shared_ptr<parquet::WriterProperties> writer_properties(const Schema& schema, const PartCoding& coding,
                                                             const std::vector<bool>& dictionary) {
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
  builder.data_page_version(parquet::ParquetDataPageVersion::V1);
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const auto path = std::make_shared<parquet::schema::ColumnPath>(std::vector<std::string>{schema[i].name});
    if (!dictionary[i]) builder.disable_dictionary(path);
    if (coding.numbered == i) write_plainly(path, builder);
  }
  return builder.build();
}

// One column of a row group as pieces of consecutive rows, whatever slices the rows came in.
class ColumnPieces {
 public:
  ColumnPieces(const RowGroup& group, std::uint32_t column) {
    for (const auto& slice : group.slices) {
      if (slice->num_rows() > 0) arrays_.push_back(slice->column(static_cast<int>(column)));
    }
  }

  // The next piece; nullptr at the end.
  Result<std::shared_ptr<arrow::Array>> next() {
    arrow::ArrayVector taken;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    while (at_ < arrays_.size() && rows < kPieceRows && bytes < kPieceBytes) {
      const arrow::Array& array = *arrays_[at_];
      const std::int64_t count = fitting(array, std::min(kPieceRows - rows, array.length() - row_), bytes);
      taken.push_back(count == array.length() ? arrays_[at_] : array.Slice(row_, count));
      rows += count;
      row_ += count;
      if (row_ == array.length()) ++at_, row_ = 0;
    }
    if (taken.empty()) return std::shared_ptr<arrow::Array>();
    if (taken.size() == 1) return taken.front();
    auto whole = arrow::Concatenate(taken);
    if (!whole.ok()) return from_arrow(whole.status());
    return *whole;
  }

 private:
  // How many of the next `count` rows, at least one, until `bytes` of text reach kPieceBytes.
  std::int64_t fitting(const arrow::Array& array, std::int64_t count, std::int64_t& bytes) const {
    if (array.type_id() != arrow::Type::STRING) return count;
    const auto& text = static_cast<const arrow::StringArray&>(array);
    const bool nulls = array.null_count() > 0;
    if (!nulls && text.value_offset(row_ + count) - text.value_offset(row_) < kPieceBytes - bytes) {
      bytes += text.value_offset(row_ + count) - text.value_offset(row_);
      return count;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      if (!nulls || text.IsValid(row_ + i)) bytes += text.value_length(row_ + i);  // what lies under nulls is nobody's
      if (bytes >= kPieceBytes) return i + 1;
    }
    return count;
  }

  arrow::ArrayVector arrays_;
  std::size_t at_ = 0;
  std::int64_t row_ = 0;  // in arrays_[at_]
};

// Definition levels of a flat column: 1 for a value, 0 for a null.
void definition_levels(const arrow::Array& array, std::vector<std::int16_t>& levels) {
  levels.assign(static_cast<std::size_t>(array.length()), 1);
  if (array.null_count() == 0) return;
  for (std::int64_t i = 0; i < array.length(); ++i) levels[static_cast<std::size_t>(i)] = array.IsValid(i) ? 1 : 0;
}

Status encode_column(const RowGroup& group, std::uint32_t index, const Column& column,
                     const std::shared_ptr<arrow::Array>& labels, parquet::ColumnWriter& writer) {
  static parquet::ArrowWriterProperties* const properties = parquet::default_arrow_writer_properties().get();
  parquet::ArrowWriteContext context(arrow::default_memory_pool(), properties);
  ColumnPieces pieces(group, index);
  std::vector<std::int16_t> levels;
  for (;;) {
    TIPPLE_TRY(const std::shared_ptr<arrow::Array> piece, pieces.next());
    if (piece == nullptr) return {};
    TIPPLE_CHECK(column.nullable || piece->null_count() == 0, "a null in a column that has none");
    TIPPLE_TRY(const std::shared_ptr<arrow::Array> stored, to_parquet(piece, column.type, labels));
    if (column.nullable) definition_levels(*stored, levels);
    const auto written = writer.WriteArrow(column.nullable ? levels.data() : nullptr, nullptr, stored->length(),
                                           *stored, &context, column.nullable);
    if (!written.ok()) return from_arrow(written);
  }
}

}  // namespace

struct ParquetPartWriter::Impl {
  explicit Impl(const PartCoding& how) : coding(how) {}

  fs::path path;
  Schema schema;
  PartCoding coding;
  std::shared_ptr<arrow::KeyValueMetadata> metadata;
  arrow::ArrayVector labels;  // by column; nullptr but for enums
  std::shared_ptr<arrow::io::FileOutputStream> sink;
  std::unique_ptr<parquet::ParquetFileWriter> writer;
  std::uint64_t rows = 0;
  bool closed = false;

  ~Impl() {
    if (!closed) abandon();
  }

  // The first rows decide which columns get a dictionary; properties of a file are fixed when it is opened.
  void open(const RowGroup& first) {
    std::vector<bool> dictionary;
    for (std::uint32_t i = 0; i < schema.size(); ++i) dictionary.push_back(wants_dictionary(first, i, schema[i].type));
    writer = parquet::ParquetFileWriter::Open(sink, parquet_schema(schema),
                                              writer_properties(schema, coding, dictionary), metadata);
  }

  Status append(const RowGroup& group) {
    if (writer == nullptr) open(group);
    parquet::RowGroupWriter* const out = writer->AppendBufferedRowGroup();
    std::vector<Status> results(schema.size());
    // Isolated: a thread that waits for a column must not begin a block of another stage meanwhile.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(std::uint32_t{0}, static_cast<std::uint32_t>(schema.size()), [&](std::uint32_t i) {
        results[i] = guarded(
            path, [&] { return encode_column(group, i, schema[i], labels[i], *out->column(static_cast<int>(i))); });
      });
    });
    for (Status& result : results) TIPPLE_RETURN_IF_ERROR(std::move(result));
    out->Close();
    rows += group.rows;
    return {};
  }

  Status close() {
    if (writer == nullptr) open(RowGroup());
    writer->Close();
    if (const auto flushed = sink->Close(); !flushed.ok()) return from_arrow(flushed, path.string());
    closed = true;
    return {};
  }

  void abandon() {
    closed = true;
    try {
      writer.reset();  // writes a footer, if it can; nobody will read it
    } catch (const std::exception&) {
      // The part is thrown away.
    }
    if (sink != nullptr) (void)sink->Close();
    ::unlink(path.c_str());
  }
};

ParquetPartWriter::ParquetPartWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetPartWriter::ParquetPartWriter(ParquetPartWriter&&) noexcept = default;
ParquetPartWriter& ParquetPartWriter::operator=(ParquetPartWriter&&) noexcept = default;
ParquetPartWriter::~ParquetPartWriter() = default;

Result<ParquetPartWriter> ParquetPartWriter::create(const fs::path& path, const Schema& schema,
                                                    const PartCoding& coding,
                                                    const std::map<std::string, std::string>& attributes) {
  auto impl = std::make_unique<Impl>(coding);
  impl->schema = schema;
  std::vector<std::string> keys{kParquetSchemaKey};
  std::vector<std::string> values{schema_to_json(schema)};
  for (const auto& [key, value] : attributes) {
    keys.push_back(key);
    values.push_back(value);
  }
  impl->metadata = arrow::key_value_metadata(std::move(keys), std::move(values));
  for (const Column& column : schema) {
    TIPPLE_TRY(std::shared_ptr<arrow::Array> labels, parquet_labels(column.type));
    impl->labels.push_back(std::move(labels));
  }
  // Made here with our mode; Arrow's stream only truncates it.
  TIPPLE_TRY(File reserved, File::open(path, O_CREAT | O_EXCL | O_WRONLY));
  TIPPLE_RETURN_IF_ERROR(reserved.close());
  impl->path = path;
  auto sink = arrow::io::FileOutputStream::Open(path.string());
  if (!sink.ok()) return from_arrow(sink.status(), path.string());
  impl->sink = *sink;
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
