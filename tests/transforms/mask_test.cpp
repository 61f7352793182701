// mask and encrypt: known answers, keys, what stays the same.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "tests/transforms/pipeline_harness.h"
#include "transforms/column_cipher.h"
#include "transforms/mask_hmac.h"

namespace tipple {
namespace {

using namespace pipeline_test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

// A variable that only this test knows.
class MaskTest : public testing::Test {
 protected:
  MaskTest() { ::setenv(variable.c_str(), kKey, 1); }
  ~MaskTest() override { ::unsetenv(variable.c_str()); }

  [[nodiscard]] SecretRef key() const { return {SecretRef::Kind::kEnv, variable}; }
  [[nodiscard]] MaskStep mask(const std::string& name, MaskStep::How how) const {
    MaskStep step;
    step.columns = {name};
    step.how = how;
    if (how == MaskStep::How::kHmac || how == MaskStep::How::kDateShift) step.key = key();
    return step;
  }

  const std::string variable = "TIPPLE_TEST_KEY_" + random_id().to_hex();
};

TEST_F(MaskTest, HmacGivesTheDigestsOfEveryoneElse) {
  const Harness harness({column("a", "string"), column("n", "int32")},
                        {mask("a", MaskStep::How::kHmac), mask("n", MaskStep::How::kHmac)});
  const PipelineOutput output = harness.run({{"alice", "42"}, {kNull, kNull}, {"alice", "42"}, {"", "0"}});
  // printf alice | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  EXPECT_THAT(harness.rows_of(output), testing::SizeIs(4));
  const TextView a(*output.batch->column(0));
  EXPECT_EQ(a[0], "433deb45467e4e53dbaba594c88bc3a200f705a2150788c3d11e6040e63e8510");
  EXPECT_EQ(a[0], a[2]);
  EXPECT_EQ(a[3], "796cd3078af14636753d26b3b5555422ff55a3e261cf847b48e95371b9bd0aa2");
  EXPECT_TRUE(a.is_null(1));
  EXPECT_EQ(TextView(*output.batch->column(1))[0], "3b12d0412db185c98ff58825ed4c81cfbc7bdabcf33ac48bdaaae5f39fc65445");
}

TEST(MaskHmac, KnownAnswer) {
  // RFC 4231, test case 2.
  auto stream = MaskHmac::make("Jefe")->stream();
  ASSERT_TRUE(stream.ok());
  for (int again = 0; again < 2; ++again) {
    const auto digest = stream->digest("what do ya want ", "for nothing?");
    ASSERT_TRUE(digest.ok());
    EXPECT_EQ(to_hex(*digest), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

TEST_F(MaskTest, KeysAreChecked) {
  MaskStep step = mask("a", MaskStep::How::kHmac);
  step.key->name = variable + "_UNSET";
  const auto unset = Harness({column("a", "string")}, {step}).make();
  ASSERT_FALSE(unset.ok());
  EXPECT_EQ(unset.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(unset.error().to_string(), AllOf(HasSubstr("table 't', step 1: the key"), HasSubstr("is not set")));
  ::setenv(variable.c_str(), "tooshort", 1);
  const auto tiny = Harness({column("a", "string")}, {mask("a", MaskStep::How::kHmac)}).make();
  ASSERT_FALSE(tiny.ok());
  EXPECT_THAT(tiny.error().to_string(), AllOf(HasSubstr("has 8 bytes"), Not(HasSubstr("tooshort"))));
}

TEST_F(MaskTest, KeysInFilesAreTheSameKeys) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("mask-" + random_id().to_hex());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "key.txt") << kKey << "\n";
  Harness by_env({column("a", "string")}, {mask("a", MaskStep::How::kHmac)});
  MaskStep step = mask("a", MaskStep::How::kHmac);
  step.key = SecretRef{SecretRef::Kind::kFile, "key.txt"};
  Harness by_file({column("a", "string")}, {step});
  by_file.job.folder = folder;
  EXPECT_EQ(by_file.rows_of(by_file.run({{"x"}})), by_env.rows_of(by_env.run({{"x"}})));
  std::filesystem::remove(folder / "key.txt");
  const auto gone = by_file.make();
  ASSERT_FALSE(gone.ok());
  EXPECT_THAT(gone.error().to_string(), HasSubstr("is not set"));
  std::filesystem::remove_all(folder);
}

TEST_F(MaskTest, RedactsAndTruncates) {
  MaskStep truncate = mask("a", MaskStep::How::kTruncate);
  truncate.keep = 2;
  const Harness harness({column("a", "string(9)"), column("n", "int32"), column("s", "string(2)")},
                        {truncate, mask("n", MaskStep::How::kRedact), mask("s", MaskStep::How::kRedact)});
  EXPECT_THAT(harness.rows_of(
                  harness.run({{"abcdef", "1", "xy"}, {"\xC3\xA9\xC3\xA9\xC3\xA9", "2", "x"}, {"a", kNull, kNull}})),
              ElementsAre("\"ab\"|\"***\"|\"***\"", "\"\\xc3\\xa9\\xc3\\xa9\"|\"***\"|\"***\"", "\"a\"|null|null"));
}

TEST_F(MaskTest, TruncatesDates) {
  MaskStep year = mask("d", MaskStep::How::kTruncate);
  year.keep = kKeepYear;
  MaskStep month = mask("t", MaskStep::How::kTruncate);
  month.keep = kKeepMonth;
  const Harness harness({column("d", "date"), column("t", "timestamp")}, {year, month});
  EXPECT_THAT(
      harness.rows_of(harness.run(
          {{"2024-02-29", "2024-02-29 12:30:00"}, {"1969-12-31", "1969-12-31 23:59:59"}, {"0001-06-01", kNull}})),
      ElementsAre("2024-01-01|2024-02-01 00:00:00.000000", "1969-01-01|1969-12-01 00:00:00.000000", "0001-01-01|null"));
}

TEST_F(MaskTest, DatesOfOnePersonMoveTogether) {
  MaskStep step = mask("d", MaskStep::How::kDateShift);
  step.columns = {"d", "t"};
  step.by = "person";
  step.days = 30;
  const Harness harness({column("person", "int32"), column("d", "date"), column("t", "timestamp")}, {step});
  Rows rows;
  for (int i = 0; i < 200; ++i)
    rows.push_back({std::to_string(i / 2), i % 2 == 0 ? "2024-01-01" : "2024-01-11", "1960-01-01 06:00:00"});
  const PipelineOutput output = harness.run(rows);
  const auto* days = output.batch->column(1)->data()->GetValues<std::int32_t>(1);
  const auto* times = output.batch->column(2)->data()->GetValues<std::int64_t>(1);
  std::set<std::int32_t> shifts;
  for (int i = 0; i < 200; i += 2) {
    const std::int32_t shift = days[i] - 19'723;
    EXPECT_LE(std::abs(shift), 30);
    EXPECT_EQ(days[i + 1] - days[i], 10);
    EXPECT_EQ(times[i], (std::int64_t{-3653 + shift} * 24 + 6) * 3'600'000'000);
    shifts.insert(shift);
  }
  EXPECT_GT(shifts.size(), 25u);
  const PipelineOutput edge = harness.run({{"1", "9999-12-31", kNull},
                                           {"2", "9999-12-31", kNull},
                                           {"3", "9999-12-31", kNull},
                                           {"4", "0001-01-01", kNull},
                                           {"5", "0001-01-01", kNull},
                                           {"6", "0001-01-01", kNull}});
  for (const RowFault& fault : edge.faults) EXPECT_EQ(fault.rule, "range");
}

TEST_F(MaskTest, EncryptedValuesComeBackWithTheKey) {
  EncryptStep step{{"a", "n"}, key()};
  const Harness harness({column("a", "string"), column("n", "decimal(5,2)")}, {step});
  const PipelineOutput output = harness.run({{"alice", "1.50"}, {"", "2.25"}, {kNull, kNull}, {"alice", "1.50"}});
  const TextView a(*output.batch->column(0));
  EXPECT_EQ(a[0], a[3]);
  EXPECT_NE(a[0], a[1]);
  EXPECT_TRUE(a.is_null(2));
  const auto cipher = ColumnCipher::make(kKey, "a");
  EXPECT_EQ(*cipher->decrypt(a[0]), "alice");
  EXPECT_EQ(*cipher->decrypt(a[1]), "");
  EXPECT_EQ(*ColumnCipher::make(kKey, "n")->decrypt(TextView(*output.batch->column(1))[0]), "1.50");
  EXPECT_FALSE(ColumnCipher::make(kKey, "b")->decrypt(a[0]).ok());
  EXPECT_FALSE(ColumnCipher::make("another key of many bytes", "a")->decrypt(a[0]).ok());
  std::string changed(a[0]);
  changed[40] = changed[40] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(cipher->decrypt(changed).ok());
  EXPECT_FALSE(cipher->decrypt("AAAA").ok());
  EXPECT_FALSE(cipher->decrypt("not base64!").ok());
}

// The recipe of docs/job-file.md gave this text from the same key, column and value.
TEST(ColumnCipher, KnownAnswer) {
  const auto cipher = ColumnCipher::make(kKey, "tail");
  ASSERT_TRUE(cipher.ok());
  std::string scratch;
  std::string out(ColumnCipher::text_bytes(6) + 1, '\0');
  cipher->encrypt("N14228", scratch, out.data());
  out.pop_back();
  EXPECT_EQ(out, "dGa3V++d+3xLKbsUaLhx4CtVV4Raa+GaFSw+9EZlE+SmnaWJ3cYKyWwD0smw+A==");
}

}  // namespace
}  // namespace tipple
