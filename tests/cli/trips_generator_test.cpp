#include "cli/trips_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "base/limits.h"
#include "cli/trips_row.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

class TripsGenerator : public testing::Test {
 protected:
  void SetUp() override { options_.folder = fs::path(testing::TempDir()) / ("trips-" + random_id().to_hex()); }
  void TearDown() override { fs::remove_all(options_.folder); }

  // The content of every file, in order.
  std::vector<std::string> generate() {
    const auto files = generate_trips(options_);
    EXPECT_TRUE(files.ok()) << files.error().to_string();
    std::vector<std::string> contents;
    if (!files.ok()) return contents;
    std::uint64_t bytes = 0;
    for (const fs::path& path : files->paths) {
      contents.push_back(read_file(path, limits::kGiB).value());
      bytes += contents.back().size();
    }
    EXPECT_EQ(files->bytes, bytes);
    rows_ = files->rows;
    return contents;
  }

  TripsOptions options_;
  std::uint64_t rows_ = 0;
};

// Records of a CSV text, unquoted: a plain second reader.
std::vector<std::vector<std::string>> records(const std::string& text) {
  std::vector<std::vector<std::string>> all;
  std::vector<std::string> record(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      record.back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      record.emplace_back();
    } else if (!quoted && c == '\n') {
      all.push_back(std::move(record));
      record.assign(1, "");
    } else {
      record.back() += c;
    }
  }
  EXPECT_FALSE(quoted);
  EXPECT_EQ(record, std::vector<std::string>(1));
  return all;
}

TEST_F(TripsGenerator, AnyThreadCountGivesTheSameBytes) {
  options_.rows = 50'001;
  options_.files = 3;
  const auto one = generate();
  options_.threads = 7;
  EXPECT_EQ(generate(), one);
  options_.seed = 2;
  EXPECT_NE(generate(), one);
}

TEST_F(TripsGenerator, FilesSplitTheRowsAndNothingElse) {
  options_.rows = 20'000;
  const std::string whole = generate().at(0);
  options_.files = 7;
  std::string joined(kTripsHeader);
  for (const std::string& file : generate()) {
    ASSERT_TRUE(file.starts_with(kTripsHeader));
    joined += file.substr(kTripsHeader.size());
  }
  EXPECT_EQ(joined, whole);
}

TEST_F(TripsGenerator, RecordsAreWholeAndRatesAreKept) {
  options_.rows = 20'000;
  options_.quoted_percent = 20;
  options_.newline_percent = 10;
  options_.null_percent = 5;
  const std::string text = generate().at(0);
  const auto all = records(text);
  ASSERT_EQ(all.size(), 20'001u);
  std::map<std::string, int> counts;
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_EQ(all[i].size(), 17u);
    ASSERT_EQ(all[i][0], std::to_string(i));
    const std::string& note = all[i][16];
    counts["null"] += note.empty() ? 1 : 0;
    counts["newline"] += note.find('\n') != std::string::npos ? 1 : 0;
    counts["quoted"] += note.find(',') != std::string::npos && note.find('\n') == std::string::npos ? 1 : 0;
    ASSERT_LT(all[i][2], all[i][3]) << "a trip ends after it began";
  }
  EXPECT_NEAR(counts["null"], 1000, 200);
  EXPECT_NEAR(counts["newline"], 1900, 300);
  EXPECT_NEAR(counts["quoted"], 3420, 400);
}

TEST_F(TripsGenerator, RatesOfZeroAndOfAHundred) {
  options_.rows = 1000;
  options_.quoted_percent = options_.newline_percent = options_.null_percent = 0;
  const std::string plain = generate().at(0);
  EXPECT_EQ(plain.find('"'), std::string::npos);
  EXPECT_EQ(plain.find(",,"), std::string::npos);
  options_.null_percent = 100;
  for (const auto& record : records(generate().at(0))) {
    if (record[0] != "trip_id") {
      EXPECT_THAT((std::vector<std::string>{record[4], record[10], record[13], record[16]}), testing::Each(""));
    }
  }
}

TEST_F(TripsGenerator, ASizeIsMetToAPercent) {
  for (const std::uint64_t bytes : {2'000'000ull, 30'000'000ull}) {
    options_.bytes = bytes;
    options_.threads = 2;
    const std::string text = generate().at(0);
    EXPECT_NEAR(static_cast<double>(text.size()), static_cast<double>(bytes), static_cast<double>(bytes) / 100);
  }
  options_.bytes = 0;
  EXPECT_EQ(generate().at(0), kTripsHeader);
}

TEST_F(TripsGenerator, RowsNeverOutgrowTheirBuffer) {
  const TripsRates all{std::uint64_t{1} << 32, std::uint64_t{1} << 32, 0};
  char buffer[kTripsRowBytesMax];
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const std::uint64_t row = ~std::uint64_t{0} - 1 - i;
    ASSERT_LT(write_trips_row(buffer, i, row, all) - buffer, static_cast<std::ptrdiff_t>(kTripsRowBytesMax));
  }
}

TEST_F(TripsGenerator, WhatCannotBeMadeIsAnError) {
  options_.files = 0;
  EXPECT_EQ(generate_trips(options_).error().kind, ErrorKind::kUsage);
  options_.files = 1;
  options_.null_percent = 101;
  EXPECT_EQ(generate_trips(options_).error().kind, ErrorKind::kUsage);
  options_.null_percent = 1;
  options_.folder = "/proc/no-such-folder";
  EXPECT_EQ(generate_trips(options_).error().kind, ErrorKind::kEnvironment);
}

TEST_F(TripsGenerator, TheJobFileNamesEveryField) {
  const ParsedJob parsed =
      parse_job(trips_job_yaml({"trips-*.csv", "a \"b\\.csv"}, "ware house"), "trips.yaml", "/data");
  for (const JobFileMistake& mistake : parsed.mistakes) ADD_FAILURE() << mistake.line << ": " << mistake.what;
  EXPECT_THAT(parsed.spec.sources.at(0).paths, testing::ElementsAre("trips-*.csv", "a \"b\\.csv"));
  EXPECT_EQ(parsed.spec.warehouse, "/data/ware house");
  std::string header;
  for (const ColumnSpec& spec : parsed.spec.tables.at(0).columns)
    header += (header.empty() ? "" : ",") + spec.column.name;
  EXPECT_EQ(header + "\n", kTripsHeader);
}

}  // namespace
}  // namespace tipple
