#include "formats/reject_file.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "base/file.h"
#include "formats/arrow_types.h"

namespace tipple {
namespace {

// A row group is written when either is reached.
constexpr std::size_t kRowsPerGroupMax = 65'536;
constexpr std::size_t kBytesPerGroupMax = 8 << 20;

std::shared_ptr<arrow::Schema> reject_schema() {
  static const auto schema =
      arrow::schema({arrow::field("path", arrow::utf8(), false), arrow::field("offset", arrow::uint64(), false),
                     arrow::field("line", arrow::uint64(), false), arrow::field("column", arrow::utf8(), false),
                     arrow::field("rule", arrow::utf8(), false), arrow::field("reason", arrow::utf8(), false),
                     arrow::field("raw", arrow::binary(), false)});
  return schema;
}

std::size_t bytes_of(const Reject& reject) {
  return sizeof(Reject) + reject.path.size() + reject.column.size() + reject.rule.size() + reject.reason.size() +
         reject.raw.size();
}

// Parquet's layer throws although its Arrow half answers with Status.
template <typename Function>
Status guarded(const std::filesystem::path& path, Function&& function) {
  try {
    if (const arrow::Status status = function(); !status.ok()) return from_arrow(status, path.string());
  } catch (const std::exception& fault) {
    return environment_error(std::string("Parquet: ") + fault.what(), path.string());
  }
  return {};
}

struct Builders {
  arrow::StringBuilder path, column, rule, reason;
  arrow::UInt64Builder offset, line;
  arrow::BinaryBuilder raw;

  arrow::Status append(const Reject& reject) {
    ARROW_RETURN_NOT_OK(path.Append(reject.path));
    ARROW_RETURN_NOT_OK(offset.Append(reject.offset));
    ARROW_RETURN_NOT_OK(line.Append(reject.line));
    ARROW_RETURN_NOT_OK(column.Append(reject.column));
    ARROW_RETURN_NOT_OK(rule.Append(reject.rule));
    ARROW_RETURN_NOT_OK(reason.Append(reject.reason));
    return raw.Append(reject.raw);
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> finish() {
    std::vector<std::shared_ptr<arrow::Array>> arrays(7);
    arrow::ArrayBuilder* const builders[] = {&path, &offset, &line, &column, &rule, &reason, &raw};
    for (std::size_t i = 0; i < arrays.size(); ++i) ARROW_RETURN_NOT_OK(builders[i]->Finish(&arrays[i]));
    const std::int64_t rows = arrays[0]->length();
    return arrow::RecordBatch::Make(reject_schema(), rows, std::move(arrays));
  }
};

std::vector<Reject> rejects_of(const arrow::RecordBatch& batch) {
  const auto text = [&](int column) { return std::static_pointer_cast<arrow::StringArray>(batch.column(column)); };
  const auto number = [&](int column) { return std::static_pointer_cast<arrow::UInt64Array>(batch.column(column)); };
  const auto path = text(0), column = text(3), rule = text(4), reason = text(5);
  const auto offset = number(1), line = number(2);
  const auto raw = std::static_pointer_cast<arrow::BinaryArray>(batch.column(6));
  std::vector<Reject> rejects;
  for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
    rejects.push_back({path->GetString(i), offset->Value(i), line->Value(i), column->GetString(i), rule->GetString(i),
                       reason->GetString(i), raw->GetString(i)});
  }
  return rejects;
}

}  // namespace

struct RejectFileWriter::Impl {
  std::filesystem::path path;
  std::shared_ptr<arrow::io::FileOutputStream> sink;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  Builders builders;
  std::size_t rows = 0;
  std::size_t bytes = 0;

  arrow::Status open() {
    ARROW_ASSIGN_OR_RAISE(sink, arrow::io::FileOutputStream::Open(path.string()));
    const auto properties = parquet::WriterProperties::Builder().compression(arrow::Compression::ZSTD)->build();
    ARROW_ASSIGN_OR_RAISE(
        writer, parquet::arrow::FileWriter::Open(*reject_schema(), arrow::default_memory_pool(), sink, properties));
    return arrow::Status::OK();
  }

  arrow::Status flush() {
    if (rows == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto batch, builders.finish());
    ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches({batch}));
    rows = bytes = 0;
    return writer->WriteTable(*table, kRowsPerGroupMax);
  }

  arrow::Status append(const std::vector<Reject>& rejects) {
    for (const Reject& reject : rejects) {
      ARROW_RETURN_NOT_OK(builders.append(reject));
      bytes += bytes_of(reject);
      if (++rows == kRowsPerGroupMax || bytes >= kBytesPerGroupMax) ARROW_RETURN_NOT_OK(flush());
    }
    return arrow::Status::OK();
  }

  arrow::Status close() {
    ARROW_RETURN_NOT_OK(flush());
    ARROW_RETURN_NOT_OK(writer->Close());
    return sink->Close();
  }
};

RejectFileWriter::RejectFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RejectFileWriter::RejectFileWriter(RejectFileWriter&&) noexcept = default;
RejectFileWriter& RejectFileWriter::operator=(RejectFileWriter&&) noexcept = default;
RejectFileWriter::~RejectFileWriter() = default;

Result<RejectFileWriter> RejectFileWriter::create(const std::filesystem::path& path) {
  // Made here with our mode; Arrow's stream only truncates it.
  TIPPLE_TRY(File reserved, File::open(path, O_CREAT | O_EXCL | O_WRONLY));
  TIPPLE_RETURN_IF_ERROR(reserved.close());
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  TIPPLE_RETURN_IF_ERROR(guarded(path, [&] { return impl->open(); }));
  return RejectFileWriter(std::move(impl));
}

Status RejectFileWriter::append(const std::vector<Reject>& rejects) {
  return guarded(impl_->path, [&] { return impl_->append(rejects); });
}

Status RejectFileWriter::close_and_sync() {
  TIPPLE_RETURN_IF_ERROR(guarded(impl_->path, [&] { return impl_->close(); }));
  TIPPLE_TRY(File file, File::open(impl_->path, O_RDWR));
  TIPPLE_RETURN_IF_ERROR(file.sync());
  return file.close();
}

Status read_reject_file(const std::filesystem::path& path,
                        const std::function<Status(const std::vector<Reject>&)>& visit) {
  std::unique_ptr<parquet::arrow::FileReader> reader;
  TIPPLE_RETURN_IF_ERROR(guarded(path, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path.string()));
    ARROW_ASSIGN_OR_RAISE(reader, parquet::arrow::OpenFile(std::move(file), arrow::default_memory_pool()));
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(reader->GetSchema(&schema));
    if (!schema->Equals(*reject_schema(), false)) return arrow::Status::Invalid("is not a file of rejects");
    return arrow::Status::OK();
  }));
  for (int group = 0; group < reader->num_row_groups(); ++group) {
    std::vector<Reject> rejects;
    TIPPLE_RETURN_IF_ERROR(guarded(path, [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadRowGroup(group));
      ARROW_ASSIGN_OR_RAISE(const auto batch, table->CombineChunksToBatch());
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      rejects = rejects_of(*batch);
      return arrow::Status::OK();
    }));
    TIPPLE_RETURN_IF_ERROR(visit(rejects));
  }
  return {};
}

}  // namespace tipple
