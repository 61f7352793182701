// Foreign files in a child process first: damage of every kind is an Error that names the file, and never the end of
// this process.
//
// This program is its own child: main() below begins as the real one does.
#include "formats/probe_child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "formats/parquet_source.h"
#include "tests/base/test_seed.h"
#include "tests/formats/batch_testing.h"

namespace tipple {
namespace {

using testing::HasSubstr;
using testing_batches::Folder;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void write_parquet(const std::string& path, std::int64_t rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (std::int64_t i = 0; i < rows; ++i) {
    ASSERT_TRUE(numbers.Append(i).ok());
    ASSERT_TRUE(texts.Append("text " + std::to_string(i)).ok());
  }
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())}),
                         {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 100).ok());
  ASSERT_TRUE(sink->Close().ok());
}

TEST(ProbeChild, AGoodFileIsGood) {
  const Folder folder;
  write_parquet(folder.file("good.parquet"), 1000);
  const Status status = probe_file({SourceFormat::kParquet, folder.file("good.parquet"), {}, {}});
  EXPECT_TRUE(status.ok()) << status.error().to_string();
}

TEST(ProbeChild, WhatTheChildFindsIsSaidAsIfThisProcessHadFoundIt) {
  const Folder folder;
  put_bytes(folder.file("text.parquet"), "this is no Parquet file, whatever its name says");
  const Status parquet = probe_file({SourceFormat::kParquet, folder.file("text.parquet"), {}, {}});
  ASSERT_FALSE(parquet.ok());
  EXPECT_EQ(parquet.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(parquet.error().where, folder.file("text.parquet"));
  put_bytes(folder.file("text.h5"), "nor is this HDF5");
  const Status hdf5 = probe_file({SourceFormat::kHdf5, folder.file("text.h5"), "/", {}});
  ASSERT_FALSE(hdf5.ok());
  EXPECT_THAT(hdf5.error().to_string(), HasSubstr("text.h5"));
  EXPECT_FALSE(probe_file({SourceFormat::kParquet, folder.file("absent.parquet"), {}, {}}).ok());
}

// Programs that stand in for a child that a file has made crash, hang or grow.
std::string stand_in(const Folder& folder, const std::string& name, const std::string& script) {
  const std::string path = folder.file(name);
  put_bytes(path, "#!/bin/sh\n" + script + "\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

class ProgramOf {
 public:
  explicit ProgramOf(const std::string& path) { set_probe_program(path); }
  ~ProgramOf() { set_probe_program("/proc/self/exe"); }
};

TEST(ProbeChild, ACrashIsAnErrorWithFileAndSignal) {
  const Folder folder;
  write_parquet(folder.file("crash.parquet"), 10);
  const ProgramOf crashing(stand_in(folder, "crash.sh", "kill -SEGV $$"));
  const Status status = probe_file({SourceFormat::kParquet, folder.file("crash.parquet"), {}, {}});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(status.error().where, folder.file("crash.parquet"));
  EXPECT_THAT(status.error().what, HasSubstr("signal 11"));
}

TEST(ProbeChild, TooMuchProcessorTimeAndTooMuchTimeAreSaid) {
  const Folder folder;
  write_parquet(folder.file("busy.parquet"), 10);
  write_parquet(folder.file("asleep.parquet"), 10);
  {
    const ProgramOf busy(stand_in(folder, "busy.sh", "kill -XCPU $$"));
    const Status status = probe_file({SourceFormat::kParquet, folder.file("busy.parquet"), {}, {}});
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().what, HasSubstr("60 s of processor time"));
  }
  const ProgramOf asleep(stand_in(folder, "asleep.sh", "exec sleep 1000"));
  ProbeLimits limits;
  limits.wall_seconds = 1;
  const Status status = probe_file({SourceFormat::kParquet, folder.file("asleep.parquet"), {}, {}}, limits);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().what, HasSubstr("within 1 s"));
}

TEST(ProbeChild, AFileIsProbedOnceUntilItChanges) {
  const Folder folder;
  const std::string path = folder.file("once.parquet");
  write_parquet(path, 10);
  const std::string runs = folder.file("runs");
  const ProgramOf counting(stand_in(folder, "count.sh", "echo run >> '" + runs + "'; printf good"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(probe_file({SourceFormat::kParquet, path, {}, {}}).ok());
  EXPECT_EQ(bytes_of(runs), "run\n");
  write_parquet(path, 11);
  EXPECT_TRUE(probe_file({SourceFormat::kParquet, path, {}, {}}).ok());
  EXPECT_EQ(bytes_of(runs), "run\nrun\n");
}

TEST(ProbeChild, TheChildHasNoMoreMemoryThanItIsGiven) {
  if (!kProbeLimitsAddressSpace) GTEST_SKIP() << "sanitizers need their address space";
  const Folder folder;
  write_parquet(folder.file("large.parquet"), 1000);
  ProbeLimits limits;
  limits.address_space_bytes = 1 << 20;  // less than the program itself takes: nothing can be allocated
  const Status status = probe_file({SourceFormat::kParquet, folder.file("large.parquet"), {}, {}}, limits);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(status.error().where, folder.file("large.parquet"));
}

// `count` copies of the file at `path`, one bit of each changed, opened and read to the end: 0 unless that crashes. A
// changed footer can be a good one that says something else; what is read must then still be whole.
int read_flipped(const std::string& path, std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  const std::string bytes = bytes_of(path);
  const std::string copy = path + ".flipped";
  for (int i = 0; i < count; ++i) {
    std::string changed = bytes;
    const std::size_t at = random() % changed.size();
    changed[at] = static_cast<char>(changed[at] ^ (1U << (random() % 8)));
    put_bytes(copy, changed);
    const auto source = open_parquet_source(copy);
    if (!source.ok()) continue;
    std::vector<int> columns;
    for (int c = 0; c < (*source)->schema()->num_fields(); ++c) columns.push_back(c);
    for (const BatchStretch& stretch : (*source)->stretches(0, ~std::uint64_t{0}, 40)) {
      const auto batch = (*source)->read(stretch, columns, arrow::default_memory_pool());
      if (batch.ok() && ((*batch)->num_rows() != static_cast<std::int64_t>(stretch.rows) || !(*batch)->Validate().ok()))
        return 1;
      if (!batch.ok() && batch.error().where != copy) return 2;
    }
  }
  return 0;
}

TEST(ProbeChild, TwoThousandFlippedBitsCrashNoReader) {
  const Folder folder;
  const std::string path = folder.file("good.parquet");
  write_parquet(path, 300);
  // In a process of its own with the limits of a probe, so that a crash is this test's failure and not its end.
  const std::string limit = kProbeLimitsAddressSpace ? "ulimit -v 4000000; " : "";
  const std::string command = limit + "exec /proc/" + std::to_string(::getpid()) + "/exe --flip '" + path + "' " +
                              std::to_string(test_seed()) + " 2000";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

// Any bit of the metadata: the child says good or says what is wrong, or dies and this process says so.
TEST(ProbeChild, FlippedBitsNeverReachThisProcess) {
  constexpr int kFlips = 60;
  const Folder folder;
  const std::string good = folder.file("good.parquet");
  write_parquet(good, 300);
  const std::string bytes = bytes_of(good);
  std::uint32_t footer_bytes = 0;
  std::memcpy(&footer_bytes, bytes.data() + bytes.size() - 8, sizeof(footer_bytes));
  std::mt19937_64 random(test_seed());
  int errors = 0;
  for (int i = 0; i < kFlips; ++i) {
    std::string changed = bytes;
    const std::size_t at = changed.size() - 1 - random() % (footer_bytes + 8);
    changed[at] = static_cast<char>(changed[at] ^ (1U << (random() % 8)));
    const std::string path = folder.file("flip" + std::to_string(i) + ".parquet");
    put_bytes(path, changed);
    const Status status = probe_file({SourceFormat::kParquet, path, {}, {}});
    if (status.ok()) continue;
    ++errors;
    EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment) << status.error().to_string();
    EXPECT_EQ(status.error().where, path);
    EXPECT_FALSE(status.error().what.empty());
  }
  EXPECT_GT(errors, 0);
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  if (const auto probed = tipple::run_probe(argc, argv)) return *probed;
  if (argc == 5 && std::strcmp(argv[1], "--flip") == 0) {
    return tipple::read_flipped(argv[2], std::strtoull(argv[3], nullptr, 10), std::atoi(argv[4]));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
