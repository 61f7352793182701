// Dictionaries: the dictionary is converted, once for each batch, and its rows are handed out. An entry that cannot be
// converted is a fault of the rows that name it, and of no others.
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "formats/arrow_types.h"
#include "formats/batch_convert.h"
#include "formats/csv_column.h"

namespace tipple {
namespace {

bool get_bit(const std::uint8_t* bits, std::size_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

Result<std::shared_ptr<arrow::Buffer>> gather_bits(const std::uint8_t* bits, std::int64_t offset,
                                                   const std::vector<std::uint32_t>& positions,
                                                   arrow::MemoryPool* pool) {
  TIPPLE_TRY(auto out, allocate_buffer(static_cast<std::int64_t>((positions.size() + 7) / 8), pool));
  std::memset(out->mutable_data(), 0, static_cast<std::size_t>(out->size()));
  for (std::size_t row = 0; row < positions.size(); ++row) {
    const bool bit = get_bit(bits, static_cast<std::size_t>(offset) + positions[row]);
    out->mutable_data()[row / 8] = static_cast<std::uint8_t>(out->data()[row / 8] | (bit ? 1U : 0U) << (row % 8));
  }
  return out;
}

template <typename Word>
void gather_words(const std::uint8_t* values, const std::vector<std::uint32_t>& positions, std::uint8_t* out) {
  for (std::size_t row = 0; row < positions.size(); ++row) {
    std::memcpy(out + row * sizeof(Word), values + positions[row] * sizeof(Word), sizeof(Word));
  }
}

struct Words16 {
  std::uint64_t words[2];
};

Result<ArrayDataPtr> gather_strings(const arrow::ArrayData& column, const std::vector<std::uint32_t>& positions,
                                    std::shared_ptr<arrow::Buffer> validity, arrow::MemoryPool* pool) {
  const auto* const from = column.GetValues<std::int32_t>(1);
  TIPPLE_TRY(auto offsets_buffer,
             allocate_buffer(static_cast<std::int64_t>((positions.size() + 1) * sizeof(std::int32_t)), pool));
  auto* const offsets = reinterpret_cast<std::int32_t*>(offsets_buffer->mutable_data());
  std::int64_t bytes = 0;
  for (std::size_t row = 0; row < positions.size(); ++row) {
    offsets[row] = static_cast<std::int32_t>(bytes);
    bytes += from[positions[row] + 1] - from[positions[row]];
    if (bytes > std::numeric_limits<std::int32_t>::max()) {
      return environment_error("a column has more than 2 GiB of text in one batch", {},
                               "write the file with smaller row groups");
    }
  }
  offsets[positions.size()] = static_cast<std::int32_t>(bytes);
  TIPPLE_TRY(auto text, allocate_buffer(bytes, pool));
  for (std::size_t row = 0; row < positions.size(); ++row) {
    const std::int32_t begin = from[positions[row]];
    const std::int32_t size = offsets[row + 1] - offsets[row];
    if (size > 0)
      std::memcpy(text->mutable_data() + offsets[row], column.buffers[2]->data() + begin,
                  static_cast<std::size_t>(size));
  }
  return arrow::ArrayData::Make(column.type, static_cast<std::int64_t>(positions.size()),
                                {std::move(validity), std::move(offsets_buffer), std::move(text)});
}

class DictionaryCast final : public ColumnCastBase {
 public:
  DictionaryCast(const CastTarget& to, std::unique_ptr<ColumnCast> values)
      : ColumnCastBase(to), values_(std::move(values)) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    const auto dictionary = in.dictionary;
    CsvFaults entry_faults(static_cast<std::size_t>(dictionary->length));
    TIPPLE_TRY(const ArrayDataPtr entries, values_->cast(*dictionary, entry_faults, pool));
    std::vector<std::uint32_t> fault_of(entry_faults.empty() ? 0 : entry_faults.rows());
    for (std::size_t i = 0; i < entry_faults.faults().size(); ++i) {
      fault_of[entry_faults.faults()[i].row] = static_cast<std::uint32_t>(i) + 1;
    }
    const arrow::DictionaryArray array(in.Copy());
    std::vector<std::uint32_t> positions(static_cast<std::size_t>(in.length));
    std::vector<std::uint32_t> nulls;
    for (std::size_t row = 0; row < positions.size(); ++row) {
      if (!is_valid_row(in, row)) {
        nulls.push_back(static_cast<std::uint32_t>(row));
        continue;
      }
      const std::int64_t entry = array.GetValueIndex(static_cast<std::int64_t>(row));
      if (entry < 0 || entry >= dictionary->length) {
        return environment_error("is damaged: column \"" + to_.column.name +
                                 "\" has a value that its dictionary lacks");
      }
      positions[row] = static_cast<std::uint32_t>(entry);
      if (!fault_of.empty() && fault_of[positions[row]] != 0 && !faults.is_bad(row)) {
        const CsvFaults::Fault& fault = entry_faults.faults()[fault_of[positions[row]] - 1];
        faults.add(static_cast<std::uint32_t>(row), to_.position, fault.rule, fault.reason);
      }
    }
    return hand_out(in, *entries, positions, nulls, faults, pool);
  }

 private:
  Result<ArrayDataPtr> hand_out(const arrow::ArrayData& in, const arrow::ArrayData& entries,
                                const std::vector<std::uint32_t>& positions, const std::vector<std::uint32_t>& nulls,
                                CsvFaults& faults, arrow::MemoryPool* pool) const {
    if (entries.length == 0) {  // then every row is null
      TIPPLE_TRY(Nulls all, take_nulls(in, faults, pool));
      auto none = arrow::MakeArrayOfNull(arrow_type_, in.length, pool);
      if (!none.ok()) return from_arrow(none.status());
      return (*none)->data();
    }
    TIPPLE_TRY(auto rows, gather_rows(entries, positions, pool));
    if (nulls.empty()) return rows;
    if (rows->buffers[0] == nullptr) {
      TIPPLE_TRY(rows->buffers[0], allocate_buffer((in.length + 7) / 8, pool));
      std::memset(rows->buffers[0]->mutable_data(), 0xFF, static_cast<std::size_t>(rows->buffers[0]->size()));
    }
    std::uint8_t* const bits = rows->buffers[0]->mutable_data();
    for (const std::uint32_t row : nulls) {
      bits[row / 8] = static_cast<std::uint8_t>(bits[row / 8] & ~(1U << (row % 8)));
      if (!to_.column.nullable) add_fault(faults, row, {CsvRule::kNotNull, nullptr}, std::string_view());
    }
    rows->null_count = arrow::kUnknownNullCount;
    return rows;
  }

  std::unique_ptr<ColumnCast> values_;
};

}  // namespace

Result<ArrayDataPtr> gather_rows(const arrow::ArrayData& column, const std::vector<std::uint32_t>& positions,
                                 arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Buffer> validity;
  if (column.buffers[0] != nullptr) {
    TIPPLE_TRY(validity, gather_bits(column.buffers[0]->data(), column.offset, positions, pool));
  }
  const auto rows = static_cast<std::int64_t>(positions.size());
  if (column.type->id() == arrow::Type::STRING) return gather_strings(column, positions, std::move(validity), pool);
  if (column.type->id() == arrow::Type::BOOL) {
    TIPPLE_TRY(auto bits, gather_bits(column.buffers[1]->data(), column.offset, positions, pool));
    return arrow::ArrayData::Make(column.type, rows, {std::move(validity), std::move(bits)});
  }
  const int width = column.type->byte_width();
  TIPPLE_TRY(auto values, allocate_buffer(rows * width, pool));
  const std::uint8_t* const from = column.buffers[1]->data() + column.offset * width;
  switch (width) {
    case 1:
      gather_words<std::uint8_t>(from, positions, values->mutable_data());
      break;
    case 2:
      gather_words<std::uint16_t>(from, positions, values->mutable_data());
      break;
    case 4:
      gather_words<std::uint32_t>(from, positions, values->mutable_data());
      break;
    case 8:
      gather_words<std::uint64_t>(from, positions, values->mutable_data());
      break;
    case 16:
      gather_words<Words16>(from, positions, values->mutable_data());
      break;
    default:
      TIPPLE_CHECK(false, "a column of a width that no type has");
  }
  return arrow::ArrayData::Make(column.type, rows, {std::move(validity), std::move(values)});
}

std::unique_ptr<ColumnCast> make_dictionary_cast(const arrow::DictionaryType& from, const CastTarget& to) {
  auto values = make_column_cast(*from.value_type(), to);
  return values == nullptr ? nullptr : std::make_unique<DictionaryCast>(to, std::move(values));
}

}  // namespace tipple
