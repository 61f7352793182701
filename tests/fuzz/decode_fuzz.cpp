// Decoders and text encodings over any bytes: no crash, bounded output, and the same outcome for every read size and
// number of threads. The first byte chooses: a compression by its low bits, an encoding and what becomes of invalid
// bytes by its high ones.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "formats/decode_parallel.h"
#include "formats/decode_pieces.h"
#include "formats/text_encoding.h"

namespace {

using namespace tipple;

constexpr Compression kCompressions[] = {Compression::kGzip, Compression::kBgzip, Compression::kBzip2,
                                         Compression::kXz,   Compression::kZstd,  Compression::kLz4};
constexpr Encoding kEncodings[] = {Encoding::kUtf8,    Encoding::kUtf16,  Encoding::kUtf16Le,
                                   Encoding::kUtf16Be, Encoding::kLatin1, Encoding::kWindows1252};

class FuzzFile final : public FileBytes {
 public:
  explicit FuzzFile(std::span<const char> bytes) : bytes_(bytes) {}
  Result<std::size_t> read_at(std::span<char> out, std::uint64_t offset) const override {
    const std::size_t count = offset < bytes_.size() ? std::min<std::size_t>(out.size(), bytes_.size() - offset) : 0;
    std::copy_n(bytes_.data() + (count > 0 ? offset : 0), count, out.data());
    return count;
  }
  std::uint64_t size() const override { return bytes_.size(); }

 private:
  std::span<const char> bytes_;
};

struct Outcome {
  std::string text;
  bool ok = true;
};

Outcome drain(ByteStream& stream, std::size_t read_bytes) {
  Outcome outcome;
  std::vector<char> buffer(read_bytes);
  while (true) {
    const auto got = stream.read(buffer);
    if (!got.ok()) return {"", false};
    outcome.text.append(buffer.data(), *got);
    if (*got < read_bytes) return outcome;
  }
}

Outcome decode(const FuzzFile& file, Compression compression, const DecodeContext& context, const SourceSpec& source,
               std::size_t read_bytes) {
  auto decoded = DecodeStream::make(std::make_unique<FileStream>(file), compression, context);
  TIPPLE_CHECK(decoded.ok(), "a decoder cannot be made");
  auto metered = std::make_unique<MeteredStream>(std::move(decoded).value(), context);
  TranscodeStream text(std::move(metered), source, context.path);
  return drain(text, read_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Compression compression = kCompressions[(data[0] & 7) % std::size(kCompressions)];
  const unsigned high = data[0] >> 3;
  SourceSpec source;
  source.encoding = kEncodings[high % std::size(kEncodings)];
  source.on_invalid = static_cast<OnInvalid>(high / std::size(kEncodings) % 3);
  source.decompression.bytes_max = 4 * limits::kMiB;
  const DecodeContext context{"file", "source", source.decompression};
  const std::span<const char> bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const FuzzFile file(bytes);
  (void)detect_compression(bytes.first(std::min<std::size_t>(bytes.size(), 64)));

  const Outcome whole = decode(file, compression, context, source, 1 << 20);
  TIPPLE_CHECK(whole.text.size() <= kUtf8GrowthMax * source.decompression.bytes_max, "more came out than may");
  const Outcome pieces = decode(file, compression, context, source, 61);
  TIPPLE_CHECK(whole.ok == pieces.ok && whole.text == pieces.text, "the read size matters");
  constexpr std::uint64_t kMemory = 8 * limits::kMiB;
  if (ParallelDecode::is_worth_it(file, compression, 2, kMemory)) {
    auto parallel = std::make_unique<ParallelDecode>(file, compression, context, 2, kMemory);
    TranscodeStream text(std::make_unique<MeteredStream>(std::move(parallel), context), source, context.path);
    const Outcome threads = drain(text, 1 << 20);
    TIPPLE_CHECK(whole.ok == threads.ok && whole.text == threads.text, "the number of threads matters");
  }
  const auto piece = has_pieces(compression) ? find_piece(compression, bytes, 100, true) : std::nullopt;
  TIPPLE_CHECK(!piece || (*piece > 0 && *piece <= bytes.size()), "a piece that is not there");
  return 0;
}
