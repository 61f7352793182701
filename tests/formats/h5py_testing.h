// Running Python with h5py from a test.
#pragma once

#include <arrow/io/file.h>
#include <arrow/ipc/api.h>

#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "tests/formats/part_testing.h"

namespace tipple::testing_parts {

// Exit status, and what it printed on both streams.
inline std::pair<int, std::string> run_command(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), got);
  return {::pclose(pipe), output};
}

inline void write_arrow_file(const std::filesystem::path& path, const Batch& batch) {
  auto sink = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
  auto writer = arrow::ipc::MakeFileWriter(sink, batch->schema()).ValueOrDie();
  ASSERT_TRUE(writer->WriteRecordBatch(*batch).ok());
  ASSERT_TRUE(writer->Close().ok());
  ASSERT_TRUE(sink->Close().ok());
}

// h5py_reads_parts.py over `part` and the rows it should hold.
inline void expect_h5py_reads(const std::filesystem::path& part, const Batch& rows) {
  const std::filesystem::path expected = part.parent_path() / ("expected-" + random_id().to_hex() + ".arrow");
  write_arrow_file(expected, rows);
  const auto [status, output] = run_command(std::string(TIPPLE_PYTHON) + " " + TIPPLE_TESTS_FOLDER +
                                            "/h5py_reads_parts.py '" + part.string() + "' '" + expected.string() + "'");
  EXPECT_EQ(status, 0) << output;
  std::filesystem::remove(expected);
}

}  // namespace tipple::testing_parts
