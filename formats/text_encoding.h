// Text encodings to UTF-8.
//
// Equation: for every way to cut the input, the pieces' outputs joined are the whole's output.
// Thread rule: to_utf8 is pure; a TranscodeStream has one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/decode_stream.h"
#include "jobs/job_spec.h"

namespace tipple {

// As a job file writes it: utf-8, utf-16le, ...
[[nodiscard]] std::string_view encoding_name(Encoding encoding);

// Are the file's bytes the text's bytes? So without an encoding to undo and without bytes to replace or to look for.
[[nodiscard]] bool is_passed_through(const SourceSpec& source);

// Bytes that one byte of input becomes at most.
inline constexpr std::size_t kUtf8GrowthMax = 3;

struct Utf8Step {
  std::size_t taken = 0;
  std::size_t made = 0;
  std::optional<std::size_t>
      invalid;  // under kFail: where the first invalid sequence begins; nothing from there on is taken
};
// `in` begins with a whole character. Takes all of it, but for up to three bytes of a character that `in` may have cut;
// with `end` those are invalid. Precondition: out.size() >= kUtf8GrowthMax * in.size(); encoding is not kUtf16.
//
// Invalid bytes: kReplace: U+FFFD for each maximal part of a sequence (Unicode, "substitution of maximal subparts"), as
// Python and browsers do. kReject: one byte FF in its place, which no converter accepts; UTF-8 itself passes through.
[[nodiscard]] Utf8Step to_utf8(Encoding encoding, OnInvalid on_invalid, std::span<const char> in, bool end,
                               std::span<char> out);

// `input` as UTF-8. The byte order mark of UTF-16 is taken away and obeyed; that of UTF-8 is passed on, the record
// formats skip it.
class TranscodeStream final : public ByteStream {
 public:
  TranscodeStream(std::unique_ptr<ByteStream> input, const SourceSpec& source, std::string path);
  // Errors besides the input's: UTF-16 without a byte order mark, or with that of the other order; invalid bytes under
  // kFail.
  Result<std::size_t> read(std::span<char> out) override;
  std::uint64_t bytes_taken() const override { return input_->bytes_taken(); }

 private:
  [[nodiscard]] Status fill();
  [[nodiscard]] Status take_byte_order_mark();

  std::unique_ptr<ByteStream> input_;
  Encoding encoding_;
  OnInvalid on_invalid_;
  std::string path_;
  std::vector<char> raw_;  // bytes [0, raw_size_) are not converted yet
  std::size_t raw_size_ = 0;
  bool raw_end_ = false;
  bool begun_ = false;
  std::uint64_t offset_ = 0;  // in the encoded text of raw_[0]
  std::vector<char> text_;    // bytes [text_begin_, text_end_) are not given out yet
  std::size_t text_begin_ = 0;
  std::size_t text_end_ = 0;
};

}  // namespace tipple
