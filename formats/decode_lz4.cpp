#include <string>

#include <lz4frame.h>

#include "formats/decode_member.h"

namespace tipple {
namespace {

struct FreeContext {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

class Lz4Decoder final : public MemberDecoder {
 public:
  explicit Lz4Decoder(std::unique_ptr<LZ4F_dctx, FreeContext> context) : context_(std::move(context)) {}

  Status begin_member() override {
    LZ4F_resetDecompressionContext(context_.get());
    return {};
  }

  // Skippable frames are members without data.
  Status decode(std::span<const char> in, std::span<char> out, Step& step) override {
    std::size_t taken = in.size();
    std::size_t made = out.size();
    const std::size_t left = LZ4F_decompress(context_.get(), out.data(), &made, in.data(), &taken, nullptr);
    if (LZ4F_isError(left) != 0) {
      const std::string name = LZ4F_getErrorName(left);
      if (name != "ERROR_frameType_unknown") return environment_error("lz4 says: " + name);
      return environment_error("what stands there is not an lz4 frame", "",
                               "a file in lz4's legacy format must be compressed again, without 'lz4 -l'");
    }
    step = {taken, made, left == 0};
    return {};
  }

 private:
  std::unique_ptr<LZ4F_dctx, FreeContext> context_;
};

}  // namespace

Result<std::unique_ptr<MemberDecoder>> make_lz4_decoder() {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
    return environment_error("out of memory for the lz4 decoder");
  }
  return std::unique_ptr<MemberDecoder>(std::make_unique<Lz4Decoder>(std::unique_ptr<LZ4F_dctx, FreeContext>(context)));
}

}  // namespace tipple
