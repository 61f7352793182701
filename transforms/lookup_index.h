// LookupIndex: finds rows of a small table by the values of key columns, a batch at a time.
//
// A hash table of 8-byte slots (32 bits of the hash, row number) with linear probing at most half full: for 10,000 rows
// it stays in the second-level cache. Keys are hashed a stretch of rows at a time, then probed, then compared column by
// column; each is one tight loop. Thread rule: immutable after make(); find() may be called on many threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

// One key column of a batch or of the table. Whole numbers, dates and times compare as 64-bit numbers, texts, enums and
// decimals as bytes.
class KeyColumn {
 public:
  KeyColumn(const arrow::Array& values, const DataType& type);

  [[nodiscard]] bool is_number() const { return number_bytes_ != 0 || bits_ != nullptr; }
  [[nodiscard]] bool has_nulls() const { return validity_ != nullptr; }
  [[nodiscard]] bool is_null(std::int64_t row) const;
  // Precondition: is_number().
  void read_numbers(std::int64_t begin, std::size_t count, std::uint64_t* to) const;
  // Precondition: !is_number().
  [[nodiscard]] std::string_view text(std::int64_t row) const;
  [[nodiscard]] bool plain_text() const { return labels_ == nullptr && offsets_ != nullptr; }
  [[nodiscard]] const std::int32_t* offsets() const { return offsets_; }
  [[nodiscard]] const char* bytes() const { return bytes_; }

 private:
  const std::uint8_t* validity_ = nullptr;
  std::int64_t offset_ = 0;
  const std::uint8_t* values_ = nullptr;  // at the first row
  int number_bytes_ = 0;
  bool is_signed_ = false;
  const std::uint8_t* bits_ = nullptr;                // bool
  const std::int32_t* offsets_ = nullptr;             // utf8
  const char* bytes_ = nullptr;                       // utf8
  const std::vector<std::string>* labels_ = nullptr;  // enum
};

class LookupIndex {
 public:
  // Moved only: its texts point into its own types.
  LookupIndex(LookupIndex&&) = default;
  LookupIndex& operator=(LookupIndex&&) = default;

  // `columns`: of equal length, `types` their types. Rows with a null among them cannot be found. `unique`: a key that
  // occurs twice is an error, kUsage, that prints it after `what` ("the lookup table 'airlines'"). Otherwise the first
  // row is found.
  [[nodiscard]] static Result<LookupIndex> make(std::vector<std::shared_ptr<arrow::Array>> columns,
                                                std::vector<DataType> types, const std::vector<std::string>& names,
                                                bool unique, const std::string& what);

  // For each of `rows` rows the table's row with the same key, or kNoRow (also if a key column is null). Precondition:
  // keys' types can match (jobs/table_schema_columns.h).
  void find(const std::vector<KeyColumn>& keys, std::int64_t rows, std::uint32_t* found) const;
  [[nodiscard]] std::uint32_t size() const { return rows_; }

 private:
  LookupIndex() = default;

  struct Slot {
    std::uint32_t tag;
    std::uint32_t row;
  };
  struct Stretch;

  void find_stretch(const std::vector<KeyColumn>& keys, std::int64_t begin, std::size_t count, Stretch& stretch,
                    std::uint32_t* found) const;
  void verify(const std::vector<KeyColumn>& keys, std::int64_t begin, std::size_t count, Stretch& stretch,
              std::uint32_t* found) const;
  [[nodiscard]] bool equal(const std::vector<KeyColumn>& keys, std::int64_t row, std::uint32_t own) const;
  [[nodiscard]] std::uint32_t find_slowly(const std::vector<KeyColumn>& keys, std::int64_t row,
                                          std::uint64_t hash) const;

  std::vector<std::shared_ptr<arrow::Array>> columns_;  // what the texts below point into
  std::vector<DataType> types_;
  // By key column: its numbers, or its texts.
  std::vector<std::vector<std::uint64_t>> numbers_;
  std::vector<std::vector<std::string_view>> texts_;
  std::vector<Slot> slots_;
  int shift_ = 0;  // slot = hash >> shift_
  std::uint32_t rows_ = 0;
};

// "carrier = 'AA', year = 2013": a key in messages, texts printable and cut.
[[nodiscard]] std::string printable_key(const std::vector<KeyColumn>& keys, const std::vector<std::string>& names,
                                        std::int64_t row);

}  // namespace tipple
