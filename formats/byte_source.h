// ByteSource: the text of one input file, decompressed and turned into UTF-8, as one run of bytes.
//
// Owner: one reader. Thread rule: one thread at a time; sources that have random access may be read by several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

enum class Compression : std::uint8_t { kNone, kGzip, kBgzip, kBzip2, kXz, kZstd, kLz4, kZip };
[[nodiscard]] std::string_view to_string(Compression compression);

// By content, never by name. `first`: the file's first bytes, at most 64 are looked at.
[[nodiscard]] Compression detect_compression(std::span<const char> first);

// Which file, as it was listed.
struct ByteSourceFile {
  std::string path;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::string member;  // of a zip archive; empty: the file itself
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills `out` from `offset` of the text; fewer bytes only at the text's end. Without random access offsets must
  // follow one another. Errors: kEnvironment, with what is wrong and the offset in the file: it changed since it was
  // listed, ends too early, is damaged, is a decompression bomb; bytes that are invalid in the source's encoding under
  // on_invalid: fail.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> out, std::uint64_t offset) = 0;
  [[nodiscard]] virtual bool random_access() const = 0;
  // Bytes taken from the file so far (compressed ones).
  [[nodiscard]] virtual std::uint64_t bytes_taken() const = 0;
  // Still the file that was listed? An error that begins with "changed while it was being loaded" if not.
  [[nodiscard]] virtual Status check_unchanged() const = 0;
  // Tells the system what will be read next; advice only.
  virtual void will_need(std::uint64_t offset, std::uint64_t bytes) const = 0;
};

// `threads`: how many may decompress members of one file at a time. Memory: at most `memory_bytes` for what is
// decompressed ahead.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_byte_source(const ByteSourceFile& file, const SourceSpec& source,
                                                                   unsigned threads, std::uint64_t memory_bytes);

// Can a file of this source with these first bytes be cut anywhere (bytes of the file are bytes of the text)?
[[nodiscard]] bool is_splittable(std::span<const char> first, const SourceSpec& source);

// Members of a zip archive that are files, by name, with their compressed sizes. Errors: kEnvironment; names that leave
// the archive.
struct ZipMember {
  std::string name;
  std::uint64_t compressed_bytes = 0;
};
[[nodiscard]] Result<std::vector<ZipMember>> list_zip_members(const std::string& path);

}  // namespace tipple
