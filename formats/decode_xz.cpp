// xz over liblzma's single-threaded decoder: the threaded one of the versions in the field can be made to use freed
// memory by a hostile file (CVE-2025-31115).
#include <lzma.h>

#include "formats/decode_member.h"

namespace tipple {
namespace {

class XzDecoder final : public MemberDecoder {
 public:
  XzDecoder() = default;
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;
  ~XzDecoder() override { lzma_end(&stream_); }

  Status begin_member() override {
    // Initialising again reuses the memory.
    if (lzma_stream_decoder(&stream_, kDecoderMemoryBytesMax, LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK) {
      return environment_error("out of memory for the xz decoder");
    }
    return {};
  }

  Status decode(std::span<const char> in, std::span<char> out, Step& step) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    step = {in.size() - stream_.avail_in, out.size() - stream_.avail_out, code == LZMA_STREAM_END};
    // LZMA_BUF_ERROR: no progress twice in a row. That is the caller's to judge.
    if (code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR) return {};
    return error_of(code);
  }

 private:
  static Error error_of(lzma_ret code) {
    if (code == LZMA_FORMAT_ERROR) return environment_error("what stands there is not an xz header");
    if (code == LZMA_DATA_ERROR) return environment_error("a checksum is wrong, or a block is invalid");
    if (code == LZMA_MEM_ERROR) return environment_error("out of memory for the xz decoder");
    if (code == LZMA_UNSUPPORTED_CHECK) return environment_error("it has a kind of checksum that is not supported");
    if (code == LZMA_OPTIONS_ERROR) return environment_error("it has options that are not supported");
    if (code == LZMA_MEMLIMIT_ERROR) {
      return environment_error("its dictionary needs more than 128 MiB of memory", "",
                               "compress it again with 'xz -9' at most");
    }
    return environment_error("the xz decoder failed");
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

Result<std::unique_ptr<MemberDecoder>> make_xz_decoder() {
  return std::unique_ptr<MemberDecoder>(std::make_unique<XzDecoder>());
}

}  // namespace tipple
