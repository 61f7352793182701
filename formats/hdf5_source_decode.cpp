// decode_hdf5_field (formats/hdf5_source_type.h): rows as HDF5 read them to Arrow arrays.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include "formats/arrow_types.h"
#include "formats/batch_convert.h"
#include "formats/csv_column.h"
#include "formats/hdf5_source_type.h"

namespace tipple {
namespace {

using ArrayResult = Result<std::shared_ptr<arrow::Array>>;

struct FieldRows {
  const Hdf5Field& field;
  const std::shared_ptr<arrow::Buffer>& buffer;
  std::int64_t rows;
  std::size_t row_bytes;
  arrow::MemoryPool* pool;

  const std::uint8_t* at(std::int64_t row) const {
    return buffer->data() + static_cast<std::size_t>(row) * row_bytes + field.offset;
  }
};

// The field's bytes without those of others between them.
Result<std::shared_ptr<arrow::Buffer>> packed(const FieldRows& in) {
  if (in.row_bytes == in.field.bytes) return in.buffer;
  TIPPLE_TRY(auto out, allocate_buffer(in.rows * static_cast<std::int64_t>(in.field.bytes), in.pool));
  for (std::int64_t row = 0; row < in.rows; ++row) {
    std::memcpy(out->mutable_data() + static_cast<std::size_t>(row) * in.field.bytes, in.at(row), in.field.bytes);
  }
  return out;
}

ArrayResult decode_numbers(const FieldRows& in) {
  TIPPLE_TRY(auto values, packed(in));
  if (in.field.type->id() != arrow::Type::FIXED_SIZE_LIST) {
    return arrow::MakeArray(arrow::ArrayData::Make(in.field.type, in.rows, {nullptr, std::move(values)}, 0));
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*in.field.type);
  auto items = arrow::ArrayData::Make(list.value_type(), in.rows * list.list_size(), {nullptr, std::move(values)}, 0);
  return arrow::MakeArray(arrow::ArrayData::Make(in.field.type, in.rows, {nullptr}, {std::move(items)}, 0));
}

std::int64_t integer_at(const std::uint8_t* bytes, std::size_t size, bool is_signed) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, bytes, size);
  if (!is_signed || size == 8) return static_cast<std::int64_t>(raw);
  const unsigned shift = 64 - 8 * static_cast<unsigned>(size);
  return static_cast<std::int64_t>(raw << shift) >> shift;
}

ArrayResult decode_bools(const FieldRows& in) {
  TIPPLE_TRY(auto bytes, packed(in));
  TIPPLE_TRY(auto normal, allocate_buffer(in.rows, in.pool));
  for (std::int64_t row = 0; row < in.rows; ++row) normal->mutable_data()[row] = bytes->data()[row] != 0 ? 1 : 0;
  TIPPLE_TRY(auto bits, pack_bits(normal->data(), static_cast<std::size_t>(in.rows), in.pool));
  return arrow::MakeArray(arrow::ArrayData::Make(in.field.type, in.rows, {nullptr, std::move(bits)}, 0));
}

// A value without a label stands in the dictionary as its number, so that whoever wants labels can say which it was.
ArrayResult decode_enum(const FieldRows& in) {
  const auto& known = in.field.label_values;
  std::map<std::int64_t, std::int32_t> others;
  arrow::StringBuilder labels;
  arrow::Status status = labels.AppendValues(in.field.labels);
  TIPPLE_TRY(auto positions, allocate_buffer(in.rows * 4, in.pool));
  auto* const out = reinterpret_cast<std::int32_t*>(positions->mutable_data());
  for (std::int64_t row = 0; row < in.rows && status.ok(); ++row) {
    const std::int64_t value = integer_at(in.at(row), in.field.bytes, in.field.is_signed);
    const auto at = std::lower_bound(known.begin(), known.end(), value);
    if (at != known.end() && *at == value) {
      out[row] = static_cast<std::int32_t>(at - known.begin());
      continue;
    }
    const auto [other, is_new] = others.try_emplace(value, static_cast<std::int32_t>(known.size() + others.size()));
    if (is_new)
      status =
          labels.Append(in.field.is_signed ? std::to_string(value) : std::to_string(static_cast<std::uint64_t>(value)));
    out[row] = other->second;
  }
  std::shared_ptr<arrow::Array> dictionary;
  if (status.ok()) status = labels.Finish(&dictionary);
  if (!status.ok()) return from_arrow(status);
  auto data = arrow::ArrayData::Make(in.field.type, in.rows, {nullptr, std::move(positions)}, 0);
  data->dictionary = dictionary->data();
  return arrow::MakeArray(data);
}

// base + value * step; what no int64 holds becomes one of its ends, which is out of every column's range.
std::int64_t time_of(std::int64_t value, const Hdf5TimeUnits& units) {
  std::int64_t time = 0;
  if (__builtin_mul_overflow(value, units.step, &time) || __builtin_add_overflow(time, units.base, &time)) {
    return value < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  return time;
}

std::int64_t time_of(double value, const Hdf5TimeUnits& units) {
  constexpr double kLimit = 9.2e18;
  const double scaled = std::nearbyint(value * static_cast<double>(units.step));
  if (!(scaled > -kLimit && scaled < kLimit))
    return value < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  return time_of(static_cast<std::int64_t>(scaled), {units.nanos, units.zoned, 1, units.base});
}

// NaN is how files of floating-point times say that there is none.
ArrayResult decode_times(const FieldRows& in) {
  TIPPLE_TRY(auto times, allocate_buffer(in.rows * 8, in.pool));
  auto* const out = reinterpret_cast<std::int64_t*>(times->mutable_data());
  CsvValidity validity(static_cast<std::size_t>(in.rows), in.pool);
  for (std::int64_t row = 0; row < in.rows; ++row) {
    if (in.field.is_float) {
      double value = 0;
      std::memcpy(&value, in.at(row), sizeof(value));
      if (std::isnan(value)) {
        validity.set_null(static_cast<std::size_t>(row));
        value = 0;
      }
      out[row] = time_of(value, in.field.units);
    } else {
      const std::int64_t value = integer_at(in.at(row), in.field.bytes, in.field.is_signed);
      const bool too_large = !in.field.is_signed && value < 0;  // an unsigned number of 64 bits
      out[row] = too_large ? std::numeric_limits<std::int64_t>::max() : time_of(value, in.field.units);
    }
  }
  TIPPLE_RETURN_IF_ERROR(validity.status());
  return arrow::MakeArray(
      arrow::ArrayData::Make(in.field.type, in.rows, {validity.buffer(), std::move(times)}, validity.nulls()));
}

std::string_view text_at(const FieldRows& in, std::int64_t row) {
  if (in.field.kind == Hdf5Kind::kVarText) {
    const char* text = nullptr;
    std::memcpy(&text, in.at(row), sizeof(text));
    return text == nullptr ? std::string_view() : std::string_view(text);
  }
  std::string_view text(reinterpret_cast<const char*>(in.at(row)), in.field.bytes);
  switch (in.field.padding) {
    case H5T_STR_SPACEPAD:
      while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
      return text;
    case H5T_STR_NULLTERM:
      return text.substr(0, text.find('\0'));
    default:  // zeros at the end are padding, one inside is a part of the text
      while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
      return text;
  }
}

ArrayResult decode_texts(const FieldRows& in) {
  TIPPLE_TRY(auto offsets_buffer, allocate_buffer((in.rows + 1) * 4, in.pool));
  auto* const offsets = reinterpret_cast<std::int32_t*>(offsets_buffer->mutable_data());
  arrow::BufferBuilder texts(in.pool);
  offsets[0] = 0;
  for (std::int64_t row = 0; row < in.rows; ++row) {
    const std::string_view text = text_at(in, row);
    if (texts.length() + static_cast<std::int64_t>(text.size()) > std::numeric_limits<std::int32_t>::max()) {
      return environment_error("column \"" + in.field.name + "\" has more than 2 GiB of text in a stretch of rows");
    }
    const auto status = texts.Append(text.data(), static_cast<std::int64_t>(text.size()));
    if (!status.ok()) return from_arrow(status);
    offsets[row + 1] = static_cast<std::int32_t>(texts.length());
  }
  auto bytes = texts.Finish();
  if (!bytes.ok()) return from_arrow(bytes.status());
  return arrow::MakeArray(arrow::ArrayData::Make(
      in.field.type, in.rows, {nullptr, std::move(offsets_buffer), std::move(bytes).ValueUnsafe()}, 0));
}

}  // namespace

ArrayResult decode_hdf5_field(const Hdf5Field& field, const std::shared_ptr<arrow::Buffer>& rows_buffer,
                              std::int64_t rows, std::size_t row_bytes, arrow::MemoryPool* pool) {
  const FieldRows in{field, rows_buffer, rows, row_bytes, pool};
  switch (field.kind) {
    case Hdf5Kind::kNumber:
      return decode_numbers(in);
    case Hdf5Kind::kBool:
      return decode_bools(in);
    case Hdf5Kind::kEnum:
      return decode_enum(in);
    case Hdf5Kind::kTime:
      return decode_times(in);
    case Hdf5Kind::kFixedText:
    case Hdf5Kind::kVarText:
      return decode_texts(in);
  }
  TIPPLE_CHECK(false, "unknown kind of HDF5 field");
}

}  // namespace tipple
