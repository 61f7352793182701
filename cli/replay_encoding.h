// Text back into the encoding that its source has: the inverse of formats/text_encoding.h. Pure.
#pragma once

#include <string>
#include <string_view>

#include "jobs/job_spec.h"

namespace tipple {

struct EncodedText {
  std::string bytes;
  // Some of the text's bytes stand for ones that the encoding does not allow (FF, or U+FFFD where they were replaced).
  // What was there is not known any more; in its place stands another sequence that the encoding does not allow either.
  bool lossy = false;
};
// `text`: as a ByteSource of `source` gives it, without byte order mark. kUtf16 is written with the low byte first.
[[nodiscard]] EncodedText encode_text(std::string_view text, const SourceSpec& source);

// What a ByteSource of `source` makes of these bytes, which begin and end with whole characters and have no byte order
// mark.
[[nodiscard]] std::string decode_text(std::string_view bytes, const SourceSpec& source);

// What a file of the source must begin with: the byte order mark of kUtf16, nothing otherwise.
[[nodiscard]] std::string_view byte_order_mark(const SourceSpec& source);

}  // namespace tipple
