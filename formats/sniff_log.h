// Is a text a log that many programs write? Told from a sample, by patterns of well-known logs.
//
// Pure: a function of the sample.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tipple {

struct SniffedLog {
  std::string pattern;   // for SourceSpec::pattern
  std::string evidence;  // one line
};

// `sample`: whole lines. Nothing: too few lines match any of the patterns.
[[nodiscard]] std::optional<SniffedLog> sniff_log(std::string_view sample);

}  // namespace tipple
