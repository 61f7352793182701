#include "formats/byte_source.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "formats/byte_source_file.h"
#include "formats/decode_parallel.h"
#include "formats/decode_stream.h"
#include "formats/text_encoding.h"
#include "formats/zip_archive.h"

namespace tipple {
namespace {

constexpr std::size_t kDetectBytes = 64;

// The file's bytes are the text.
class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(std::unique_ptr<InputFile> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::span<char> out, std::uint64_t offset) override {
    TIPPLE_TRY(const std::size_t got, file_->read_at(out, offset));
    taken_.fetch_add(got, std::memory_order_relaxed);
    return got;
  }
  bool random_access() const override { return true; }
  std::uint64_t bytes_taken() const override { return taken_.load(std::memory_order_relaxed); }
  Status check_unchanged() const override { return file_->check_unchanged(); }
  void will_need(std::uint64_t offset, std::uint64_t bytes) const override { file_->will_need(offset, bytes); }

 private:
  std::unique_ptr<InputFile> file_;
  std::atomic<std::uint64_t> taken_{0};
};

// The text comes out of a chain of streams.
class StreamSource final : public ByteSource {
 public:
  StreamSource(std::unique_ptr<InputFile> file, const SourceSpec& source)
      : file_(std::move(file)), context_{file_->listed().path, source.name, source.decompression} {
    if (!file_->listed().member.empty()) context_.path += ": " + file_->listed().member;
  }

  // Precondition: the file begins as `first`.
  Status open(std::span<const char> first, const SourceSpec& source, unsigned threads, std::uint64_t memory_bytes) {
    const ByteSourceFile& listed = file_->listed();
    Compression compression = detect_compression(first);
    if (compression == Compression::kZip || !listed.member.empty()) {
      TIPPLE_TRY(const std::string member, member_to_open(compression));
      TIPPLE_TRY(auto opened, open_zip_member(listed.path, member));
      bottom_ = opened.get();
      stream_ = std::make_unique<MeteredStream>(std::move(opened), context_);
      TIPPLE_RETURN_IF_ERROR(decode_inner());
    } else if (compression == Compression::kNone) {
      stream_ = std::make_unique<FileStream>(*file_);
      bottom_ = stream_.get();
    } else if (ParallelDecode::is_worth_it(*file_, compression, threads, memory_bytes)) {
      auto decoded = std::make_unique<ParallelDecode>(*file_, compression, context_, threads, memory_bytes);
      bottom_ = decoded.get();
      stream_ = std::make_unique<MeteredStream>(std::move(decoded), context_);
    } else {
      auto input = std::make_unique<FileStream>(*file_);
      bottom_ = input.get();
      TIPPLE_TRY(auto decoded, DecodeStream::make(std::move(input), compression, context_));
      stream_ = std::make_unique<MeteredStream>(std::move(decoded), context_);
    }
    if (!is_passed_through(source))
      stream_ = std::make_unique<TranscodeStream>(std::move(stream_), source, context_.path);
    return {};
  }

  Result<std::size_t> read(std::span<char> out, std::uint64_t offset) override {
    TIPPLE_CHECK(offset == at_, "text that comes once must be read in order");
    TIPPLE_TRY(const std::size_t got, stream_->read(out));
    at_ += got;
    return got;
  }
  bool random_access() const override { return false; }
  std::uint64_t bytes_taken() const override { return bottom_->bytes_taken(); }
  Status check_unchanged() const override { return file_->check_unchanged(); }
  // Offsets of the text are none of the file; the system reads ahead by itself.
  void will_need(std::uint64_t, std::uint64_t) const override {}

 private:
  // The member that was listed; of an archive that was listed as a file, the only one.
  Result<std::string> member_to_open(Compression compression) const {
    const ByteSourceFile& listed = file_->listed();
    if (compression != Compression::kZip)
      return environment_error("is not a zip archive any more", listed.path, "run the load again");
    if (!listed.member.empty()) return listed.member;
    TIPPLE_TRY(const std::vector<ZipMember> members, list_zip_members(listed.path));
    if (members.size() == 1) return members.front().name;
    return environment_error(fmt::format("is a zip archive of {} members whose name does not say so", members.size()),
                             listed.path, "give it a name that ends in .zip");
  }

  // A member that is compressed itself.
  Status decode_inner() {
    std::array<char, kDetectBytes> first;
    TIPPLE_TRY(const std::size_t got, stream_->read(first));
    const Compression inner = detect_compression(std::span(first).first(got));
    if (inner == Compression::kZip)
      return environment_error("is a zip archive within a zip archive", context_.path, "unpack the outer one");
    auto whole =
        std::make_unique<PrefixedStream>(std::vector<char>(first.begin(), first.begin() + got), std::move(stream_));
    if (inner == Compression::kNone) {
      stream_ = std::move(whole);
      return {};
    }
    TIPPLE_TRY(auto decoded, DecodeStream::make(std::move(whole), inner, context_));
    stream_ = std::make_unique<MeteredStream>(std::move(decoded), context_);
    return {};
  }

  // Bytes that were read to look at them, then the rest.
  class PrefixedStream final : public ByteStream {
   public:
    PrefixedStream(std::vector<char> prefix, std::unique_ptr<ByteStream> rest)
        : prefix_(std::move(prefix)), rest_(std::move(rest)) {}
    Result<std::size_t> read(std::span<char> out) override {
      const std::size_t count = std::min(out.size(), prefix_.size() - given_);
      std::copy_n(prefix_.data() + given_, count, out.data());
      given_ += count;
      if (count == out.size()) return count;
      TIPPLE_TRY(const std::size_t got, rest_->read(out.subspan(count)));
      return count + got;
    }
    std::uint64_t bytes_taken() const override { return rest_->bytes_taken(); }

   private:
    std::vector<char> prefix_;
    std::size_t given_ = 0;
    std::unique_ptr<ByteStream> rest_;
  };

  std::unique_ptr<InputFile> file_;
  DecodeContext context_;
  std::unique_ptr<ByteStream> stream_;
  const ByteStream* bottom_ = nullptr;  // the one of stream_'s chain that reads the file
  std::uint64_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_byte_source(const ByteSourceFile& file, const SourceSpec& source,
                                                     unsigned threads, std::uint64_t memory_bytes) {
  TIPPLE_TRY(auto input, InputFile::open(file));
  std::array<char, kDetectBytes> bytes;
  TIPPLE_TRY(const std::size_t got, input->read_at(bytes, 0));
  const std::span<const char> first = std::span(bytes).first(got);
  if (file.member.empty() && is_splittable(first, source))
    return std::unique_ptr<ByteSource>(std::make_unique<PlainSource>(std::move(input)));
  auto stream = std::make_unique<StreamSource>(std::move(input), source);
  TIPPLE_RETURN_IF_ERROR(stream->open(first, source, threads, memory_bytes));
  return std::unique_ptr<ByteSource>(std::move(stream));
}

bool is_splittable(std::span<const char> first, const SourceSpec& source) {
  // Columnar files are cut in the byte space of the file (formats/batch_source.h).
  if (source.format == SourceFormat::kParquet || source.format == SourceFormat::kHdf5 ||
      source.format == SourceFormat::kTable)
    return true;
  return is_passed_through(source) && detect_compression(first) == Compression::kNone;
}

}  // namespace tipple
