#include "jobs/job_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/file.h"
#include "base/ids.h"
#include "base/limits.h"
#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A right job; tests break one line of it.
const std::string kJob = R"yaml(version: 1
job: trips-2013
warehouse: ../wh
chunk_bytes: 64MiB
sources:
  trips:
    path: [in/a.csv, "in/b-*.csv"]
    format: csv
    delimiter: ";"
    nulls: [NA, NULL, ""]
  zones: {path: zones.tsv, format: tsv, header: false, fields: [id, name], skip_rows: 2, quote: none, escape: "\\", comment: "#", newline: cr}
tables:
  trips:
    from: trips
    columns:
      id: int64
      fare: {type: "decimal(9,2)", from: Fare Amount, nullable: true}
    rejects: {max_rows: 10, max_percent: 0.5, keep_raw: true}
    codec: zstd
  zones: {from: [zones], columns: {name: string}}
modes:
  full: {write: replace}
  nightly: {write: append}
)yaml";

ParsedJob parse(std::string_view text) { return parse_job(text, "job.yaml", "/work/jobs"); }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string printed(const ParsedJob& parsed) {
  std::string text;
  for (const JobFileMistake& mistake : parsed.mistakes) {
    text += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.what + " (" +
            mistake.hint + ")\n";
  }
  return text;
}

// The only mistake of the right job with `from` replaced by `to`, as "line:column: what (hint)\n".
std::string mistake(const std::string& from, const std::string& to) {
  const ParsedJob parsed = parse(replaced(kJob, from, to));
  EXPECT_EQ(parsed.mistakes.size(), 1u) << to << "\n" << printed(parsed);
  return printed(parsed);
}

TEST(JobFile, EveryKeyArrives) {
  const ParsedJob parsed = parse(kJob);
  ASSERT_TRUE(parsed.mistakes.empty()) << printed(parsed);
  const JobSpec& job = parsed.spec;
  EXPECT_EQ(job.name, "trips-2013");
  EXPECT_EQ(job.file, "job.yaml");
  EXPECT_EQ(job.warehouse, "/work/wh");
  EXPECT_EQ(job.chunk_bytes, 64 * limits::kMiB);
  EXPECT_EQ(job.text, kJob);

  ASSERT_EQ(job.sources.size(), 2u);
  EXPECT_THAT(job.sources[0].paths, ElementsAre("in/a.csv", "in/b-*.csv"));
  EXPECT_EQ(job.sources[0].csv.delimiter, ';');
  EXPECT_EQ(job.sources[0].csv.quote, '"');
  EXPECT_EQ(job.sources[0].csv.escape, std::nullopt);
  EXPECT_THAT(job.sources[0].csv.null_texts, ElementsAre("NA", "NULL", ""));
  const CsvDialect& zones = job.sources[1].csv;
  EXPECT_EQ(zones.delimiter, '\t');
  EXPECT_EQ(zones.quote, std::nullopt);
  EXPECT_EQ(zones.escape, '\\');
  EXPECT_EQ(zones.comment, '#');
  EXPECT_EQ(zones.newline, CsvDialect::Newline::kCr);
  EXPECT_FALSE(zones.header);
  EXPECT_EQ(zones.skip_rows, 2u);
  EXPECT_THAT(job.sources[1].fields, ElementsAre("id", "name"));

  ASSERT_EQ(job.tables.size(), 2u);
  EXPECT_THAT(job.tables[0].from, ElementsAre(SourceId(0)));
  EXPECT_EQ(job.tables[0].columns[0].from, "id");
  EXPECT_EQ(job.tables[0].columns[1].column.type.to_string(), "decimal(9,2)");
  EXPECT_EQ(job.tables[0].columns[1].from, "Fare Amount");
  EXPECT_TRUE(job.tables[0].columns[1].column.nullable);
  EXPECT_EQ(job.tables[0].rejects.max_rows, 10u);
  EXPECT_EQ(job.tables[0].rejects.max_percent, 0.5);
  EXPECT_TRUE(job.tables[0].rejects.keep_raw);
  EXPECT_EQ(job.tables[0].codec, Codec::kZstd);
  EXPECT_EQ(job.tables[1].codec, Codec::kDeflate);
  EXPECT_EQ(job.tables[1].rejects.max_rows, 0u);

  EXPECT_EQ(job.mode("")->name, "full");
  EXPECT_EQ(job.mode("nightly")->write, WriteMode::kAppend);
  EXPECT_THAT(job.mode("nightyl").error().to_string(), HasSubstr("did you mean 'nightly'?"));
}

TEST(JobFile, WithoutModesThereIsFull) {
  const ParsedJob parsed = parse(kJob.substr(0, kJob.find("modes:")));
  ASSERT_TRUE(parsed.mistakes.empty()) << printed(parsed);
  ASSERT_EQ(parsed.spec.modes.size(), 1u);
  EXPECT_EQ(parsed.spec.mode("")->write, WriteMode::kReplace);
}

TEST(JobFile, TheOnlyModeNeedsNoName) {
  const ParsedJob parsed = parse(replaced(kJob, "  full: {write: replace}\n", ""));
  EXPECT_EQ(parsed.spec.mode("")->name, "nightly");
}

TEST(JobFile, EveryMistakeHasItsPlaceAndItsCure) {
  EXPECT_EQ(mistake("version: 1", "version: 2"),
            "1:10: 'version' must be 1, not '2' (another version of the job file needs another version of tipple)\n");
  EXPECT_EQ(mistake("    codec: zstd", "    codek: zstd"),
            "19:5: unknown key 'codek' in 'tables.trips' (did you mean 'codec'?)\n");
  EXPECT_EQ(mistake("zstd", "gzip"),
            "19:12: 'tables.trips.codec' must be 'deflate', 'zstd', 'lz4' or 'none', not 'gzip' ()\n");
  EXPECT_EQ(mistake("from: trips\n", "from: trip\n"), "14:11: there is no source 'trip' (did you mean 'trips'?)\n");
  EXPECT_EQ(mistake("id: int64", "id: in64"),
            "16:11: 'tables.trips.columns.id': unknown type 'in64' (did you mean 'int64'?)\n");
  EXPECT_EQ(mistake("\"decimal(9,2)\"", "decimal(9,2)"),
            "17:20: the type 'decimal(9' of 'tables.trips.columns.fare' is cut off at a comma "
            "(inside { } put a type with a comma in quotes: type: \"decimal(9,2)\")\n");
  EXPECT_EQ(mistake("64MiB", "0"), "4:14: 'chunk_bytes' must be a size of at least 1, not '0' (as 64MiB or 500MB)\n");
  EXPECT_EQ(mistake("write: append", "write: upsert"),
            "23:20: 'modes.nightly.write' must be 'replace' or 'append', not 'upsert' ()\n");
  EXPECT_EQ(mistake("nullable: true", "nullable: 1"),
            "17:65: 'tables.trips.columns.fare.nullable' must be true or false, not '1' ()\n");
  EXPECT_EQ(mistake("max_percent: 0.5", "max_percent: 101"),
            "18:42: 'tables.trips.rejects.max_percent' must be a number from 0 to 100, not '101' ()\n");
  EXPECT_EQ(
      mistake("max_rows: 10", "max_rows: -1"),
      "18:25: 'tables.trips.rejects.max_rows' must be a whole number from 0 to 18446744073709551615, not '-1' ()\n");
  EXPECT_EQ(mistake("columns: {name: string}", "columns: {nmae: string}"),
            "20:36: the source 'zones' has no field 'nmae' (did you mean 'name'?)\n");
  EXPECT_EQ(mistake("    path: [in/a.csv, \"in/b-*.csv\"]\n", ""),
            "7:5: 'sources.trips.path' is missing (a file, a folder, a pattern such as in/*.csv, or a list of them; or "
            "one of 'manifest', "
            "'stream' and 'table')\n");
  EXPECT_THAT(mistake(", fields: [id, name]", ""), HasSubstr("'sources.zones.fields' is missing"));
  EXPECT_THAT(mistake("nulls: [NA, NULL, \"\"]", "fields: [x]"), HasSubstr("is for files without a header"));
  EXPECT_THAT(mistake("fields: [id, name]", "fields: [id, name, id]"), HasSubstr("'id' is named twice"));
  EXPECT_THAT(mistake("from: [zones]", "from: [zones, zones]"), HasSubstr("the source 'zones' is named twice"));
  EXPECT_THAT(mistake("job: trips-2013", "job: trips 2013"), HasSubstr("2:6: 'trips 2013' cannot be a job's name"));
  EXPECT_THAT(mistake("{from: [zones]", "{from: [trips]"), HasSubstr("11:3: no table reads the source 'zones'"));
}

TEST(JobFile, RepeatedKeysAreRefusedEverywhere) {
  EXPECT_EQ(mistake("job: trips-2013\n", "job: trips-2013\njob: again\n"),
            "3:1: 'job' is given twice (the first one is in line 2)\n");
  EXPECT_THAT(mistake("      id: int64\n", "      id: int64\n      id: int32\n"),
              HasSubstr("17:7: the column 'id' is given twice"));
  EXPECT_THAT(mistake("  nightly: {", "  full: {"), HasSubstr("the mode 'full' is given twice"));
  EXPECT_THAT(mistake("keep_raw: true", "keep_raw: true, keep_raw: true"),
              HasSubstr("'tables.trips.rejects.keep_raw' is given twice"));
}

TEST(JobFile, CharactersOfADialectMustDifferAndBeOneByte) {
  EXPECT_THAT(mistake("delimiter: \";\"", "delimiter: \";;\""),
              HasSubstr("9:16: 'sources.trips.delimiter' must be one character"));
  EXPECT_THAT(mistake("delimiter: \";\"", "delimiter: \"§\""), HasSubstr("one byte"));
  EXPECT_THAT(mistake("delimiter: \";\"", "delimiter: \"\\n\""), HasSubstr("not a line end"));
  EXPECT_THAT(mistake("delimiter: \";\"", "delimiter: '\"'"),
              HasSubstr("'sources.trips.delimiter' and 'quote' are the same character"));
  EXPECT_THAT(mistake("delimiter: \";\"", "escape: '\"'"), HasSubstr("use 'escape: doubled'"));
  for (const char* tab : {"tab", "\"\\t\"", "'\\t'"}) {
    const ParsedJob parsed = parse(replaced(kJob, "delimiter: \";\"", "delimiter: " + std::string(tab)));
    EXPECT_TRUE(parsed.mistakes.empty()) << printed(parsed);
    EXPECT_EQ(parsed.spec.sources[0].csv.delimiter, '\t') << tab;
  }
}

TEST(JobFile, NamesOfTablesAndColumnsAreChecked) {
  for (const char* name : {"_x", "a-b", "1x", "\"\"", "a/b"}) {
    EXPECT_THAT(mistake("  zones: {from", "  " + std::string(name) + ": {from"), HasSubstr("cannot be a table's name"))
        << name;
  }
  for (const char* name : {"a/b", "."}) {
    EXPECT_THAT(mistake("      id: int64", "      " + std::string(name) + ": int64"),
                HasSubstr("cannot be a column's name"))
        << name;
  }
  EXPECT_THAT(mistake("      id: int64", "      \"\": int64"), HasSubstr("name is empty"));
  EXPECT_THAT(mistake("      id: int64", "      " + std::string(256, 'x') + ": int64"), HasSubstr("more than 255"));
  EXPECT_THAT(mistake("      id: int64", "      fare.valid: int64"),
              HasSubstr("clashes with what is stored for the column 'fare'"));
  EXPECT_TRUE(parse(replaced(kJob, "      id: int64", "      größe in €: int64")).mistakes.empty());
  EXPECT_TRUE(parse(replaced(kJob, "      id: int64", "      no.valid: int64")).mistakes.empty());
}

TEST(JobFile, SecretsAreRefusedAndNeverPrinted) {
  for (const char* key : {"password", "db_password", "apiKey", "access-key", "auth_token", "Secret"}) {
    const std::string text = mistake("chunk_bytes: 64MiB", std::string(key) + ": hunter2");
    EXPECT_THAT(text, HasSubstr("looks like a secret")) << key;
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(mistake("path: zones.tsv", "path: \"s3://me:hunter2@bucket/x\""), Not(HasSubstr("hunter2")));
  // A column may be called so: its value is a type.
  EXPECT_TRUE(parse(replaced(kJob, "      id: int64", "      token: int64")).mistakes.empty());
}

TEST(JobFile, AllMistakesComeAtOnceInFileOrder) {
  std::string text = replaced(kJob, "version: 1", "version: one");
  text = replaced(text, "int64", "int65");
  text = replaced(text, "format: csv", "format: xls");
  const ParsedJob parsed = parse(text);
  ASSERT_EQ(parsed.mistakes.size(), 3u) << printed(parsed);
  EXPECT_EQ(parsed.mistakes[0].line, 1);
  EXPECT_EQ(parsed.mistakes[1].line, 8);
  EXPECT_EQ(parsed.mistakes[2].line, 16);
}

TEST(JobFile, WrongKindsSayWhatWasExpected) {
  EXPECT_THAT(printed(parse("[1, 2]")), HasSubstr("a job file is a map of settings, not a list"));
  EXPECT_THAT(printed(parse("just text")), HasSubstr("not 'just text'"));
  EXPECT_THAT(mistake("rejects: {max_rows: 10, max_percent: 0.5, keep_raw: true}", "rejects: none"),
              HasSubstr("must be a map, not 'none'"));
  EXPECT_THAT(mistake("from: trips\n", "from: [[trips]]\n"),
              HasSubstr("'tables.trips.from' must be a source's name or a list of them, not a list"));
  EXPECT_THAT(
      printed(parse("version: 1\njob: a\nwarehouse: b\nsources:\ntables: {}\n")),
      testing::AllOf(HasSubstr("'sources' must be a map from each source's name"), HasSubstr("not an empty map")));
}

TEST(JobFile, YamlThatHidesThingsIsRefused) {
  EXPECT_THAT(printed(parse("a: &x 1\nb: *x\n")), HasSubstr("1:4: anchors are not allowed"));
  EXPECT_THAT(printed(parse("a: !!str 1\n")), HasSubstr("tags are not allowed"));
  EXPECT_THAT(printed(parse("a: 1\n---\nb: 2\n")), HasSubstr("second document"));
  EXPECT_THAT(printed(parse("? [a]\n: 1\n")), HasSubstr("a key must be a text"));
  for (const char* open : {"a: \"open", "a: \"open\n", "a: 'open\n\n", "a: [open\n", "a: {open\n"}) {
    EXPECT_THAT(printed(parse(open)), HasSubstr("not valid YAML")) << open;
  }
  EXPECT_THAT(printed(parse(std::string_view("a: \0b\n", 6))), HasSubstr("1:4: a control character (0x00)"));
  EXPECT_THAT(printed(parse("a: b\nc: \xC3\x28\n")), HasSubstr("2:4: a byte that is not UTF-8"));
  EXPECT_THAT(printed(parse("")), HasSubstr("empty"));
  EXPECT_THAT(printed(parse(std::string(limits::kJobFileBytesMax + 1, '#'))), HasSubstr("more than the limit"));
}

TEST(JobFile, ADocumentMayBeMarkedAndEnded) {
  EXPECT_TRUE(parse("---\n" + kJob).mistakes.empty());
  EXPECT_TRUE(parse(kJob + "...\n").mistakes.empty());
  EXPECT_TRUE(parse("\xEF\xBB\xBF# a byte order mark\n" + kJob).mistakes.empty());
  EXPECT_TRUE(parse(kJob.substr(0, kJob.size() - 1)).mistakes.empty());
}

TEST(JobFile, DeepNestingEndsAtTheLimit) {
  for (const char* opening : {"[", "{a: ", "- ", "? ", "[{a: ", "{? "}) {
    std::string text;
    while (text.size() < limits::kJobFileBytesMax - 8) text += opening;
    EXPECT_THAT(printed(parse(text)), HasSubstr("more than 64 levels")) << opening;
  }
}

// Any bytes give a job or mistakes; nothing throws, and the right job's pieces in any order do not either.
TEST(JobFile, ShuffledAndDamagedTextsNeverThrow) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 2000; ++round) {
    std::string text = kJob;
    for (int edits = 1 + static_cast<int>(random() % 8); edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          text.insert(at, 1, "{}[]:,&*!|>'\"#-? \n\t"[random() % 19]);
          break;
        case 2:
          text.erase(at, 1 + random() % 20);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
      }
      if (text.empty()) text = " ";
    }
    const ParsedJob parsed = parse(text);
    if (parsed.mistakes.empty()) {
      EXPECT_FALSE(parsed.spec.tables.empty());
      EXPECT_FALSE(parsed.spec.sources.empty());
    }
  }
}

TEST(JobFile, ReadingNamesFileLineAndColumn) {
  const fs::path folder = fs::path(testing::TempDir()) / ("job-file-" + random_id().to_hex());
  ASSERT_TRUE(create_folders(folder).ok());
  const fs::path file = folder / "job.yaml";
  std::ofstream(file) << replaced(replaced(kJob, "version: 1", "version: 7"), "int64", "int65");
  const auto broken = read_job_file(file);
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(broken.error().to_string(), HasSubstr(file.string() + ":1:10: "));
  EXPECT_THAT(broken.error().to_string(), HasSubstr("\n" + file.string() + ":16:11: "));

  std::ofstream(file) << kJob;
  const auto good = read_job_file(file);
  ASSERT_TRUE(good.ok()) << good.error().to_string();
  EXPECT_EQ(good->folder, folder.lexically_normal());
  EXPECT_EQ(good->warehouse, (folder / "../wh").lexically_normal());

  EXPECT_EQ(read_job_file(folder / "absent.yaml").error().kind, ErrorKind::kUsage);
  EXPECT_FALSE(read_job_file(folder).ok());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tipple
