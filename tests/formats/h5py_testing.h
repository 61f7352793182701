// Running Python with h5py from a test.
#pragma once

#include <arrow/io/file.h>
#include <arrow/ipc/api.h>

#include <string>

#include "tests/base/run_command.h"
#include "tests/formats/part_testing.h"

namespace tipple::testing_parts {

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
