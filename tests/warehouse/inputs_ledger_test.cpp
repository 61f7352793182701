#include "warehouse/inputs_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <fstream>

#include "base/file.h"
#include "base/ids.h"

namespace tipple {
namespace {

class InputsLedger : public testing::Test {
 protected:
  InputsLedger() : folder_(fs::path(testing::TempDir()) / ("ledger-" + random_id().to_hex())) {}
  ~InputsLedger() override { fs::remove_all(folder_); }

  Result<std::vector<LedgerInput>> read(const std::string& text) {
    std::string bytes(ZSTD_compressBound(text.size()), '\0');
    bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), 1));
    return read_bytes(bytes);
  }
  Result<std::vector<LedgerInput>> read_bytes(const std::string& bytes) {
    const Warehouse warehouse = Warehouse::open(folder_, true).value();
    const fs::path path = warehouse.inputs_path("t", load_);
    EXPECT_TRUE(create_folders(path.parent_path()).ok());
    EXPECT_TRUE(write_file_synced(path, bytes).ok());
    return load_inputs(warehouse, "t", load_);
  }

  const fs::path folder_;
  const LoadId load_{1, 2};
};

TEST_F(InputsLedger, NamesEachFile) {
  const auto inputs = read(R"({"source":"s","path":"/a","size":5,"mtime_ns":-7})"
                           "\n"
                           R"({"source":"s","path":"?","path_hex":"2fff","member":"m","size":6,"mtime_ns":8})"
                           "\n");
  ASSERT_TRUE(inputs.ok()) << inputs.error().to_string();
  ASSERT_EQ(inputs->size(), 2U);
  EXPECT_EQ((*inputs)[0].path, "/a");
  EXPECT_EQ((*inputs)[0].mtime_ns, -7);
  EXPECT_EQ((*inputs)[1].path, "/\xFF");
  EXPECT_EQ((*inputs)[1].member, "m");
}

TEST_F(InputsLedger, DamageIsAnErrorThatNamesTheFile) {
  for (const char* line : {"7", "{}", R"({"source":1,"path":"/a","size":5,"mtime_ns":1})",
                           R"({"source":"s","path":"/a","size":"x","mtime_ns":1})",
                           R"({"source":"s","path":"/a","path_hex":"2g","size":5,"mtime_ns":1})", R"({"source":"s")"}) {
    const auto inputs = read(std::string(line) + "\n");
    ASSERT_FALSE(inputs.ok()) << line;
    EXPECT_THAT(inputs.error().to_string(), testing::HasSubstr(load_.to_hex())) << line;
  }
  EXPECT_FALSE(read_bytes("not compressed").ok());
  EXPECT_TRUE(read("")->empty());
}

}  // namespace
}  // namespace tipple
