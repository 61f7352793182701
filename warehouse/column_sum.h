// The sum of a column over parts, in row order: exact for integers and decimals, compensated (Neumaier) for floats, so
// that it does not depend on how the rows were batched.
//
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <string>

#include <arrow/type_fwd.h>
#include <arrow/util/decimal.h>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

class ColumnSum {
 public:
  // Error kUsage for a type without sums.
  [[nodiscard]] static Result<ColumnSum> make(const Column& column);

  // `array` has the column's type; nulls count as nothing.
  void add(const arrow::Array& array);
  [[nodiscard]] double value() const;
  // All digits of an exact sum; the shortest text of a float's.
  [[nodiscard]] std::string text() const;

 private:
  explicit ColumnSum(const DataType& type) : type_(type) {}
  [[nodiscard]] bool is_float() const { return type_.kind == TypeKind::kFloat32 || type_.kind == TypeKind::kFloat64; }
  void add_float(double value);

  DataType type_;
  arrow::Decimal256 exact_;  // 76 digits: 10^38 values of 38 digits
  double sum_ = 0;
  double lost_ = 0;  // what rounding took from sum_
};

}  // namespace tipple
