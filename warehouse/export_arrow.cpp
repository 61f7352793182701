// Parquet and Arrow's IPC file format (warehouse/export_writer.h): both are written front to back, so a pipe will do.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/buffered.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <optional>

#include "formats/arrow_types.h"
#include "warehouse/export_writer.h"

namespace tipple {
namespace {

constexpr std::int64_t kParquetGroupRows = 262'144;
constexpr int kZstdLevel = 1;

// An ExportSink as Arrow's stream. Keeps the sink's own error, which says more than Arrow's.
class SinkStream : public arrow::io::OutputStream {
 public:
  explicit SinkStream(const ExportSink& sink) : sink_(sink) {}
  arrow::Status Write(const void* data, std::int64_t bytes) override {
    if (abandoned) return arrow::Status::OK();
    if (fault) return arrow::Status::IOError("the sink failed");
    Status written = sink_(std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(bytes)));
    written_ += bytes;
    if (written.ok()) return arrow::Status::OK();
    fault = std::move(written).error();
    return arrow::Status::IOError(fault->what);
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return written_; }
  bool closed() const override { return closed_; }
  std::optional<Error> fault;
  bool abandoned = false;  // what is still buffered goes nowhere

 private:
  const ExportSink& sink_;
  std::int64_t written_ = 0;
  bool closed_ = false;
};

class ArrowWriter : public ExportWriter {
 public:
  ArrowWriter(const Schema& columns, const ExportOptions& options, const ExportSink& sink)
      : columns_(columns), format_(options.format), stream_(std::make_shared<SinkStream>(sink)) {}

  ~ArrowWriter() override {
    // Of an export that failed nothing more may reach the sink.
    stream_->abandoned = true;
    try {
      parquet_.reset();
    } catch (const std::exception&) {
      // It could not finish its file.
    }
  }

  Status begin() override {
    return guarded([&]() -> arrow::Status {
      arrow::FieldVector fields;
      for (const Column& column : columns_) {
        const bool is_enum = column.type.kind == TypeKind::kEnum;
        fields.push_back(arrow::field(
            column.name, is_enum ? arrow::dictionary(arrow::uint16(), arrow::utf8()) : arrow_type(column.type),
            column.nullable));
        labels_.push_back(nullptr);
        if (!is_enum) continue;
        arrow::StringBuilder labels;
        ARROW_RETURN_NOT_OK(labels.AppendValues(column.type.labels));
        ARROW_RETURN_NOT_OK(labels.Finish(&labels_.back()));
      }
      schema_ = arrow::schema(std::move(fields));
      ARROW_ASSIGN_OR_RAISE(buffered_,
                            arrow::io::BufferedOutputStream::Create(static_cast<std::int64_t>(kExportBlockBytes),
                                                                    arrow::default_memory_pool(), stream_));
      return open();
    });
  }

  Status rows(const arrow::RecordBatch& batch) override {
    return guarded([&]() -> arrow::Status {
      arrow::ArrayVector arrays;
      for (int i = 0; i < batch.num_columns(); ++i) {
        arrays.push_back(batch.column(i));
        const auto& labels = labels_[static_cast<std::size_t>(i)];
        if (labels == nullptr) continue;
        ARROW_ASSIGN_OR_RAISE(arrays.back(),
                              arrow::DictionaryArray::FromArrays(schema_->field(i)->type(), batch.column(i), labels));
      }
      const auto out = arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(arrays));
      return parquet_ != nullptr ? parquet_->WriteRecordBatch(*out) : ipc_->WriteRecordBatch(*out);
    });
  }

  Status end() override {
    return guarded([&]() -> arrow::Status {
      ARROW_RETURN_NOT_OK(parquet_ != nullptr ? parquet_->Close() : ipc_->Close());
      return buffered_->Close();
    });
  }

 private:
  arrow::Status open() {
    if (format_ == ExportFormat::kArrow) {
      ARROW_ASSIGN_OR_RAISE(ipc_, arrow::ipc::MakeFileWriter(buffered_, schema_));
      return arrow::Status::OK();
    }
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::ZSTD)
                                ->compression_level(kZstdLevel)
                                ->max_row_group_length(kParquetGroupRows)
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(parquet_, parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), buffered_,
                                                                     properties, arrow_properties));
    return arrow::Status::OK();
  }

  // Parquet's layer throws although its Arrow half answers with Status.
  template <typename Function>
  Status guarded(Function&& function) {
    try {
      const arrow::Status status = function();
      if (status.ok()) return {};
      return stream_->fault ? *stream_->fault : from_arrow(status);
    } catch (const std::exception& fault) {
      return stream_->fault ? *stream_->fault : environment_error(std::string("Parquet: ") + fault.what());
    }
  }

  const Schema columns_;
  const ExportFormat format_;
  std::shared_ptr<SinkStream> stream_;
  std::shared_ptr<arrow::io::BufferedOutputStream> buffered_;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::ArrayVector labels_;  // by column; nullptr but for enums
  std::unique_ptr<parquet::arrow::FileWriter> parquet_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> ipc_;
};

}  // namespace

std::unique_ptr<ExportWriter> make_arrow_writer(const Schema& columns, const ExportOptions& options,
                                                const ExportSink& sink) {
  return std::make_unique<ArrowWriter>(columns, options, sink);
}

}  // namespace tipple
