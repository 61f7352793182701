// What the program prints: results on stdout, everything else on stderr.
//
// Thread rule: one thread prints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace tipple {

using Json = nlohmann::ordered_json;

// Writes to stdout and flushes; a closed or full stdout is an environment error.
[[nodiscard]] Status print_text(std::string_view text);
// One document, indented, with a final newline. Text that is not UTF-8 is shown with replacement characters.
[[nodiscard]] Status print_json(const Json& document);
// On one line: one of many documents.
[[nodiscard]] Status print_json_line(const Json& document);
[[nodiscard]] std::string json_text(const Json& document, int indent);

// "tipple: where: what" and the hint on a line of its own, on stderr.
void print_error(const Error& error);
// {"outcome": "failed", "error": {"kind", "exit_code", "where", "what", "hint"}}
[[nodiscard]] Json error_json(const Error& error);

// Columns padded to their widest cell; a column whose first cell begins with '>' is right-aligned (the '>' is dropped).
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows);

[[nodiscard]] std::string count_text(std::uint64_t count);       // 1,234,567
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);       // 1.21 GiB
[[nodiscard]] std::string seconds_text(double seconds);          // 0.42 s, 3 min 20 s, 2 h 05 min
[[nodiscard]] std::string time_text(std::int64_t milliseconds);  // 2025-11-21 12:31:20 UTC

}  // namespace tipple
