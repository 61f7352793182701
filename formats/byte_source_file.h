// InputFile: an input file as it was listed, opened for reading.
//
// Owner: one ByteSource. Thread rule: immutable once open; any thread may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/file.h"
#include "base/result.h"
#include "formats/byte_source.h"
#include "formats/decode_stream.h"

namespace tipple {

class InputFile final : public FileBytes {
 public:
  // Errors: it cannot be opened, or is not the file that was listed (size, modification time).
  [[nodiscard]] static Result<std::unique_ptr<InputFile>> open(const ByteSourceFile& listed);

  // Fewer bytes than asked only at the listed end; a file that ends before it has changed.
  [[nodiscard]] Result<std::size_t> read_at(std::span<char> out, std::uint64_t offset) const override;
  [[nodiscard]] std::uint64_t size() const override { return listed_.size; }
  [[nodiscard]] Status check_unchanged() const;
  void will_need(std::uint64_t offset, std::uint64_t bytes) const;
  [[nodiscard]] const ByteSourceFile& listed() const { return listed_; }

 private:
  InputFile(ByteSourceFile listed, File file) : listed_(std::move(listed)), file_(std::move(file)) {}
  [[nodiscard]] Status take_archive_size();

  ByteSourceFile listed_;
  File file_;
};

}  // namespace tipple
