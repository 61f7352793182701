// The job as one load sees it: columns that the load found travel to all ranks and come back the same.
#include "jobs/load_job.h"

#include <gmock/gmock.h>

#include "tests/jobs/job_text.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const char* const kTables = R"(  grows: {from: s, schema: evolve, columns: {a: int64, twice: {expr: "a * 2"}}}
  found: {from: s}
  fixed: {from: s, columns: {a: int64}}
  raw: {from: s, raw: true}
)";

JobSpec job() {
  ParsedJob parsed = parse_sections("  s: {path: in.csv}", kTables);
  EXPECT_EQ(printed(parsed), "");
  return std::move(parsed.spec);
}

ColumnSpec column(const std::string& name, const std::string& type, const std::string& from) {
  return {{name, parse_data_type(type).value(), true}, from, {}, {}};
}

std::vector<std::string> names(const Schema& schema) {
  std::vector<std::string> out;
  for (const Column& one : schema) out.push_back(one.name + " " + one.type.to_string() + (one.nullable ? " null" : ""));
  return out;
}

TEST(LoadJob, WhichTablesFindColumns) {
  const JobSpec spec = job();
  EXPECT_TRUE(finds_columns(spec.tables[0]));
  EXPECT_TRUE(finds_columns(spec.tables[1]));
  EXPECT_FALSE(finds_columns(spec.tables[2]));
  EXPECT_FALSE(finds_columns(spec.tables[3]));
  EXPECT_EQ(columns_to_json(job_of_tables(spec, {"fixed", "raw"})), "");
}

TEST(LoadJob, FoundColumnsTravel) {
  JobSpec sent = job();
  sent.tables[0].columns.push_back(column("b_2", "date", "b"));
  sent.tables[1].columns = {column("x", "enum(u,v)", "x")};
  JobSpec received = job();
  for (int times = 0; times < 2; ++times) {  // applied again, nothing is there twice
    ASSERT_TRUE(apply_columns(columns_to_json(sent), received).ok());
    EXPECT_THAT(names(received.tables[0].output), ElementsAre("a int64", "twice int64", "b_2 date null"));
    EXPECT_EQ(received.tables[0].columns[2].from, "b");
    EXPECT_THAT(names(received.tables[1].output), ElementsAre("x enum(u,v) null"));
    EXPECT_THAT(names(received.tables[2].output), ElementsAre("a int64"));
  }
}

TEST(LoadJob, NothingFoundChangesNothing) {
  JobSpec received = job();
  ASSERT_TRUE(apply_columns(columns_to_json(job_of_tables(job(), {"grows"})), received).ok());
  EXPECT_THAT(names(received.tables[0].output), ElementsAre("a int64", "twice int64"));
  EXPECT_THAT(received.tables[1].output, IsEmpty());
  EXPECT_TRUE(apply_columns("", received).ok());
  EXPECT_FALSE(apply_columns("[1]", received).ok());
  EXPECT_FALSE(apply_columns(R"({"grows":[{"name":"c"}]})", received).ok());
}

}  // namespace
}  // namespace tipple
