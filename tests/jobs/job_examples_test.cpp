// The job files that users copy: those in jobs/examples and every yaml block of docs/job-file.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "base/file.h"
#include "base/limits.h"
#include "jobs/job_file.h"
#include "jobs/table_order.h"
#include "tests/base/test_seed.h"

namespace tipple {
namespace {

const fs::path kRoot = TIPPLE_ROOT;

void expect_right(const std::string& text, const std::string& name) {
  const ParsedJob parsed = parse_job(text, name, "/jobs");
  for (const JobFileMistake& mistake : parsed.mistakes) {
    ADD_FAILURE() << name << ":" << mistake.line << ":" << mistake.column << ": " << mistake.what << " ("
                  << mistake.hint << ")\n"
                  << text;
  }
}

TEST(JobExamples, EveryYamlBlockOfTheGuideIsAJob) {
  const auto page = read_file(kRoot / "docs/job-file.md", limits::kMiB);
  ASSERT_TRUE(page.ok()) << page.error().to_string();
  const std::string open = "```yaml\n";
  int blocks = 0;
  for (std::size_t at = 0; (at = page->find(open, at)) != std::string::npos; ++blocks) {
    at += open.size();
    const std::size_t end = page->find("```", at);
    ASSERT_NE(end, std::string::npos);
    expect_right(page->substr(at, end - at), "docs/job-file.md, block " + std::to_string(blocks + 1));
  }
  EXPECT_GE(blocks, 4);
}

// The texts of the folder's job files, in the order of their names.
std::map<std::string, std::string> job_files(const fs::path& folder) {
  std::map<std::string, std::string> texts;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto text = read_file(entry.path(), limits::kJobFileBytesMax);
    EXPECT_TRUE(text.ok()) << entry.path();
    if (text.ok()) texts.emplace(entry.path().string(), *text);
  }
  return texts;
}

TEST(JobExamples, EveryExampleIsAJob) {
  const auto files = job_files(kRoot / "jobs/examples");
  EXPECT_FALSE(files.empty());
  for (const auto& [name, text] : files) expect_right(text, name);
}

// What fuzzing starts from has every key in it, and pieces of it in wrong places give mistakes, never an exception.
TEST(JobExamples, PiecesOfJobsInWrongPlacesNeverThrow) {
  const auto files = job_files(kRoot / "tests/fuzz/corpus/job_file_fuzz");
  ASSERT_GE(files.size(), 4u);
  std::vector<std::string> texts;
  for (const auto& [name, text] : files) {
    expect_right(text, name);
    texts.push_back(text);
  }
  std::mt19937_64 random(test_seed());
  int right = 0;
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    std::string text = texts[random() % texts.size()];
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = random() % (text.size() + 1);
      const std::string& other = texts[random() % texts.size()];
      if (random() % 2 == 0) text.erase(at, random() % 30);
      text.insert(std::min(at, text.size()), other.substr(random() % other.size(), random() % 60));
    }
    const ParsedJob parsed = parse_job(text, "job.yaml", "/jobs");
    if (!parsed.mistakes.empty()) continue;
    ++right;
    std::size_t layered = 0;
    for (const auto& layer : load_layers(parsed.spec)) layered += layer.size();
    EXPECT_EQ(layered, parsed.spec.tables.size());
  }
  EXPECT_LT(right, kRounds / 2);
}

}  // namespace
}  // namespace tipple
