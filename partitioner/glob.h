// File patterns: *, ?, [..], and ** for any number of folders. Expanding one lists folders, once each, and stats only
// its matches.
//
// Thread rule: free functions, no shared state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tipple {

// Whether `name` (no '/') matches `pattern`: * any bytes, ? one UTF-8 character, [a-z], [!a-z] or [^a-z] one byte in or
// out of a set, \x the character x itself. A name that begins with '.' or '_' only matches a pattern that begins with
// that character.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view name);

[[nodiscard]] bool has_wildcard(std::string_view pattern);

// A file that a pattern names.
struct FoundFile {
  std::string path;  // as the pattern reaches it, absolute
  std::string
      identity;  // with symbolic links resolved: equal for two names of one file (hard links are files of their own)
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};

struct GlobResult {
  std::vector<FoundFile> files;  // in no particular order; none twice for one pattern
  std::vector<Error> errors;     // files that cannot be read, folders that cannot be listed
};

// `pattern` must be absolute. A path without wildcards is that file, or the files of that folder (not of folders in
// it). A path that exists as it is written is taken literally, whatever characters it has. Nothing found and no errors:
// no match.
[[nodiscard]] GlobResult expand_pattern(const std::string& pattern);

}  // namespace tipple
