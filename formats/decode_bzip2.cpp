#include <algorithm>
#include <limits>

#include <bzlib.h>

#include "formats/decode_member.h"

namespace tipple {
namespace {

class Bzip2Decoder final : public MemberDecoder {
 public:
  Bzip2Decoder() = default;
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;
  ~Bzip2Decoder() override { end(); }

  Status begin_member() override {
    end();
    stream_ = {};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return environment_error("out of memory for bzip2's decoder");
    open_ = true;
    return {};
  }

  Status decode(std::span<const char> in, std::span<char> out, Step& step) override {
    constexpr std::size_t kMost = std::numeric_limits<unsigned>::max();
    const auto avail_in = static_cast<unsigned>(std::min(in.size(), kMost));
    const auto avail_out = static_cast<unsigned>(std::min(out.size(), kMost));
    stream_.next_in = const_cast<char*>(in.data());  // only read from
    stream_.avail_in = avail_in;
    stream_.next_out = out.data();
    stream_.avail_out = avail_out;
    const int code = BZ2_bzDecompress(&stream_);
    step = {avail_in - stream_.avail_in, avail_out - stream_.avail_out, code == BZ_STREAM_END};
    switch (code) {
      case BZ_OK:
      case BZ_STREAM_END:
        break;
      case BZ_DATA_ERROR:
        return environment_error("a checksum is wrong, or a block is invalid");
      case BZ_DATA_ERROR_MAGIC:
        return environment_error("what stands there is not a bzip2 header");
      case BZ_MEM_ERROR:
        return environment_error("out of memory for bzip2's decoder");
      default:
        return environment_error("bzip2's decoder failed");
    }
    return {};
  }

 private:
  void end() {
    if (open_) BZ2_bzDecompressEnd(&stream_);
    open_ = false;
  }

  bz_stream stream_{};
  bool open_ = false;
};

}  // namespace

Result<std::unique_ptr<MemberDecoder>> make_bzip2_decoder() {
  return std::unique_ptr<MemberDecoder>(std::make_unique<Bzip2Decoder>());
}

}  // namespace tipple
