// What types do to one another in expressions: PostgreSQL's ladder of numbers, casts, literals. Pure; safe from any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "jobs/data_type.h"
#include "jobs/expression.h"

namespace tipple {

inline constexpr int kDecimalDigitsMax = 38;

[[nodiscard]] bool is_integer(TypeKind kind);
[[nodiscard]] bool is_float(TypeKind kind);
[[nodiscard]] bool is_number(TypeKind kind);
[[nodiscard]] bool is_text(TypeKind kind);  // string, string(n), enum

[[nodiscard]] DataType type_of(TypeKind kind, bool zoned = false);
// Both clamped to what a decimal can be.
[[nodiscard]] DataType decimal_of(int precision, int scale);
// The decimal that holds every value of an integer or decimal type.
[[nodiscard]] DataType decimal_for(const DataType& type);

// kArithmetic: of int8 and int16 an int32, of float32 beside another number a float64, as PostgreSQL's operators have
// it. kChoice (CASE, COALESCE, IN, comparisons of like with like): no wider than needed.
enum class CommonFor : std::uint8_t { kArithmetic, kCompare, kChoice };
[[nodiscard]] std::optional<DataType> common_type(const DataType& a, const DataType& b, CommonFor purpose);

// Steps from `from` up to `to` on the ladder: 0 the same, absent: only an explicit cast leads there, or none.
[[nodiscard]] std::optional<int> implicit_cost(const DataType& from, const DataType& to);
[[nodiscard]] bool casts_explicitly(const DataType& from, const DataType& to);

// Type names of job files and of SQL: "bigint", "double precision", "varchar(20)", ... "decimal" alone has precision 0.
[[nodiscard]] Result<DataType> parse_sql_type(std::string_view text);

// A number as it stands in an expression: the first of int32, int64, decimal that holds it; with an exponent float64.
// Error kUsage: more than 38 digits.
[[nodiscard]] Result<Literal> number_literal(std::string_view text);
// 'text' as a value of `type`, in the canonical form that the CSV converters read. Error kUsage: not one.
[[nodiscard]] Result<Literal> text_literal(std::string_view text, const DataType& type);
// "1 day 2 hours", "1 mon", "-30 minutes", "04:05:06" as "months,days,microseconds". Error kUsage.
[[nodiscard]] Result<std::string> interval_literal(std::string_view text);

}  // namespace tipple
