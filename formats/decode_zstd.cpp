#include <zstd.h>
#include <zstd_errors.h>

#include "formats/decode_member.h"

namespace tipple {
namespace {

// A frame that asks for a longer window is refused: 2^27 bytes, kDecoderMemoryBytesMax.
constexpr int kWindowLogMax = 27;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdDecoder final : public MemberDecoder {
 public:
  explicit ZstdDecoder(std::unique_ptr<ZSTD_DCtx, FreeContext> context) : context_(std::move(context)) {}

  Status begin_member() override {
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    return {};
  }

  // Skippable frames, and with them seek tables, are members without data.
  Status decode(std::span<const char> in, std::span<char> out, Step& step) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input);
    step = {input.pos, output.pos, left == 0};
    if (ZSTD_isError(left) != 0) {
      switch (ZSTD_getErrorCode(left)) {
        case ZSTD_error_prefix_unknown:
          return environment_error("what stands there is not a zstd frame");
        case ZSTD_error_checksum_wrong:
          return environment_error("the data's checksum is wrong");
        case ZSTD_error_frameParameter_windowTooLarge:
          return environment_error("its window is longer than 128 MiB", "",
                                   "compress it again with '--long=27' at most");
        case ZSTD_error_dictionary_wrong:
          return environment_error("it was compressed with a dictionary", "", "compress it again without one");
        // Reported after calls that could not go on, which is the caller's to judge.
        case ZSTD_error_dstSize_tooSmall:
        case ZSTD_error_srcSize_wrong:
          return {};
        default:
          return environment_error(std::string("zstd says: ") + ZSTD_getErrorName(left));
      }
    }
    return {};
  }

 private:
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
};

}  // namespace

Result<std::unique_ptr<MemberDecoder>> make_zstd_decoder() {
  std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (!context) return environment_error("out of memory for the zstd decoder");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  return std::unique_ptr<MemberDecoder>(std::make_unique<ZstdDecoder>(std::move(context)));
}

}  // namespace tipple
