// The checks that look at one row alone: rule, not null, range, pattern, length.
#include <algorithm>
#include <cmath>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include "jobs/table_schema.h"
#include "transforms/check_rows.h"
#include "transforms/check_values.h"
#include "transforms/step_arrays.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

class RuleCheck : public RowCheck {
 public:
  RuleCheck(std::string text, ExpressionProgram program) : text_(std::move(text)), program_(std::move(program)) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool* pool) const override {
    ExprFaults found;
    TIPPLE_TRY(const auto values, program_.run(rows, found, pool));
    const auto& holds = static_cast<const arrow::BooleanArray&>(*values);
    const bool clean = found.empty();
    if (clean && holds.false_count() == 0) return {};
    for (std::int64_t row = 0; row < holds.length(); ++row) {
      const bool broken =
          holds.IsValid(row) ? !holds.Value(row) : !clean && found.is_bad(static_cast<std::uint32_t>(row));
      if (broken) failed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    for (ExprFault& fault : found.take()) {
      failed.notes.emplace_back(fault.row, fmt::format("the rule '{}' cannot be computed: {}", text_, fault.reason));
    }
    return {};
  }
  std::string reason(const arrow::RecordBatch&, std::uint32_t) const override {
    return fmt::format("the rule '{}' does not hold", text_);
  }

 private:
  std::string text_;
  ExpressionProgram program_;
};

class NotNullCheck : public RowCheck {
 public:
  NotNullCheck(std::vector<int> positions, std::vector<std::string> names)
      : positions_(std::move(positions)), names_(std::move(names)) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool*) const override {
    std::vector<std::shared_ptr<arrow::Array>> with_nulls;
    for (const int position : positions_) {
      if (rows.column(position)->null_count() > 0) with_nulls.push_back(rows.column(position));
    }
    for (std::int64_t row = 0; !with_nulls.empty() && row < rows.num_rows(); ++row) {
      const bool null =
          std::any_of(with_nulls.begin(), with_nulls.end(), [&](const auto& column) { return column->IsNull(row); });
      if (null) failed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return {};
  }
  std::string reason(const arrow::RecordBatch& rows, std::uint32_t row) const override {
    for (std::size_t i = 0; i < positions_.size(); ++i) {
      if (rows.column(positions_[i])->IsNull(row)) return fmt::format("'{}' is null", names_[i]);
    }
    TIPPLE_CHECK(false, "a row without a null does not fail");
  }

 private:
  std::vector<int> positions_;
  std::vector<std::string> names_;
};

// What checks of one column share.
class ColumnCheck : public RowCheck {
 public:
  ColumnCheck(const CheckSpec& check, const Schema& schema)
      : position_(find_column(schema, check.columns.front())), column_(schema[static_cast<std::size_t>(position_)]) {}

  std::string reason(const arrow::RecordBatch& rows, std::uint32_t row) const override {
    return fmt::format("{} {}", value_in_words(*rows.column(position_), column_.type, row), complaint());
  }

 protected:
  [[nodiscard]] virtual std::string complaint() const = 0;
  int position_;
  Column column_;
};

// Bounds of a fixed-width type T. NaN is above everything, as PostgreSQL orders it.
template <typename T>
class RangeCheck : public ColumnCheck {
 public:
  RangeCheck(const CheckSpec& check, const Schema& schema, std::optional<T> min, std::optional<T> max)
      : ColumnCheck(check, schema),
        min_(min),
        max_(max),
        min_text_(check.min.value_or("")),
        max_text_(check.max.value_or("")) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool*) const override {
    const auto values = rows.column(position_);
    const T* from = values->data()->template GetValues<T>(1);
    // First whether, then where: the first loop has no branch.
    bool any = false;
    for (std::int64_t row = 0; row < values->length(); ++row) any |= outside(from[row]);
    for (std::int64_t row = 0; any && row < values->length(); ++row) {
      if (outside(from[row]) && values->IsValid(row)) failed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return {};
  }

 private:
  [[nodiscard]] bool outside(T value) const { return (min_ && value < *min_) | (max_ && !(value <= *max_)); }
  std::string complaint() const override {
    return fmt::format("is not in the range {} to {}", min_ ? min_text_ : "...", max_ ? max_text_ : "...");
  }
  std::optional<T> min_, max_;
  std::string min_text_, max_text_;
};

// Texts, in the order of their bytes, which is that of their code points.
class TextRangeCheck : public ColumnCheck {
 public:
  TextRangeCheck(const CheckSpec& check, const Schema& schema)
      : ColumnCheck(check, schema), min_(check.min), max_(check.max) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool*) const override {
    const auto values = rows.column(position_);
    const TextView texts(*values);
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      const std::string_view text = texts[row];
      const bool outside = (min_ && text < *min_) || (max_ && text > *max_);
      if (outside && values->IsValid(row)) failed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return {};
  }

 private:
  std::string complaint() const override {
    return fmt::format("is not in the range {} to {}", min_.value_or("..."), max_.value_or("..."));
  }
  std::optional<std::string> min_, max_;
};

template <typename T>
MadeCheck range_of(const CheckSpec& check, const Schema& schema, const std::shared_ptr<arrow::Array>& bounds) {
  // `bounds`: min, then max, those that are given.
  const T* values = bounds->data()->GetValues<T>(1);
  std::optional<T> min, max;
  if (check.min) min = *values++;
  if (check.max) max = *values;
  return std::unique_ptr<RowCheck>(std::make_unique<RangeCheck<T>>(check, schema, min, max));
}

class PatternCheck : public ColumnCheck {
 public:
  PatternCheck(const CheckSpec& check, const Schema& schema, std::unique_ptr<RE2> pattern)
      : ColumnCheck(check, schema), text_(check.pattern), pattern_(std::move(pattern)) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool*) const override {
    const auto values = rows.column(position_);
    const TextView texts(*values);
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      const std::string_view text = texts[row];
      if (values->IsValid(row) && !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *pattern_)) {
        failed.rows.push_back(static_cast<std::uint32_t>(row));
      }
    }
    return {};
  }

 private:
  std::string complaint() const override { return fmt::format("does not match '{}'", text_); }
  std::string text_;
  std::unique_ptr<RE2> pattern_;
};

class LengthCheck : public ColumnCheck {
 public:
  LengthCheck(const CheckSpec& check, const Schema& schema)
      : ColumnCheck(check, schema), min_(check.length_min), max_(check.length_max) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool*) const override {
    const auto values = rows.column(position_);
    const TextView texts(*values);
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      const std::string_view text = texts[row];
      // Bytes that continue a character do not count.
      const auto length = static_cast<std::uint64_t>(std::count_if(
          text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
      const bool wrong = (min_ && length < *min_) || (max_ && length > *max_);
      if (wrong && values->IsValid(row)) failed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return {};
  }

 private:
  std::string complaint() const override {
    return fmt::format("has not {} to {} characters", min_.value_or(0),
                       max_ ? fmt::format("{}", *max_) : "any number of");
  }
  std::optional<std::uint64_t> min_, max_;
};

}  // namespace

MadeCheck make_rule_check(const CheckSpec& check, const Schema& schema, const std::string& place) {
  TIPPLE_TRY(auto program, compile_program(check.rule, schema, place));
  return std::unique_ptr<RowCheck>(std::make_unique<RuleCheck>(check.rule, std::move(program)));
}

MadeCheck make_not_null_check(const CheckSpec& check, const Schema& schema) {
  std::vector<int> positions;
  for (const std::string& name : check.columns) positions.push_back(find_column(schema, name));
  return std::unique_ptr<RowCheck>(std::make_unique<NotNullCheck>(std::move(positions), check.columns));
}

MadeCheck make_range_check(const CheckSpec& check, const Schema& schema, const std::string& place) {
  const DataType& type = schema[static_cast<std::size_t>(find_column(schema, check.columns.front()))].type;
  std::vector<std::string> bounds;
  if (check.min) bounds.push_back(*check.min);
  if (check.max) bounds.push_back(*check.max);
  TIPPLE_TRY(const auto values, array_of_texts(bounds, type, place));
  switch (type.kind) {
    case TypeKind::kInt8:
      return range_of<std::int8_t>(check, schema, values);
    case TypeKind::kInt16:
      return range_of<std::int16_t>(check, schema, values);
    case TypeKind::kInt32:
    case TypeKind::kDate:
      return range_of<std::int32_t>(check, schema, values);
    case TypeKind::kInt64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return range_of<std::int64_t>(check, schema, values);
    case TypeKind::kUint8:
      return range_of<std::uint8_t>(check, schema, values);
    case TypeKind::kUint16:
      return range_of<std::uint16_t>(check, schema, values);
    case TypeKind::kUint32:
      return range_of<std::uint32_t>(check, schema, values);
    case TypeKind::kUint64:
      return range_of<std::uint64_t>(check, schema, values);
    case TypeKind::kFloat32:
      return range_of<float>(check, schema, values);
    case TypeKind::kFloat64:
      return range_of<double>(check, schema, values);
    case TypeKind::kDecimal:
      return range_of<__int128>(check, schema, values);
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return std::unique_ptr<RowCheck>(std::make_unique<TextRangeCheck>(check, schema));
    case TypeKind::kBool:
    case TypeKind::kEnum:
      break;
  }
  return usage_error(fmt::format("'{}' is {} and has no range", check.columns.front(), type.to_string()), place);
}

MadeCheck make_pattern_check(const CheckSpec& check, const Schema& schema, const std::string& place) {
  auto pattern = std::make_unique<RE2>(check.pattern, RE2::Quiet);
  if (!pattern->ok())
    return usage_error(fmt::format("'{}' is not a regular expression: {}", check.pattern, pattern->error()), place);
  return std::unique_ptr<RowCheck>(std::make_unique<PatternCheck>(check, schema, std::move(pattern)));
}

MadeCheck make_length_check(const CheckSpec& check, const Schema& schema) {
  return std::unique_ptr<RowCheck>(std::make_unique<LengthCheck>(check, schema));
}

}  // namespace tipple
