// ByteStream: bytes that come one after another: of a file, of a member of an archive, out of a decoder, out of a text
// encoding. DecodeStream: a file's compressed members, one after another, as one such stream.
//
//   FileStream ──► DecodeStream ──► TranscodeStream (formats/text_encoding.h)
//
// Owner: one ByteSource. Thread rule: one thread at a time; FileBytes may be read by several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/byte_source.h"
#include "formats/decode_member.h"
#include "jobs/job_spec.h"

namespace tipple {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills `out`; fewer bytes only at the end. After an Error the stream is of no more use.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> out) = 0;
  // Bytes of the file that this took so far.
  [[nodiscard]] virtual std::uint64_t bytes_taken() const = 0;
};

// A file's bytes by offset.
class FileBytes {
 public:
  virtual ~FileBytes() = default;
  // Fewer bytes than asked only at size().
  [[nodiscard]] virtual Result<std::size_t> read_at(std::span<char> out, std::uint64_t offset) const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

// The file's bytes from `begin` on. `file` must outlive it.
class FileStream final : public ByteStream {
 public:
  explicit FileStream(const FileBytes& file, std::uint64_t begin = 0) : file_(file), at_(begin) {}
  Result<std::size_t> read(std::span<char> out) override {
    TIPPLE_TRY(const std::size_t got, file_.read_at(out, at_));
    at_ += got;
    return got;
  }
  std::uint64_t bytes_taken() const override { return at_; }

 private:
  const FileBytes& file_;
  std::uint64_t at_;
};

// What errors are about, and how much may come out.
struct DecodeContext {
  std::string path;    // of the file, for messages; with the member's name, if it is one of an archive
  std::string source;  // for messages
  DecompressionLimits limits;
};

// The guard against decompression bombs: passes on what a decoder makes until it is too much. `context` must outlive
// it.
class MeteredStream final : public ByteStream {
 public:
  MeteredStream(std::unique_ptr<ByteStream> decoded, const DecodeContext& context)
      : decoded_(std::move(decoded)), context_(context) {}
  Result<std::size_t> read(std::span<char> out) override;
  std::uint64_t bytes_taken() const override { return decoded_->bytes_taken(); }

 private:
  std::unique_ptr<ByteStream> decoded_;
  const DecodeContext& context_;
  std::uint64_t made_ = 0;
};

class DecodeStream final : public ByteStream {
 public:
  // `input` begins at byte `begin` of the file, at the file's beginning or where a member ended. `context` must outlive
  // it.
  [[nodiscard]] static Result<std::unique_ptr<DecodeStream>> make(std::unique_ptr<ByteStream> input,
                                                                  Compression compression, const DecodeContext& context,
                                                                  std::uint64_t begin = 0);

  // Checks every member to its end, and that nothing follows the last one, before it returns fewer bytes than asked.
  Result<std::size_t> read(std::span<char> out) override;
  std::uint64_t bytes_taken() const override { return at_; }

  // Like read(), and stops early where a member ends at byte `offset` of the file or behind it.
  struct Until {
    std::size_t made = 0;
    bool there = false;  // at_member_end() now
    bool end = false;    // of the data
  };
  [[nodiscard]] Result<Until> read_until(std::span<char> out, std::uint64_t offset);

 private:
  DecodeStream(std::unique_ptr<ByteStream> input, Compression compression, std::unique_ptr<MemberDecoder> decoder,
               const DecodeContext& context, std::uint64_t begin);
  [[nodiscard]] Status refill();
  // At a member's end: passes padding over; false at the end of the data. Errors: something else follows.
  [[nodiscard]] Result<bool> next_member();
  [[nodiscard]] Status decode_step(std::span<char> out, std::size_t& made);
  [[nodiscard]] std::span<const char> held() const { return {buffer_.data() + held_begin_, held_end_ - held_begin_}; }
  [[nodiscard]] Error damaged(Error what) const;

  std::unique_ptr<ByteStream> input_;
  Compression compression_;
  MemberRules rules_;
  std::unique_ptr<MemberDecoder> decoder_;
  const DecodeContext& context_;
  std::vector<char> buffer_;  // compressed bytes; those in [held_begin_, held_end_) are not taken yet
  std::size_t held_begin_ = 0;
  std::size_t held_end_ = 0;
  bool input_end_ = false;
  std::uint64_t at_;            // offset in the file of the next compressed byte
  std::uint64_t member_begin_;  // offset in the file of the current member
  bool in_member_ = false;
  bool first_member_;  // of the file: nothing may stand before it
};

// "DATA at byte N is damaged: WHAT", as every decoder's error.
[[nodiscard]] Error damage_error(const DecodeContext& context, const char* format, std::uint64_t offset, Error what);

}  // namespace tipple
