// CSV and JSON lines (warehouse/export_writer.h).
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "warehouse/export_writer.h"
#include "warehouse/value_text.h"

namespace tipple {
namespace {

class TextWriter : public ExportWriter {
 public:
  TextWriter(const Schema& columns, const ExportOptions& options, const ExportSink& sink)
      : columns_(columns),
        header_(options.header),
        sink_(sink),
        style_(options.format == ExportFormat::kCsv ? TextStyle::kCsv : TextStyle::kJson) {
    for (const Column& column : columns_) {
      std::string key;
      append_text(column.name, style_, key);
      keys_.push_back(std::move(key));
    }
  }

  Status begin() override {
    if (style_ != TextStyle::kCsv || !header_) return {};
    for (std::size_t i = 0; i < keys_.size(); ++i) text_ += (i == 0 ? "" : ",") + keys_[i];
    text_ += '\n';
    return {};
  }

  Status rows(const arrow::RecordBatch& batch) override {
    std::vector<const arrow::Array*> arrays;
    std::vector<std::unique_ptr<ColumnText>> columns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      arrays.push_back(batch.column(static_cast<int>(i)).get());  // the batch keeps it
      columns.push_back(column_text(*arrays.back(), columns_[i].type, style_));
    }
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (style_ == TextStyle::kJson) {
          text_ += i == 0 ? '{' : ',';
          text_ += keys_[i];
          text_ += ':';
        } else if (i > 0) {
          text_ += ',';
        }
        if (!arrays[i]->IsNull(row)) {
          columns[i]->append(row, text_);
        } else if (style_ == TextStyle::kJson) {
          text_ += "null";
        }
      }
      text_ += style_ == TextStyle::kJson ? "}\n" : "\n";
      if (text_.size() >= kExportBlockBytes) TIPPLE_RETURN_IF_ERROR(end());
    }
    return {};
  }

  Status end() override {
    if (text_.empty()) return {};
    Status written = sink_(text_);
    text_.clear();
    return written;
  }

 private:
  const Schema columns_;
  const bool header_;
  const ExportSink& sink_;
  const TextStyle style_;
  std::vector<std::string> keys_;  // names as printed
  std::string text_;
};

}  // namespace

std::unique_ptr<ExportWriter> make_text_writer(const Schema& columns, const ExportOptions& options,
                                               const ExportSink& sink) {
  return std::make_unique<TextWriter>(columns, options, sink);
}

}  // namespace tipple
