// RecordFormat and RecordBinding as far as they are the same for every format whose records are lines. What remains for
// a format is its fields, bind() and convert().
//
// Thread rule: immutable, may be shared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/line_index.h"
#include "formats/record_format.h"

namespace tipple {

class LineBinding : public RecordBinding {
 public:
  explicit LineBinding(LineRules rules) : splitter_(rules) {}
  [[nodiscard]] std::unique_ptr<RecordIndex> make_index() const override { return std::make_unique<LineIndex>(); }
  [[nodiscard]] Split split(std::span<const char> block, bool final, RecordIndex& index) const override {
    return splitter_.split(block, final, dynamic_cast<LineIndex&>(index));
  }
  [[nodiscard]] std::optional<std::size_t> guess_record_start(std::span<const char> bytes, char before,
                                                              bool) const override {
    return find_line_start(bytes, before);
  }

 private:
  LineSplitter splitter_;
};

class LineFormat : public RecordFormat {
 public:
  // `fields`: the head's.
  LineFormat(const SourceSpec& source, std::vector<std::string> fields) : source_(source), fields_(std::move(fields)) {}
  [[nodiscard]] Result<FileHead> read_head(std::span<const char> bytes, bool complete,
                                           const std::string& path) const override {
    TIPPLE_TRY(FileHead head, read_line_head(bytes, complete, source_.csv.skip_rows, path));
    head.fields = fields_;
    return head;
  }
  [[nodiscard]] bool has_records(const FileHead&) const override { return true; }
  [[nodiscard]] std::unique_ptr<RecordScanner> scanner() const override { return std::make_unique<LineScanner>(); }

 protected:
  const SourceSpec& source_;
  std::vector<std::string> fields_;
};

}  // namespace tipple
