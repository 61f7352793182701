// Zip archives through libzip: their members' names, and one member's bytes.
//
// list_zip_members is declared in formats/byte_source.h.
// Owner: one ByteSource. Thread rule: one thread at a time; two streams of one archive share nothing.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/decode_stream.h"

namespace tipple {

// The member `name` of the archive `path`. Its length and checksum are compared when its end is read.
// Errors: not an archive, no such member, encrypted, a method that libzip does not know.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> open_zip_member(const std::string& path, const std::string& name);

}  // namespace tipple
