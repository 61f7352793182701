// Running a shell command from a test.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace tipple {

// Exit status, and what it printed on both streams.
inline std::pair<int, std::string> run_command(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), got);
  return {::pclose(pipe), output};
}

}  // namespace tipple
