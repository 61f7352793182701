// The converter against two other readers over generated files: Arrow's CSV reader (types and values) and Python's csv
// module (records and texts). Seeds are printed; TIPPLE_TEST_SEED repeats one.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include <arrow/csv/api.h>
#include <arrow/io/api.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/ids.h"
#include "formats/arrow_types.h"
#include "formats/csv_column.h"
#include "tests/formats/csv_convert_testing.h"

#ifndef TIPPLE_PYTHON
#define TIPPLE_PYTHON "python3"
#endif

namespace tipple::testing {
namespace {

using Random = std::mt19937_64;

std::uint64_t seed_of_run() {
  const char* given = std::getenv("TIPPLE_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << seed << '\n';
  return seed;
}

bool chance(Random& random, unsigned one_in) { return random() % one_in == 0; }

CsvDialect random_dialect(Random& random) {
  CsvDialect dialect;
  dialect.delimiter = std::string(",;\t|")[random() % 4];
  dialect.quote = chance(random, 4) ? '\'' : '"';
  if (chance(random, 3)) dialect.escape = '\\';
  dialect.null_texts = {"", "NA"};
  return dialect;
}

std::string random_text(Random& random, const CsvDialect& dialect) {
  static const std::vector<std::string> kPieces = {
      "a", "Bc", " ", "0123456789", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "longer than sixteen bytes, "};
  std::string text;
  for (std::size_t pieces = random() % 6; pieces > 0; --pieces) {
    switch (random() % 12) {
      case 0:
        text += *dialect.quote;
        break;
      case 1:
        text += dialect.delimiter;
        break;
      case 2:
        text += '\n';
        break;
      case 3:
        text += "\r\n";
        break;
      default:
        text += kPieces[random() % kPieces.size()];
    }
  }
  return text;
}

// `text` as a field: quoted where it must be, sometimes where it need not.
std::string written(const std::string& text, const CsvDialect& dialect, Random& random) {
  const bool null_text = text.empty() || text == "NA";
  const bool must = null_text || text[0] == *dialect.quote || text.find_first_of("\r\n") != std::string::npos ||
                    (!dialect.escape && text.find(dialect.delimiter) != std::string::npos);
  const bool quoted = must || chance(random, 8);
  std::string field;
  for (const char c : text) {
    if (dialect.escape) {
      if ((quoted && c == *dialect.quote) || c == *dialect.escape || (!quoted && c == dialect.delimiter))
        field += *dialect.escape;
    } else if (quoted && c == *dialect.quote) {
      field += c;
    }
    field += c;
  }
  return quoted ? *dialect.quote + field + *dialect.quote : field;
}

std::string random_value(const DataType& type, const CsvDialect& dialect, Random& random) {
  const auto whole = [&](int bits) {
    return static_cast<std::int64_t>(random()) >>
           (64 - bits + static_cast<int>(random() % static_cast<unsigned>(bits)));
  };
  const auto positive = [&](int bits) {
    return random() >> (64 - bits + static_cast<int>(random() % static_cast<unsigned>(bits)));
  };
  switch (type.kind) {
    case TypeKind::kInt8:
      return fmt::format("{}", whole(8));
    case TypeKind::kInt16:
      return fmt::format("{}", whole(16));
    case TypeKind::kInt32:
      return fmt::format("{}", whole(32));
    case TypeKind::kInt64:
      return fmt::format("{}", whole(64));
    case TypeKind::kUint8:
      return fmt::format("{}", positive(8));
    case TypeKind::kUint16:
      return fmt::format("{}", positive(16));
    case TypeKind::kUint32:
      return fmt::format("{}", positive(32));
    case TypeKind::kUint64:
      return fmt::format("{}", positive(64));
    case TypeKind::kFloat32:
    case TypeKind::kFloat64: {
      const double value = static_cast<double>(whole(64)) / static_cast<double>(1 + positive(30));
      if (chance(random, 3)) return fmt::format("{:.17g}", value);
      return chance(random, 2) ? fmt::format("{}", value) : fmt::format("{:.{}f}", value, random() % 9);
    }
    case TypeKind::kDecimal:
      return fmt::format("{}{}.{:0{}}", chance(random, 2) ? "-" : "", positive(20), random() % 100, 2);
    case TypeKind::kBool:
      return std::vector<std::string>{"true", "false", "1", "0"}[random() % 4];
    case TypeKind::kDate:
      return fmt::format("{:04}-{:02}-{:02}", 1 + random() % 9999, 1 + random() % 12, 1 + random() % 28);
    case TypeKind::kTime:
      return fmt::format("{:02}:{:02}:{:02}.{:06}", random() % 24, random() % 60, random() % 60, random() % 1000000);
    case TypeKind::kTimestamp: {
      std::string text =
          fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", 1 + random() % 9999, 1 + random() % 12, 1 + random() % 28,
                      chance(random, 2) ? ' ' : 'T', random() % 24, random() % 60, random() % 60);
      if (chance(random, 4)) text += fmt::format(".{:06}", random() % 1000000);
      return type.zoned ? text + "Z" : text;
    }
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      return random_text(random, dialect);
  }
  return {};
}

// Converts in blocks of random sizes, as a load would.
std::shared_ptr<arrow::Table> convert_in_blocks(const Table& table, std::string_view text, Random& random) {
  const CsvIndexer indexer(table.dialect, table.fields());
  const CsvConverter converter = table.converter();
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::size_t size = 0;
  for (std::size_t at = 0; at < text.size();) {
    size = std::min(text.size() - at, size + 1 + random() % 300'000);
    const bool final = at + size == text.size();
    const PaddedText block(text.substr(at, size));
    CsvIndex index;
    const auto split = indexer.index(block.span(), final, index);
    if (split.whole == 0) continue;  // a record longer than the block: take more
    const auto batch = converter.convert(block.span().first(split.whole), index, {"", at, 0}, split.open_quote,
                                         arrow::default_memory_pool());
    EXPECT_TRUE(batch.ok());
    for (const Reject& reject : batch->rejects)
      ADD_FAILURE() << reject.offset << ' ' << reject.column << ' ' << reject.reason;
    batches.push_back(batch->batch);
    at += split.whole;
    size = 0;
  }
  return *(*arrow::Table::FromRecordBatches(batches))->CombineChunks();
}

std::shared_ptr<arrow::Table> read_with_arrow(const Table& table, const std::string& text) {
  auto read = arrow::csv::ReadOptions::Defaults();
  auto parse = arrow::csv::ParseOptions::Defaults();
  auto convert = arrow::csv::ConvertOptions::Defaults();
  read.use_threads = false;
  // One block: between blocks Arrow drops a LF that follows a CR, also inside quotes.
  read.block_size = static_cast<std::int32_t>(text.size()) + 1;
  parse.delimiter = table.dialect.delimiter;
  parse.quote_char = *table.dialect.quote;
  parse.newlines_in_values = true;
  parse.double_quote = !table.dialect.escape;
  parse.escaping = table.dialect.escape.has_value();
  if (table.dialect.escape) parse.escape_char = *table.dialect.escape;
  convert.null_values = table.dialect.null_texts;
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  for (const ColumnSpec& spec : table.columns) {
    read.column_names.push_back(spec.column.name);
    convert.column_types[spec.column.name] = arrow_type(spec.column.type);
  }
  const auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  const auto reader = arrow::csv::TableReader::Make(arrow::io::default_io_context(), input, read, parse, convert);
  const auto got = (*reader)->Read();
  EXPECT_TRUE(got.ok()) << got.status().ToString();
  return got.ok() ? *(*got)->CombineChunks() : nullptr;
}

std::string first_difference(const arrow::Array& got, const arrow::Array& want) {
  for (std::int64_t row = 0; row < std::min(got.length(), want.length()); ++row) {
    if (got.RangeEquals(want, row, row + 1, row)) continue;
    return fmt::format(", record {}: got <{}>, want <{}>", row, got.GetScalar(row).ValueOrDie()->ToString(),
                       want.GetScalar(row).ValueOrDie()->ToString());
  }
  return {};
}

TEST(CsvConvertDifferential, ArrowReadsTheSameValues) {
  static const std::vector<std::string> kTypes = {"int8",          "int16",          "int32",  "int64",      "uint8",
                                                  "uint16",        "uint32",         "uint64", "float32",    "float64",
                                                  "decimal(12,2)", "decimal(38,10)", "bool",   "date",       "time",
                                                  "timestamp",     "timestamp_tz",   "string", "string(200)"};
  constexpr int kFiles = 40;
  constexpr int kRecords = 25'000;  // 10^6 in all
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random(seed);
  for (int file = 0; file < kFiles; ++file) {
    Table table;
    table.dialect = random_dialect(random);
    for (std::size_t i = 0, columns = 2 + random() % 7; i < columns; ++i) {
      table.columns.push_back(column(fmt::format("c{}", i), kTypes[random() % kTypes.size()], true));
    }
    const std::string line_end = chance(random, 2) ? "\n" : "\r\n";
    const unsigned nulls_one_in = chance(random, 3) ? 1'000'000 : 5;
    std::string text;
    for (int record = 0; record < kRecords; ++record) {
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) text += table.dialect.delimiter;
        if (chance(random, nulls_one_in)) {
          text += chance(random, 2) ? "" : "NA";
        } else {
          text += written(random_value(table.columns[i].column.type, table.dialect, random), table.dialect, random);
        }
      }
      text += line_end;
    }
    force_portable_csv_numbers(file % 2 == 1);
    const auto want = read_with_arrow(table, text);
    const auto got = convert_in_blocks(table, text, random);
    force_portable_csv_numbers(false);
    ASSERT_TRUE(want != nullptr);
    ASSERT_EQ(want->num_rows(), kRecords);
    ASSERT_EQ(got->num_rows(), kRecords);
    for (int i = 0; i < got->num_columns(); ++i) {
      ASSERT_TRUE(got->column(i)->Equals(*want->column(i)))
          << "file " << file << " column " << table.columns[static_cast<std::size_t>(i)].column.type.to_string()
          << first_difference(*got->column(i)->chunk(0), *want->column(i)->chunk(0));
    }
    if (HasFailure()) return;
  }
}

constexpr std::string_view kPythonReader = R"(
import csv, struct, sys
path, out, delimiter, quote, escape = sys.argv[1:]
options = {'escapechar': escape, 'doublequote': False} if escape else {}
with open(path, newline='', encoding='utf-8') as f, open(out, 'wb') as o:
    for row in csv.reader(f, delimiter=delimiter, quotechar=quote, **options):
        if not row:
            continue
        o.write(struct.pack('<I', len(row)))
        for field in row:
            text = field.encode('utf-8')
            o.write(struct.pack('<I', len(text)) + text)
)";

std::vector<std::vector<std::string>> read_with_python(const std::string& text, const CsvDialect& dialect) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / random_id().to_hex();
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "in.csv", std::ios::binary) << text;
  std::ofstream(folder / "read.py") << kPythonReader;
  const auto quoted = [](const std::string& argument) {
    return argument == "'" ? std::string("\"'\"") : "'" + argument + "'";
  };
  const std::string command = fmt::format(
      "{} '{}' '{}' '{}' {} {} {}", TIPPLE_PYTHON, (folder / "read.py").string(), (folder / "in.csv").string(),
      (folder / "out").string(), quoted(std::string(1, dialect.delimiter)), quoted(std::string(1, *dialect.quote)),
      quoted(dialect.escape ? std::string(1, *dialect.escape) : ""));
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream in(folder / "out", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  std::filesystem::remove_all(folder);
  std::vector<std::vector<std::string>> rows;
  std::size_t at = 0;
  const auto number = [&] {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    at += sizeof(value);
    return value;
  };
  while (at < bytes.size()) {
    rows.emplace_back(number());
    for (std::string& field : rows.back()) {
      field.resize(number());
      std::memcpy(field.data(), bytes.data() + at, field.size());
      at += field.size();
    }
  }
  return rows;
}

TEST(CsvConvertDifferential, PythonReadsTheSameRecords) {
  constexpr int kFiles = 40;
  constexpr int kRecords = 25'000;  // 10^6 in all
  constexpr std::size_t kFields = 4;
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random(seed);
  for (int file = 0; file < kFiles; ++file) {
    Table table;
    table.dialect = random_dialect(random);
    table.dialect.null_texts = {};
    for (std::size_t i = 0; i < kFields; ++i) table.columns.push_back(column(fmt::format("c{}", i), "string"));
    const std::string line_end = chance(random, 2) ? "\n" : "\r\n";
    std::string text;
    for (int record = 0; record < kRecords; ++record) {
      const std::size_t fields = chance(random, 50) ? 2 + random() % 5 : kFields;  // some ragged
      for (std::size_t i = 0; i < fields; ++i) {
        if (i > 0) text += table.dialect.delimiter;
        const std::string value = random_text(random, table.dialect);
        text += value.empty() && chance(random, 2) ? "" : written(value, table.dialect, random);
      }
      text += chance(random, 100) ? line_end + line_end : line_end;
    }
    const std::vector<std::vector<std::string>> want = read_with_python(text, table.dialect);
    const ConvertedBatch got = convert(table, text);
    ASSERT_EQ(got.rows_in, want.size());
    std::int64_t row = 0;
    std::size_t rejected = 0;
    for (const auto& record : want) {
      if (record.size() != kFields) {
        ASSERT_LT(rejected, got.rejects.size());
        ASSERT_EQ(got.rejects[rejected++].reason, fmt::format("has {} fields, expected {}", record.size(), kFields));
        continue;
      }
      for (std::size_t i = 0; i < kFields; ++i) {
        const auto& column = static_cast<const arrow::StringArray&>(*got.batch->column(static_cast<int>(i)));
        ASSERT_EQ(column.GetView(row), record[i]) << "file " << file << " row " << row;
      }
      ++row;
    }
    EXPECT_EQ(row, got.batch->num_rows());
    EXPECT_EQ(rejected, got.rejects.size());
  }
}

}  // namespace
}  // namespace tipple::testing
