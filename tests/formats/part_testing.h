// What the tests of parts share: a schema of every type, random batches, writing and reading whole parts.
#pragma once

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/ids.h"
#include "formats/arrow_types.h"
#include "formats/hdf5_part_reader.h"
#include "formats/hdf5_part_writer.h"
#include "formats/part_encoder.h"

namespace tipple::testing_parts {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// A folder of its own, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() : path_(std::filesystem::path(testing::TempDir()) / ("tipple-parts-" + random_id().to_hex())) {
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline DataType type_of(std::string_view text) { return parse_data_type(text).value(); }

inline DataType enum_of(std::size_t labels) {
  DataType type;
  type.kind = TypeKind::kEnum;
  for (std::size_t i = 0; i < labels; ++i) type.labels.push_back("label" + std::to_string(i));
  return type;
}

// Every type, once nullable and once not.
inline Schema all_types_schema() {
  Schema schema;
  const auto add = [&](const std::string& name, const DataType& type) {
    schema.push_back({name, type, false});
    schema.push_back({name + "_null", type, true});
  };
  for (const char* text : {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
                           "float64", "bool", "date", "time", "timestamp", "timestamp_tz", "string"}) {
    add(text, type_of(text));
  }
  add("decimal_short", type_of("decimal(12,2)"));
  add("decimal_long", type_of("decimal(38,6)"));
  add("text2", type_of("string(2)"));
  add("text7", type_of("string(7)"));
  add("text16", type_of("string(16)"));
  add("text37", type_of("string(37)"));
  add("color", enum_of(3));
  add("code", enum_of(300));
  return schema;
}

struct RandomValues {
  std::mt19937_64& random;
  double null_share = 0.3;
  std::size_t string_bytes_max = 20;

  [[nodiscard]] bool next_null(bool nullable) {
    return nullable && std::uniform_real_distribution<>()(random) < null_share;
  }
  [[nodiscard]] std::string text(std::size_t bytes_max) {
    std::string value(bytes_max == 0 ? 0 : random() % (bytes_max + 1), 'a');
    for (char& c : value) c = static_cast<char>('a' + random() % 26);
    return value;
  }
  [[nodiscard]] std::string string() { return text(random() % 5 == 0 ? 0 : string_bytes_max); }
};

template <typename Builder, typename Next>
std::shared_ptr<arrow::Array> build(const std::shared_ptr<arrow::DataType>& type, std::int64_t rows, bool nullable,
                                    RandomValues& values, Next next) {
  Builder builder(type, arrow::default_memory_pool());
  for (std::int64_t i = 0; i < rows; ++i) {
    const arrow::Status status = values.next_null(nullable) ? builder.AppendNull() : builder.Append(next());
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::Array> random_array(const Column& column, std::int64_t rows, RandomValues& values) {
  const auto type = arrow_type(column.type);
  const bool nullable = column.nullable;
  auto& random = values.random;
  const auto number = [&] { return static_cast<std::int64_t>(random() >> (random() % 64)); };
  switch (column.type.kind) {
    case TypeKind::kInt8:
      return build<arrow::Int8Builder>(type, rows, nullable, values,
                                       [&] { return static_cast<std::int8_t>(random()); });
    case TypeKind::kInt16:
      return build<arrow::Int16Builder>(type, rows, nullable, values,
                                        [&] { return static_cast<std::int16_t>(random()); });
    case TypeKind::kInt32:
      return build<arrow::Int32Builder>(type, rows, nullable, values,
                                        [&] { return static_cast<std::int32_t>(number()); });
    case TypeKind::kInt64:
      return build<arrow::Int64Builder>(type, rows, nullable, values, [&] { return -number(); });
    case TypeKind::kUint8:
      return build<arrow::UInt8Builder>(type, rows, nullable, values,
                                        [&] { return static_cast<std::uint8_t>(random()); });
    case TypeKind::kUint16:
      return build<arrow::UInt16Builder>(type, rows, nullable, values,
                                         [&] { return static_cast<std::uint16_t>(random()); });
    case TypeKind::kUint32:
      return build<arrow::UInt32Builder>(type, rows, nullable, values,
                                         [&] { return static_cast<std::uint32_t>(random()); });
    case TypeKind::kUint64:
      return build<arrow::UInt64Builder>(type, rows, nullable, values, [&] { return random(); });
    case TypeKind::kFloat32:
      return build<arrow::FloatBuilder>(type, rows, nullable, values, [&] { return static_cast<float>(number()) / 7; });
    case TypeKind::kFloat64:
      return build<arrow::DoubleBuilder>(type, rows, nullable, values,
                                         [&] { return static_cast<double>(number()) / 7; });
    case TypeKind::kDecimal:
      return build<arrow::Decimal128Builder>(type, rows, nullable, values, [&] {
        const auto low = static_cast<std::int64_t>(random() % 1'000'000'000'000);
        if (column.type.precision <= 18) return arrow::Decimal128(random() % 2 ? low : -low);
        return arrow::Decimal128(static_cast<std::int64_t>(random() % 1'000'000) - 500'000, random());
      });
    case TypeKind::kBool:
      return build<arrow::BooleanBuilder>(type, rows, nullable, values, [&] { return random() % 2 == 0; });
    case TypeKind::kDate:
      return build<arrow::Date32Builder>(type, rows, nullable, values,
                                         [&] { return static_cast<std::int32_t>(random() % 40'000) - 10'000; });
    case TypeKind::kTime:
      return build<arrow::Time64Builder>(type, rows, nullable, values,
                                         [&] { return static_cast<std::int64_t>(random() % 86'400'000'000); });
    case TypeKind::kTimestamp:
      return build<arrow::TimestampBuilder>(type, rows, nullable, values, [&] {
        return static_cast<std::int64_t>(random() % 4'000'000'000'000'000) - 1'000'000'000'000'000;
      });
    case TypeKind::kString:
      return build<arrow::StringBuilder>(type, rows, nullable, values, [&] { return values.string(); });
    case TypeKind::kFixedString:
      return build<arrow::StringBuilder>(type, rows, nullable, values, [&] { return values.text(column.type.width); });
    case TypeKind::kEnum:
      return build<arrow::UInt16Builder>(type, rows, nullable, values, [&] {
        return static_cast<std::uint16_t>(random() % column.type.labels.size());
      });
  }
  return nullptr;
}

inline Batch random_batch(const Schema& schema, std::int64_t rows, RandomValues values) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const Column& column : schema) arrays.push_back(random_array(column, rows, values));
  return arrow::RecordBatch::Make(arrow_schema(schema), rows, std::move(arrays));
}

// The same rows in slices of random sizes.
inline std::vector<Batch> cut(const Batch& batch, std::mt19937_64& random, std::int64_t rows_max) {
  std::vector<Batch> slices;
  for (std::int64_t at = 0; at < batch->num_rows();) {
    const auto rows = std::min<std::int64_t>(
        batch->num_rows() - at, 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(rows_max)));
    slices.push_back(batch->Slice(at, rows));
    at += rows;
  }
  return slices;
}

inline Status write_part(const std::filesystem::path& path, const Schema& schema, Codec codec,
                         const std::vector<Batch>& batches) {
  TIPPLE_TRY(Hdf5PartWriter writer, Hdf5PartWriter::create(path, schema, codec, {{"tipple_table", "test"}}));
  RowGrouper grouper(schema);
  std::vector<RowGroup> groups;
  for (const Batch& batch : batches) grouper.add(batch, groups);
  grouper.finish(groups);
  for (const RowGroup& group : groups) {
    TIPPLE_TRY(const EncodedRowGroup encoded, encode_row_group(group, schema, codec));
    TIPPLE_RETURN_IF_ERROR(writer.append(encoded));
  }
  return writer.close();
}

// All row groups as one batch.
inline Result<Batch> read_part(const std::filesystem::path& path) {
  TIPPLE_TRY(Hdf5PartReader reader, Hdf5PartReader::open(path));
  std::vector<Batch> batches;
  for (std::uint64_t i = 0; i < reader.row_groups(); ++i) {
    TIPPLE_TRY(Batch batch, reader.read_row_group(i));
    if (const auto valid = batch->ValidateFull(); !valid.ok()) return environment_error(valid.ToString());
    batches.push_back(std::move(batch));
  }
  auto table = arrow::Table::FromRecordBatches(arrow_schema(reader.schema()), batches);
  if (!table.ok()) return environment_error(table.status().ToString());
  auto whole = (*table)->CombineChunksToBatch();
  if (!whole.ok()) return environment_error(whole.status().ToString());
  return *whole;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace tipple::testing_parts
