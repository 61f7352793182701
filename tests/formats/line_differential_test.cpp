// The line formats against Python over generated files: json, pandas.read_fwf and re. Both sides write every cell as
// text; Python says what is null. Seeds are printed; TIPPLE_SEED repeats one.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/ids.h"
#include "formats/fixed_format.h"
#include "formats/json_format.h"
#include "formats/log_format.h"
#include "tests/base/test_seed.h"
#include "tests/formats/line_format_testing.h"

namespace tipple::testing_lines {
namespace {

using Random = std::mt19937_64;
constexpr int kRecords = 100'000;

// The build's own Python, which has pandas.
std::filesystem::path python() {
#ifdef TIPPLE_PYTHON
  return TIPPLE_PYTHON;
#else
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "build" / "env" / "bin" / "python";
#endif
}

bool chance(Random& random, unsigned one_in) { return random() % one_in == 0; }

// Rows of cells as the script prints them: hexadecimal UTF-8, "-" for null, one row a line; "!" for a record that is
// none.
std::vector<std::string> read_with_python(const std::string& script, const std::string& text) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / random_id().to_hex();
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "in", std::ios::binary) << text;
  std::ofstream(folder / "read.py") << script;
  const std::string command = fmt::format("'{}' '{}' '{}' '{}'", python().string(), (folder / "read.py").string(),
                                          (folder / "in").string(), (folder / "out").string());
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream in(folder / "out", std::ios::binary);
  std::vector<std::string> rows;
  for (std::string row; std::getline(in, row);) rows.push_back(row);
  std::filesystem::remove_all(folder);
  return rows;
}

std::string hex_of(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

// The same from an outcome; rejects stand where they were.
std::vector<std::string> rows_of(const Outcome& outcome) {
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  const auto table = outcome.rows->CombineChunks().ValueOrDie();
  for (std::int64_t row = 0; row < table->num_rows(); ++row) {
    std::string text;
    for (const auto& column : table->columns()) {
      const auto& array = static_cast<const arrow::StringArray&>(*column->chunk(0));
      text += (text.empty() ? "" : " ") + (array.IsNull(row) ? "-" : "x" + hex_of(array.GetView(row)));
    }
    rows.emplace_back(outcome.origins[static_cast<std::size_t>(row)], text);
  }
  for (const std::string& reject : outcome.rejects) rows.emplace_back(std::stoull(reject), "!");
  std::sort(rows.begin(), rows.end());
  std::vector<std::string> out;
  for (auto& row : rows) out.push_back(std::move(row.second));
  return out;
}

void expect_equal_rows(const std::vector<std::string>& got, const std::vector<std::string>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t row = 0; row < got.size(); ++row) ASSERT_EQ(got[row], want[row]) << "record " << row;
}

std::string random_json_string(Random& random) {
  static const std::vector<std::string> kPieces = {"a",
                                                   "Bc ",
                                                   "0123456789",
                                                   "\xC3\xBC",
                                                   "\xF0\x9F\x98\x80",
                                                   "{",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\\\"",
                                                   "\\\\",
                                                   "\\n",
                                                   "\\u00e9",
                                                   "\\u0041",
                                                   "\\/",
                                                   "\\t",
                                                   "\\ud83d\\ude00",
                                                   "longer than sixteen bytes, "};
  std::string text = "\"";
  for (std::size_t pieces = random() % 5; pieces > 0; --pieces) text += kPieces[random() % kPieces.size()];
  if (chance(random, 500)) text += std::vector<std::string>{"\\ud83d", "\\x", "\\", "\x01", "\\u12"}[random() % 5];
  return text + "\"";
}

std::string random_json(Random& random, int depth) {
  static const std::vector<std::string> kWords = {
      "true", "false", "null", "0", "-1", "12.50", "1e5", "-0.0", "123456789012345678901234567890", "6.02E+23"};
  static const std::vector<std::string> kBad = {"NaN",    "01",  "+1",  "1.", ".5",   "tru",
                                                "\"open", "1 2", "'x'", "",   "[1,]", "-"};
  if (chance(random, 2000)) return kBad[random() % kBad.size()];
  const std::string space = chance(random, 6) ? " " : "";
  const unsigned kind = static_cast<unsigned>(random() % (depth > 3 ? 6 : 9));
  if (kind < 3) return random_json_string(random) + space;
  if (kind < 6) return space + kWords[random() % kWords.size()];
  const bool object = kind != 6;
  std::string text = object ? "{" : "[";
  for (std::size_t members = random() % 4; members > 0; --members) {
    if (object) text += fmt::format("{}\"{}\"{}:", space, "abc.d"[random() % 5], space);
    text += random_json(random, depth + 1) + (members > 1 ? "," : "");
  }
  return text + space + (object ? "}" : "]");
}

constexpr std::string_view kJsonScript = R"py(
import json, sys

def check(value):
    if isinstance(value, str):
        value.encode()  # a lone surrogate is an error
    elif isinstance(value, list):
        for element in value:
            check(element)

def first(pairs):
    out = {}
    for key, value in pairs:
        check(key)
        check(value)
        out.setdefault(key, value)
    return out

class Number(str):
    pass

def refuse(text):
    raise ValueError(text)

def strict(line):
    return json.loads(line, object_pairs_hook=first, parse_int=Number, parse_float=Number, parse_constant=refuse)

def cell(value):
    if value is None:
        return '-'
    if isinstance(value, bool):
        value = 'true' if value else 'false'
    return 'x' + value.encode().hex() if isinstance(value, str) else 'c'

def at(value, *steps):
    for step in steps:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
    return value

with open(sys.argv[1], 'rb') as f, open(sys.argv[2], 'w') as o:
    for line in f.read().split(b'\n'):
        if not line.strip(b' \t\r'):
            continue
        try:
            record = strict(line.decode())
        except ValueError:
            record = None
        if not isinstance(record, dict):
            o.write('!\n')
            continue
        found = [at(record, 'a'), at(record, 'b', 'c'), at(record, 'c', 1), record['a.b'] if 'a.b' in record else at(record, 'a', 'b')]
        o.write(' '.join(cell(value) for value in found) + '\n')
)py";

TEST(LineDifferential, PythonReadsTheSameJson) {
  Random random(test_seed());
  std::string text;
  for (int record = 0; record < kRecords; ++record) {
    std::string line = chance(random, 200) ? random_json(random, 0) : "{";
    if (line == "{") {
      const std::size_t members = random() % 7;
      for (std::size_t i = 0; i < members; ++i) {
        line += fmt::format(
            "{}\"{}\": ", i > 0 ? "," : "",
            std::vector<std::string>{"a", "b", "c", "d", "a.b", "\\u0061", "long key of more bytes"}[random() % 7]);
        line += random_json(random, 1);
      }
      line += chance(random, 1000) ? "" : "}";
    }
    text += line + (chance(random, 10) ? "\r\n" : "\n") + (chance(random, 50) ? " \n\n" : "");
  }
  const SourceSpec source;
  const auto format = make_json_format(source);
  const BoundTable table{{column("a", "string"), column("bc", "string", true, "b.c"),
                          column("c1", "string", true, "c[1]"), column("ab", "string", true, "a.b")},
                         false,
                         true,
                         false};
  std::vector<std::string> got = rows_of(read_all(**format, table, text, 100'000));
  const std::vector<std::string> want = read_with_python(std::string(kJsonScript), text);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t row = 0; row < got.size(); ++row) {
    // Python's writer cannot give back a container's own text: that it is one must do.
    std::string seen;
    for (std::size_t at = 0, next = 0; at < got[row].size(); at = next + 1) {
      next = std::min(got[row].find(' ', at), got[row].size());
      const std::string cell = got[row].substr(at, next - at);
      const std::size_t w = seen.size();
      seen += w < want[row].size() && want[row][w] == 'c' && (cell.starts_with("x7b") || cell.starts_with("x5b"))
                  ? "c"
                  : cell;
      if (next < got[row].size()) seen += ' ';
    }
    ASSERT_EQ(seen, want[row]) << "record " << row;
  }
}

constexpr std::string_view kFixedScript = R"py(
import pandas, sys
table = pandas.read_fwf(sys.argv[1], colspecs=[(0, 5), (5, 20), (22, 62)], header=None, dtype=str, keep_default_na=False, encoding='utf-8', delimiter=' ')
with open(sys.argv[2], 'w') as o:
    for row in table.itertuples(index=False):
        o.write(' '.join('-' if not isinstance(cell, str) or cell == '' else 'x' + cell.encode().hex() for cell in row) + '\n')
)py";

TEST(LineDifferential, PandasReadsTheSameFixedWidth) {
  Random random(test_seed());
  const auto padded = [&](std::size_t width) {
    static const std::vector<std::string> kPieces = {"a", "Bc", "12", ".", " ", "x y"};
    std::string text;
    for (std::size_t pieces = random() % 6; pieces > 0; --pieces) text += kPieces[random() % kPieces.size()];
    text.resize(std::min(text.size(), width));
    return chance(random, 2) ? fmt::format("{:<{}}", text, width) : fmt::format("{:>{}}", text, width);
  };
  std::string text;
  for (int record = 0; record < kRecords; ++record) {
    std::string line = padded(5) + padded(15) + "  " + padded(40);
    line[0] = line[20] = '|';  // pandas takes a record without text for a blank line
    if (chance(random, 4)) line.resize(21 + random() % 42);
    text += line + (chance(random, 10) ? "\r\n" : "\n") + (chance(random, 50) ? "\n" : "");
  }
  SourceSpec source;
  source.format = SourceFormat::kFixedWidth;
  source.fixed = {{"a", 0, 5}, {"b", 5, 15}, {"c", 22, 40}};
  const auto format = make_fixed_format(source);
  const BoundTable table{{column("a", "string"), column("b", "string"), column("c", "string")}, false, true, false};
  expect_equal_rows(rows_of(read_all(**format, table, text, 100'000)),
                    read_with_python(std::string(kFixedScript), text));
}

constexpr std::string_view kPattern =
    R"re((?P<host>[\w.]+) \[(?P<at>[^\]]*)\](?: "(?P<what>[^"]*)")? (?P<n>-?\d+).*)re";

constexpr std::string_view kLogScript = R"py(
import re, sys
pattern = re.compile(PATTERN, re.ASCII)
with open(sys.argv[1], encoding='utf-8', newline='') as f, open(sys.argv[2], 'w') as o:
    for line in f.read().split('\n'):
        line = line[:-1] if line.endswith('\r') else line
        if not line:
            continue
        match = pattern.fullmatch(line)
        o.write('!\n' if match is None else ' '.join('x' + (cell or '').encode().hex() if cell else '-' for cell in match.groups()) + '\n')
)py";

TEST(LineDifferential, PythonMatchesTheSameLines) {
  Random random(test_seed());
  std::string text;
  for (int record = 0; record < kRecords; ++record) {
    std::string line;
    line += std::vector<std::string>{
        "a.b", "host1", "x", "", "10.0.0.1", "\xC3\xBC"}[random() % (chance(random, 20) ? 6 : 3)];
    line += chance(random, 50) ? "[" : " [";
    line += std::vector<std::string>{"", "today", "01/Jan/2024", "[["}[random() % 4] + "]";
    if (chance(random, 2))
      line += std::vector<std::string>{" \"GET /\"", " \"\"", " \"\xE2\x82\xAC\"",
                                       " \"open"}[random() % (chance(random, 20) ? 4 : 3)];
    line += fmt::format(" {}{}", static_cast<std::int64_t>(random()) >> (random() % 60),
                        chance(random, 3) ? " and more" : "");
    text += line + (chance(random, 10) ? "\r\n" : "\n") + (chance(random, 50) ? "\n" : "");
  }
  SourceSpec source;
  source.format = SourceFormat::kLog;
  source.pattern = kPattern;
  const auto format = make_log_format(source);
  ASSERT_TRUE(format.ok());
  const BoundTable table{
      {column("host", "string"), column("at", "string"), column("what", "string"), column("n", "string")},
      false,
      true,
      false};
  std::string script(kLogScript);
  script.replace(script.find("PATTERN"), 7, fmt::format("r'''{}'''", kPattern));
  expect_equal_rows(rows_of(read_all(**format, table, text, 100'000)), read_with_python(script, text));
}

}  // namespace
}  // namespace tipple::testing_lines
