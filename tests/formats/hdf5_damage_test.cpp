// Damaged parts: the hash always tells; the reader answers with an Error or other values, and never crashes.
#include <sys/resource.h>

#include <chrono>
#include <csignal>

#include "tests/formats/part_testing.h"

#if defined(__SANITIZE_ADDRESS__)
// HDF5 does not give back object headers and cache entries of a file in which it met damage.
extern "C" int __lsan_is_turned_off() { return 1; }
#endif

namespace tipple {
namespace {

using namespace testing_parts;

constexpr int kFlipsPerCodec = 100;
constexpr int kFlipsOfMetadata = 400;

std::uint64_t fresh_seed() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void put_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Reads everything; what it says does not matter, that it returns does.
void read_all(const std::filesystem::path& path, int& errors) {
  if (!read_part(path).ok()) ++errors;
}

TEST(Hdf5Damage, FlippedBytesNeverCrashTheReader) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Schema schema = all_types_schema();
  const ScratchFolder folder;
  for (const Codec codec : {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone}) {
    const auto path = folder.path() / std::string(to_string(codec));
    ASSERT_TRUE(write_part(path, schema, codec, {random_batch(schema, 300, {random})}).ok());
    const Sha256 sha256 = hash_file(path).value().sha256;
    const std::string bytes = bytes_of(path);
    int errors = 0;
    for (int i = 0; i < kFlipsPerCodec; ++i) {
      std::string damaged = bytes;
      const std::size_t at = random() % bytes.size();
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
      put_bytes(path, damaged);
      ASSERT_NE(hash_file(path).value().sha256, sha256);
      read_all(path, errors);
    }
    EXPECT_GT(errors, 0);
  }
}

// A part of few rows is mostly HDF5's own structures.
TEST(Hdf5Damage, FlippedMetadataNeverCrashesTheReader) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Schema schema{{"n", type_of("int32"), true}, {"s", type_of("string"), true}, {"c", enum_of(3), false}};
  const ScratchFolder folder;
  const auto path = folder.path() / "p";
  ASSERT_TRUE(write_part(path, schema, Codec::kDeflate, {random_batch(schema, 4, {random})}).ok());
  const std::string bytes = bytes_of(path);
  int errors = 0;
  for (int i = 0; i < kFlipsOfMetadata; ++i) {
    std::string damaged = bytes;
    const std::size_t at = random() % bytes.size();
    damaged[at] = static_cast<char>(random());
    put_bytes(path, damaged);
    read_all(path, errors);
  }
  EXPECT_GT(errors, 0);
}

TEST(Hdf5Damage, TruncationIsAnErrorAtEveryLength) {
  std::mt19937_64 random(1);
  const Schema schema = all_types_schema();
  const ScratchFolder folder;
  const auto path = folder.path() / "p";
  ASSERT_TRUE(write_part(path, schema, Codec::kDeflate, {random_batch(schema, 300, {random})}).ok());
  const std::string bytes = bytes_of(path);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + random() % 1'500) {
    put_bytes(path, bytes.substr(0, size));
    EXPECT_FALSE(read_part(path).ok()) << size;
  }
}

// A file size limit makes writes fail as a full disk does.
TEST(Hdf5Damage, AFailedWriteIsAnErrorAndThePartGoes) {
  std::mt19937_64 random(1);
  const Schema schema{{"n", type_of("uint64"), false}};
  const Batch batch = random_batch(schema, 200'000, {random});
  const ScratchFolder folder;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t limit : {0, 600, 100'000, 1'000'000}) {
    const rlimit small{limit, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto path = folder.path() / ("p" + std::to_string(limit));
    const Status status = write_part(path, schema, Codec::kNone, {batch});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(status.ok()) << limit;
    EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
    EXPECT_NE(status.error().what.find("HDF5:"), std::string::npos) << status.error().to_string();
    EXPECT_FALSE(std::filesystem::exists(path)) << limit;
  }
  std::signal(SIGXFSZ, previous);
  // The library still works.
  ASSERT_TRUE(write_part(folder.path() / "good", schema, Codec::kNone, {batch}).ok());
  EXPECT_TRUE(read_part(folder.path() / "good").ok());
}

}  // namespace
}  // namespace tipple
