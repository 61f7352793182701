// The keys of a source: each arrives, and each mistake is told with its place and its cure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/job_text.h"

namespace tipple {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const char* const kTables = "  t: {from: s}";

// The source `s` with these settings.
SourceSpec source(const std::string& settings) {
  const ParsedJob parsed = parse_sections("  s: {" + settings + "}", kTables);
  EXPECT_EQ(printed(parsed), "") << settings;
  return parsed.spec.sources.empty() ? SourceSpec{} : parsed.spec.sources.front();
}

// The only mistake in them. The settings begin at 5:7.
std::string mistake(const std::string& settings) {
  const ParsedJob parsed = parse_sections("  s: {" + settings + "}", kTables);
  EXPECT_EQ(parsed.mistakes.size(), 1u) << settings << "\n" << printed(parsed);
  return printed(parsed);
}

TEST(SourceSection, EveryFormatHasItsName) {
  EXPECT_EQ(source("path: x, format: csv").format, SourceFormat::kCsv);
  EXPECT_EQ(source("path: x, format: tsv").csv.delimiter, '\t');
  EXPECT_EQ(source("path: x, format: jsonl").format, SourceFormat::kJsonLines);
  EXPECT_EQ(source("path: x, format: fixed, fields: {a: [1, 1]}").format, SourceFormat::kFixedWidth);
  EXPECT_EQ(source("path: x, format: log, pattern: '(?P<a>.*)'").format, SourceFormat::kLog);
  EXPECT_EQ(source("path: x, format: parquet").format, SourceFormat::kParquet);
  EXPECT_EQ(source("path: x, format: hdf5").format, SourceFormat::kHdf5);
  EXPECT_EQ(source("table: x").format, SourceFormat::kTable);
  EXPECT_EQ(
      mistake("path: x, format: json"),
      "5:24: 'sources.s.format' must be 'csv', 'tsv', 'jsonl', 'fixed', 'log', 'parquet' or 'hdf5', not 'json' ()\n");
}

TEST(SourceSection, WithoutAFormatThePathsEndingSays) {
  const std::vector<std::pair<std::string, SourceFormat>> endings = {
      {"a.csv", SourceFormat::kCsv},
      {"a", SourceFormat::kCsv},
      {"a.txt.gz", SourceFormat::kCsv},
      {"in/*.jsonl", SourceFormat::kJsonLines},
      {"a.NDJSON.zst", SourceFormat::kJsonLines},
      {"a.parquet", SourceFormat::kParquet},
      {"a.h5", SourceFormat::kHdf5},
  };
  for (const auto& [path, format] : endings) EXPECT_EQ(source("path: '" + path + "'").format, format) << path;
  EXPECT_EQ(source("path: [b/1.h5, b/2.hdf5]").format, SourceFormat::kHdf5);
  EXPECT_EQ(source("path: a.tsv.bz2").csv.delimiter, '\t');
  EXPECT_EQ(source("path: a.csv").csv.delimiter, ',');
  EXPECT_EQ(mistake("path: [a.csv, b.jsonl]"),
            "5:6: the paths of 's' end as 'csv' and as 'jsonl' (say which it is with 'format', or make two sources of "
            "them)\n");
  EXPECT_EQ(source("path: [a.csv, b.jsonl], format: csv").format, SourceFormat::kCsv);
}

TEST(SourceSection, InputIsExactlyOneOfFour) {
  EXPECT_EQ(source("manifest: in/files.txt").manifest, "in/files.txt");
  EXPECT_EQ(source("table: raw_events").table, "raw_events");
  EXPECT_EQ(source("stream: stdin").stream.kind, StreamSpec::Kind::kStdin);
  EXPECT_THAT(mistake("format: csv"), HasSubstr("5:6: 'sources.s.path' is missing (a file, a folder, a pattern"));
  EXPECT_EQ(mistake("path: a.csv, stream: stdin"),
            "5:28: 'sources.s.path' and 'stream' exclude each other (a source has one of 'path', 'manifest', 'stream' "
            "and 'table')\n");
  EXPECT_THAT(mistake("manifest: a.csv, path: x"), HasSubstr("'sources.s.path' and 'manifest' exclude each other"));
  EXPECT_THAT(mistake("manifest: ''"), HasSubstr("'sources.s.manifest' is empty"));
  EXPECT_THAT(mistake("manifest: 's3://me:hunter2@b/x'"), AllOf(HasSubstr("is an address"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(mistake("table: _loads"), HasSubstr("5:14: '_loads' cannot be a table's name"));
  EXPECT_THAT(mistake("table: x, format: csv"),
              HasSubstr("'sources.s.format' does not go with 'table' (a table knows its own"));
  EXPECT_THAT(mistake("table: x, delimiter: ';'"), HasSubstr("'sources.s.delimiter' does not go with 'table'"));
}

TEST(SourceSection, StreamsOfEveryKind) {
  const auto stream = [](const std::string& text) { return source("stream: " + text).stream; };
  EXPECT_EQ(stream("{pipe: /run/readings}").kind, StreamSpec::Kind::kPipe);
  EXPECT_EQ(stream("{pipe: /run/readings}").address, "/run/readings");
  EXPECT_EQ(stream("{pipe: in/readings}").address, "/jobs/in/readings") << "relative to the job's folder";
  EXPECT_EQ(stream("{listen: 'unix:../x.sock'}").address, "unix:/x.sock");
  EXPECT_EQ(stream("{listen: 'tcp:0.0.0.0:9000'}").kind, StreamSpec::Kind::kListen);
  EXPECT_EQ(stream("{listen: 'tcp:0.0.0.0:0'}").address, "tcp:0.0.0.0:0");
  EXPECT_EQ(stream("{connect: 'unix:/run/x.sock'}").kind, StreamSpec::Kind::kConnect);
  EXPECT_EQ(stream("{connect: 'tcp:[::1]:9000'}").address, "tcp:[::1]:9000");
  EXPECT_EQ(stream("{connect: 'unix:/" + std::string(106, 'x') + "'}").address.size(), 112u);
}

TEST(SourceSection, WrongStreamsSayHowTheyAreWritten) {
  EXPECT_EQ(mistake("stream: stdout"),
            "5:15: 'sources.s.stream' must be 'stdin' or a map, not 'stdout' (as {pipe: PATH}, {listen: "
            "\"tcp:0.0.0.0:9000\"} or "
            "{connect: \"unix:PATH\"})\n");
  EXPECT_THAT(mistake("stream: {pip: x}"), HasSubstr("unknown key 'pip' in 'sources.s.stream' (did you mean 'pipe'?)"));
  EXPECT_THAT(mistake("stream: {pipe: x, listen: 'tcp:a:1'}"), HasSubstr("must have one key, not 2"));
  EXPECT_THAT(mistake("stream: {}"), HasSubstr("must have one key, not 0"));
  EXPECT_THAT(mistake("stream: {pipe: ''}"), HasSubstr("'sources.s.stream.pipe' is empty"));
  for (const char* address : {"tcp:host", "tcp::9000", "tcp:host:0", "tcp:host:65536", "tcp:host:9x", "tcp:a b:1",
                              "tcp:::1:9", "tcp:[]:9", "tcp:me@host:9", "unix:", "udp:host:9", "host:9", ""}) {
    EXPECT_THAT(mistake("stream: {connect: '" + std::string(address) + "'}"),
                HasSubstr("'sources.s.stream.connect' must be a socket's address"))
        << address;
  }
  EXPECT_THAT(mistake("stream: {listen: 'unix:" + std::string(108, 'x') + "'}"),
              HasSubstr("a path of at most 107 bytes"));
  EXPECT_THAT(mistake("stream: stdin, format: parquet"),
              HasSubstr("'sources.s.stream' does not go with the format 'parquet' (it is for 'csv', 'tsv', 'jsonl', "
                        "'fixed' and 'log')"));
}

TEST(SourceSection, AStreamHasOneReader) {
  const ParsedJob parsed =
      parse_sections("  a: {stream: stdin}\n  b: {stream: {pipe: p}}\n  c: {stream: stdin}\n  d: {stream: {pipe: q}}",
                     "  t: {from: [a, b, c, d]}");
  EXPECT_EQ(printed(parsed),
            "7:3: the sources 'a' and 'c' read the same stream (let several tables read one source)\n");
}

TEST(SourceSection, EncodingsGoByTheirUsualNames) {
  const auto encoding = [](const std::string& name) { return source("path: x, encoding: " + name).encoding; };
  EXPECT_EQ(source("path: x").encoding, Encoding::kUtf8);
  for (const char* name : {"utf-8", "UTF-8", "utf8", "utf_8"}) EXPECT_EQ(encoding(name), Encoding::kUtf8) << name;
  EXPECT_EQ(encoding("utf-16"), Encoding::kUtf16);
  EXPECT_EQ(encoding("utf-16le"), Encoding::kUtf16Le);
  EXPECT_EQ(encoding("UTF-16BE"), Encoding::kUtf16Be);
  for (const char* name : {"latin-1", "latin1", "iso-8859-1"}) EXPECT_EQ(encoding(name), Encoding::kLatin1) << name;
  for (const char* name : {"windows-1252", "cp1252"}) EXPECT_EQ(encoding(name), Encoding::kWindows1252) << name;
  EXPECT_EQ(mistake("path: x, encoding: ebcdic"),
            "5:26: 'sources.s.encoding' must be 'utf-8', 'utf-16', 'utf-16le', 'utf-16be', 'latin-1' or "
            "'windows-1252', not 'ebcdic' "
            "('utf-16' goes by the file's byte order mark)\n");
  EXPECT_THAT(mistake("path: x.parquet, encoding: utf-8"),
              HasSubstr("'sources.s.encoding' does not go with the format 'parquet'"));
}

TEST(SourceSection, WhatBecomesOfWrongBytes) {
  EXPECT_EQ(source("path: x").on_invalid, OnInvalid::kReject);
  EXPECT_EQ(source("path: x, on_invalid: replace").on_invalid, OnInvalid::kReplace);
  EXPECT_EQ(source("path: x, on_invalid: fail").on_invalid, OnInvalid::kFail);
  EXPECT_THAT(mistake("path: x, on_invalid: skip"), HasSubstr("must be 'reject', 'replace' or 'fail', not 'skip'"));
}

TEST(SourceSection, DecompressionHasLimits) {
  EXPECT_EQ(source("path: x").decompression.ratio_max, 1000u);
  const DecompressionLimits limits = source("path: x, decompression: {max_bytes: 10GiB, max_ratio: 50}").decompression;
  EXPECT_EQ(limits.bytes_max, std::uint64_t{10} << 30);
  EXPECT_EQ(limits.ratio_max, 50u);
  EXPECT_THAT(mistake("path: x, decompression: {max_bytes: lots}"),
              HasSubstr("'sources.s.decompression.max_bytes' must be a size"));
  EXPECT_THAT(mistake("path: x, decompression: {max_ratio: 0}"),
              HasSubstr("'sources.s.decompression.max_ratio' must be at least 1"));
  EXPECT_THAT(mistake("path: x, decompression: {max_ratio: 4294967296}"), HasSubstr("from 0 to 4294967295"));
  EXPECT_THAT(mistake("path: x, decompression: {ratio: 2}"), HasSubstr("unknown key 'ratio'"));
  EXPECT_THAT(mistake("path: x, decompression: off"), HasSubstr("must be a map, not 'off'"));
}

TEST(SourceSection, FixedWidthFieldsCountCharactersFromOne) {
  const SourceSpec spec =
      source("path: x, format: fixed, fields: {station: [1, 6], at: [7, 12], day: [7, 2], rest: [19]}, skip_rows: 1, comment: '#'");
  EXPECT_THAT(spec.fixed, ElementsAre(FixedField{"station", 0, 6}, FixedField{"at", 6, 12}, FixedField{"day", 6, 2},
                                      FixedField{"rest", 18, 0}));
  EXPECT_TRUE(spec.fixed.back().is_open()) << "without a width: to the line's end";
  EXPECT_THAT(spec.fields, ElementsAre("station", "at", "day", "rest"));
  EXPECT_FALSE(spec.csv.header);
  EXPECT_EQ(spec.csv.skip_rows, 1u);
  EXPECT_EQ(spec.csv.comment, '#');
}

TEST(SourceSection, WrongFixedWidthFieldsSayHowTheyAreWritten) {
  EXPECT_THAT(mistake("path: x, format: fixed"),
              HasSubstr("'sources.s.fields' is missing (a map from each field's name to"));
  for (const char* field : {"[0, 5]", "[1, 0]", "[]", "[0]", "[1, 2, 3]", "[-1, 2]", "5", "1-5", "[a, b]", "['1', 2]",
                            "{a: 1}", "[1, 16777217]", "[16777216, 2]", "[99999999999, 1]"}) {
    EXPECT_THAT(mistake("path: x, format: fixed, fields: {a: " + std::string(field) + "}"),
                AllOf(HasSubstr("'sources.s.fields.a' must be [first character, width]"),
                      HasSubstr("[1, 5] is its first five")))
        << field;
  }
  EXPECT_EQ(source("path: x, format: fixed, fields: {a: [16777216, 1]}").fixed.front().begin, 16'777'215u);
  EXPECT_THAT(mistake("path: x, format: fixed, fields: {a: [1, 2], a: [3, 4]}"),
              HasSubstr("the field 'a' is given twice"));
  EXPECT_THAT(mistake("path: x, format: fixed, fields: {'': [1, 2]}"), HasSubstr("a field's name is empty"));
  EXPECT_THAT(mistake("path: x, header: false, fields: {a: [1, 2]}"), HasSubstr("must be a list of names, not a map"));
  EXPECT_THAT(mistake("path: x, format: fixed, fields: [a, b]"),
              HasSubstr("'sources.s.fields' must be a map from each field's name"));
}

TEST(SourceSection, GroupsOfAPatternAreTheFields) {
  const SourceSpec spec = source(R"(path: x, format: log, pattern: '(?P<host>\S+) (?:a|b) (?P<status>\d+)')");
  EXPECT_EQ(spec.pattern, R"((?P<host>\S+) (?:a|b) (?P<status>\d+))");
  EXPECT_THAT(spec.fields, ElementsAre("host", "status"));
  EXPECT_THAT(mistake("path: x, format: log"),
              HasSubstr("'sources.s.pattern' is missing (a regular expression with a named group"));
  EXPECT_THAT(mistake("path: x, format: log, pattern: '(\\S+) x'"), HasSubstr("'sources.s.pattern' names no fields"));
  EXPECT_THAT(mistake("path: x, format: log, pattern: '(?P<a>x'"),
              HasSubstr("'sources.s.pattern' is not a regular expression: missing )"));
  EXPECT_THAT(mistake("path: x, format: log, pattern: '(?P<a>x)\\1'"), HasSubstr("no back references"));
  EXPECT_THAT(mistake("path: x, format: log, pattern: [a]"), HasSubstr("must be a text, not a list"));
}

TEST(SourceSection, AGroupIsForHdf5) {
  EXPECT_EQ(source("path: x.h5").group, "/");
  EXPECT_EQ(source("path: x.h5, group: run/3").group, "run/3");
  EXPECT_THAT(mistake("path: x.h5, group: ''"), HasSubstr("'sources.s.group' is empty ('/' is the file's root)"));
  EXPECT_EQ(mistake("path: x, group: run"),
            "5:23: 'sources.s.group' does not go with the format 'csv' (it is for 'hdf5')\n");
}

TEST(SourceSection, KeysOfOtherFormatsAreRefusedByName) {
  for (const char* key : {"delimiter: ';'", "quote: none", "escape: '\\'", "newline: cr", "header: false"}) {
    for (const char* format : {"jsonl", "parquet", "hdf5"}) {
      EXPECT_THAT(mistake("path: x, " + std::string(key) + ", format: " + format),
                  AllOf(HasSubstr("does not go with the format '" + std::string(format) + "'"),
                        HasSubstr("it is for 'csv' and 'tsv'")));
    }
  }
  for (const char* key :
       {"encoding: utf-8", "on_invalid: fail", "decompression: {}", "comment: '#'", "skip_rows: 1", "nulls: [NA]"}) {
    EXPECT_THAT(mistake("path: x, format: parquet, " + std::string(key)),
                HasSubstr("does not go with the format 'parquet'"))
        << key;
    EXPECT_EQ(source("path: x, format: jsonl, " + std::string(key)).format, SourceFormat::kJsonLines) << key;
  }
  EXPECT_THAT(mistake("path: x, pattern: x"), HasSubstr("does not go with the format 'csv' (it is for 'log')"));
  EXPECT_THAT(mistake("path: x, format: jsonl, fields: [a]"), HasSubstr("it is for 'csv', 'tsv' and 'fixed'"));
}

TEST(SourceSection, SecretsAreNamedNotWritten) {
  for (const char* key : {"key", "password", "token"}) {
    EXPECT_THAT(
        mistake("path: x, " + std::string(key) + ": hunter2"),
        AllOf(HasSubstr("looks like a secret"), HasSubstr("{env: NAME} or {file: PATH}"), Not(HasSubstr("hunter2"))));
  }
}

}  // namespace
}  // namespace tipple
