// The job files that users copy: those in jobs/examples and every yaml block of docs/job-file.md.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/limits.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

const fs::path kRoot = TIPPLE_ROOT;

void expect_right(const std::string& text, const std::string& name) {
  const ParsedJob parsed = parse_job(text, name, "/jobs");
  for (const JobFileMistake& mistake : parsed.mistakes) {
    ADD_FAILURE() << name << ":" << mistake.line << ":" << mistake.column << ": " << mistake.what << " (" << mistake.hint << ")\n" << text;
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

TEST(JobExamples, EveryExampleIsAJob) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kRoot / "jobs/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    const auto text = read_file(entry.path(), limits::kJobFileBytesMax);
    ASSERT_TRUE(text.ok());
    expect_right(*text, entry.path().string());
    ++files;
  }
  EXPECT_GE(files, 1);
}

}  // namespace
}  // namespace tipple
