// h5py, which knows nothing of Tipple, reads every column type; and the worked example of docs/format-hdf5.md runs as
// printed.
#include "tests/formats/h5py_testing.h"

namespace tipple {
namespace {

using namespace testing_parts;

TEST(H5py, ReadsEveryColumnType) {
  std::mt19937_64 random(99);
  const Schema schema = all_types_schema();
  const ScratchFolder folder;
  for (const Codec codec : {Codec::kDeflate, Codec::kNone}) {
    for (const std::int64_t rows : {10, 70'000}) {
      const auto path = folder.path() / ("part-" + std::string(to_string(codec)) + std::to_string(rows) + ".h5");
      const Batch batch = random_batch(schema, rows, {random});
      ASSERT_TRUE(write_part(path, schema, codec, {batch}).ok());
      expect_h5py_reads(path, batch);
    }
  }
}

TEST(H5py, ReadsPartsWithoutRowsAndWithoutNulls) {
  std::mt19937_64 random(98);
  const Schema schema = all_types_schema();
  const ScratchFolder folder;
  ASSERT_TRUE(write_part(folder.path() / "empty.h5", schema, Codec::kDeflate, {}).ok());
  expect_h5py_reads(folder.path() / "empty.h5", random_batch(schema, 0, {random}));
  const Batch full = random_batch(schema, 1'000, {random, 0.0});
  ASSERT_TRUE(write_part(folder.path() / "full.h5", schema, Codec::kDeflate, {full}).ok());
  expect_h5py_reads(folder.path() / "full.h5", full);
}

// The text between the first ```LANGUAGE fence after `heading` and its end.
std::string fenced(const std::string& text, const std::string& heading, const std::string& language) {
  const std::size_t section = text.find(heading);
  const std::string fence = "```" + language + "\n";
  const std::size_t begin = text.find(fence, section);
  if (section == std::string::npos || begin == std::string::npos) return {};
  const std::size_t end = text.find("```", begin + fence.size());
  return text.substr(begin + fence.size(), end - begin - fence.size());
}

TEST(H5py, TheWorkedExampleRunsAsPrinted) {
  const Schema schema{{"flight", type_of("int32"), false},
                      {"carrier", type_of("string(2)"), false},
                      {"delay", type_of("int16"), true},
                      {"note", type_of("string"), false},
                      {"fare", type_of("decimal(6,2)"), false}};
  arrow::Int32Builder flights;
  arrow::StringBuilder carriers, notes;
  arrow::Int16Builder delays;
  arrow::Decimal128Builder fares(arrow::decimal128(6, 2));
  ASSERT_TRUE(flights.AppendValues({1545, 1714, 725}).ok());
  ASSERT_TRUE(carriers.AppendValues({"UA", "UA", "B6"}).ok());
  ASSERT_TRUE(delays.Append(11).ok() && delays.AppendNull().ok() && delays.Append(-18).ok());
  ASSERT_TRUE(notes.AppendValues({"late", "", "früh"}).ok());
  ASSERT_TRUE(fares.Append(arrow::Decimal128(12950)).ok() && fares.Append(arrow::Decimal128(8000)).ok() &&
              fares.Append(arrow::Decimal128(-500)).ok());
  const auto batch = arrow::RecordBatch::Make(
      arrow_schema(schema), 3,
      {flights.Finish().ValueOrDie(), carriers.Finish().ValueOrDie(), delays.Finish().ValueOrDie(),
       notes.Finish().ValueOrDie(), fares.Finish().ValueOrDie()});
  const ScratchFolder folder;
  ASSERT_TRUE(write_part(folder.path() / "part.h5", schema, Codec::kDeflate, {batch}).ok());
  const std::string document = bytes_of(std::filesystem::path(TIPPLE_DOCS_FOLDER) / "format-hdf5.md");
  const std::string program = fenced(document, "## A worked example", "python");
  ASSERT_FALSE(program.empty());
  std::ofstream(folder.path() / "example.py") << program;
  const auto [status, output] = run_command("cd '" + folder.path().string() + "' && " + TIPPLE_PYTHON + " example.py");
  EXPECT_EQ(status, 0);
  EXPECT_EQ(output, fenced(document, "## A worked example", "text"));
}

}  // namespace
}  // namespace tipple
