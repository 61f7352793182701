// InferFeed: the files of a source as blocks of whole records, in order.
//
// Owner: infer_input's reading stage. Thread rule: next() from one thread at a time, give_back() from any.
// Memory: as many blocks as are out at a time; a block is larger than kBlockBytes only if one record is.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/byte_source.h"
#include "formats/infer_block.h"

namespace tipple {

class InferFeed {
 public:
  InferFeed(const SourceSpec& source, std::span<const ByteSourceFile> files, unsigned threads)
      : source_(source), files_(files), threads_(threads) {}

  // The fields of all files, by their heads alone; next() then gives nothing.
  [[nodiscard]] Result<std::vector<std::string>> read_heads();
  // Nothing at the end.
  [[nodiscard]] Result<std::unique_ptr<InferBlock>> next();
  void give_back(std::unique_ptr<InferBlock> block);
  // Fields of the files so far, in the order in which they were first named; JSON has none.
  [[nodiscard]] const std::vector<std::string>& fields() const { return fields_; }
  // Records that are longer than a record may be, and so in no block.
  [[nodiscard]] std::uint64_t overlong_records() const { return overlong_; }

 private:
  [[nodiscard]] Status open_file();
  [[nodiscard]] Result<FileHead> read_head(const std::string& path);
  [[nodiscard]] Status bind_file(const FileHead& head, const std::string& path);
  // Reads until `rest_` has `bytes` bytes or the file ends.
  [[nodiscard]] Status fill_rest(std::size_t bytes);
  [[nodiscard]] Result<std::size_t> fill(InferBlock& block);
  [[nodiscard]] RecordBinding::Split split(InferBlock& block, std::size_t size) const;
  [[nodiscard]] Result<bool> cut(InferBlock& block, std::size_t size);
  [[nodiscard]] Status skip_record();
  void reserve(InferBlock& block, std::size_t bytes, std::size_t keep) const;

  const SourceSpec& source_;
  std::span<const ByteSourceFile> files_;
  unsigned threads_;
  std::unique_ptr<RecordFormat> format_;
  std::size_t file_ = 0;              // the open one
  std::unique_ptr<ByteSource> text_;  // nothing: between two files
  std::uint64_t offset_ = 0;          // of what comes after rest_
  bool file_ended_ = false;
  std::vector<char> rest_;  // read, but in no block yet
  std::optional<CsvIndexer> csv_;
  std::shared_ptr<const RecordBinding> binding_;
  std::shared_ptr<const std::vector<std::uint32_t>> positions_;
  std::vector<std::string> fields_;
  std::uint64_t blocks_ = 0;
  std::uint64_t overlong_ = 0;
  std::mutex spare_mutex_;
  std::vector<std::unique_ptr<InferBlock>> spare_;
};

}  // namespace tipple
