// What the tests of columnar sources share: columns as a job declares them, sources read to the end, Python that writes
// files.
#pragma once

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "formats/batch_source.h"

namespace tipple::testing_batches {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / ("tipple-batches-" + random_id().to_hex())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// `type` as a job file has it, with a `?` at its end if nullable.
inline ColumnSpec column(const std::string& name, std::string type, const std::string& from = {}) {
  const bool nullable = type.back() == '?';
  if (nullable) type.pop_back();
  ColumnSpec spec;
  spec.column = {name, parse_data_type(type).value(), nullable};
  spec.from = from.empty() ? name : from;
  return spec;
}

inline BoundTable table(std::vector<ColumnSpec> columns) {
  BoundTable bound;
  bound.columns = std::move(columns);
  return bound;
}

struct Loaded {
  std::vector<Batch> batches;
  std::vector<Reject> rejects;
  std::uint64_t rows_in = 0;

  [[nodiscard]] Batch whole() const {
    return arrow::Table::FromRecordBatches(batches).ValueOrDie()->CombineChunksToBatch().ValueOrDie();
  }
};

// All rows of the file, in pieces of at most `rows_max` (row groups are cut from twice that on).
inline Result<Loaded> load(const BatchSource& source, const BoundTable& bound, std::uint64_t rows_max = 0) {
  TIPPLE_TRY(const auto converter, BatchConverter::make(*source.schema(), bound, "file"));
  Loaded loaded;
  for (const BatchStretch& stretch : source.stretches(0, ~std::uint64_t{0}, rows_max)) {
    TIPPLE_TRY(const Batch batch, source.read(stretch, converter->columns(), arrow::default_memory_pool()));
    TIPPLE_TRY(auto converted, converter->convert(*batch, stretch.first_row, "file", arrow::default_memory_pool()));
    const auto valid = converted.batch->ValidateFull();
    if (!valid.ok()) return environment_error(valid.ToString());
    EXPECT_EQ(converted.rows_in, static_cast<std::uint64_t>(converted.batch->num_rows()) + converted.rejects.size());
    loaded.rows_in += converted.rows_in;
    loaded.batches.push_back(std::move(converted.batch));
    for (Reject& reject : converted.rejects) loaded.rejects.push_back(std::move(reject));
  }
  return loaded;
}

inline Batch read_arrow_file(const std::string& path) {
  auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
  auto reader = arrow::ipc::RecordBatchFileReader::Open(file).ValueOrDie();
  return reader->ReadRecordBatch(0).ValueOrDie();
}

#ifdef TIPPLE_PYTHON
// Runs a script of this folder; its output if it failed, else nothing.
inline std::string run_python(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command = std::string(TIPPLE_PYTHON) + " " + TIPPLE_TESTS_FOLDER + "/" + script;
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), got);
  return ::pclose(pipe) == 0 ? std::string() : "failed: " + output;
}
#endif

}  // namespace tipple::testing_batches
