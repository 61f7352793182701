// Dates, times and timestamps of any unit to ours. A timestamp with a zone is an instant, and its microseconds are
// those of UTC; one without is taken as it stands. Years 0001 to 9999, as in text.
#include <cstring>
#include <type_traits>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "formats/batch_convert.h"
#include "formats/csv_column.h"
#include "formats/csv_time.h"

namespace tipple {
namespace {

constexpr std::int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;
constexpr std::int64_t kMillisPerDay = kSecondsPerDay * 1000;
constexpr std::int32_t kFirstDay = days_from_civil(1, 1, 1);
constexpr std::int32_t kLastDay = days_from_civil(9999, 12, 31);
constexpr std::int64_t kFirstMicro = std::int64_t{kFirstDay} * kMicrosPerDay;
constexpr std::int64_t kLastMicro = (std::int64_t{kLastDay} + 1) * kMicrosPerDay - 1;

constexpr CsvVerdict kYears{CsvRule::kRange, "years are 0001 to 9999"};
constexpr CsvVerdict kTooFine{CsvRule::kRange, "it is finer than a microsecond"};
constexpr CsvVerdict kNotMidnight{CsvRule::kRange, "it has a time of day"};
constexpr CsvVerdict kNoTimeOfDay{CsvRule::kRange, "a day has 24 hours"};

// `value` units as microseconds: value * multiplier / divisor, one of which is 1.
struct Unit {
  std::int64_t multiplier = 1;
  std::int64_t divisor = 1;

  bool to_micros(std::int64_t value, std::int64_t* out) const {
    if (divisor == 1) return !__builtin_mul_overflow(value, multiplier, out);
    const std::int64_t rest = value % divisor;
    *out = value / divisor - (rest < 0 ? 1 : 0);
    return rest == 0;
  }
};

Unit unit_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return {kMicrosPerSecond, 1};
    case arrow::TimeUnit::MILLI:
      return {1000, 1};
    case arrow::TimeUnit::MICRO:
      return {1, 1};
    case arrow::TimeUnit::NANO:
      return {1, 1000};
  }
  TIPPLE_CHECK(false, "unknown time unit");
}

// Converters: take() is false where the value cannot be kept, explain() says why.
struct TimestampValue {
  Unit unit;
  bool take(std::int64_t value, std::int64_t* out) const {
    return unit.to_micros(value, out) && *out >= kFirstMicro && *out <= kLastMicro;
  }
  static constexpr std::int64_t low() { return kFirstMicro; }
  static constexpr std::int64_t high() { return kLastMicro; }
  CsvVerdict explain(std::int64_t value) const {
    std::int64_t micros = 0;
    return unit.divisor > 1 && !unit.to_micros(value, &micros) ? kTooFine : kYears;
  }
};

struct TimeValue {
  Unit unit;
  bool take(std::int64_t value, std::int64_t* out) const {
    return unit.to_micros(value, out) && *out >= 0 && *out < kMicrosPerDay;
  }
  static constexpr std::int64_t low() { return 0; }
  static constexpr std::int64_t high() { return kMicrosPerDay - 1; }
  CsvVerdict explain(std::int64_t value) const {
    std::int64_t micros = 0;
    return unit.divisor > 1 && !unit.to_micros(value, &micros) ? kTooFine : kNoTimeOfDay;
  }
};

struct DayValue {
  bool take(std::int64_t value, std::int32_t* out) const {
    *out = static_cast<std::int32_t>(value);
    return value >= kFirstDay && value <= kLastDay;
  }
  static constexpr std::int32_t low() { return kFirstDay; }
  static constexpr std::int32_t high() { return kLastDay; }
  CsvVerdict explain(std::int64_t) const { return kYears; }
};

// Days out of `per_day` units of time since the epoch.
struct DayOfTime {
  std::int64_t per_day;
  bool take(std::int64_t value, std::int32_t* out) const {
    const std::int64_t days = value / per_day;
    *out = static_cast<std::int32_t>(days);
    return value % per_day == 0 && days >= kFirstDay && days <= kLastDay;
  }
  CsvVerdict explain(std::int64_t value) const { return value % per_day != 0 ? kNotMidnight : kYears; }
};

struct TimestampOfDay {
  std::int64_t units_per_day;  // date32: 1, date64: milliseconds
  bool take(std::int64_t value, std::int64_t* out) const {
    std::int32_t day = 0;
    const bool good = DayOfTime{units_per_day}.take(value, &day);
    *out = day * kMicrosPerDay;
    return good;
  }
  CsvVerdict explain(std::int64_t value) const { return DayOfTime{units_per_day}.explain(value); }
};

template <typename In, typename Out, typename Value>
class TimeCast final : public ColumnCastBase {
 public:
  // `same`: values that can be kept are what they were.
  TimeCast(const CastTarget& to, Value value, bool same) : ColumnCastBase(to), value_(value), same_(same) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    const In* const values = in.GetValues<In>(1);
    const auto rows = static_cast<std::size_t>(in.length);
    bool good = true;
    if constexpr (std::is_same_v<In, Out> && requires { Value::low(); }) {
      // Only the bounds are left to look at, and that in a loop of vectors.
      if (same_) {
        for (std::size_t row = 0; row < rows; ++row)
          good &= values[row] >= value_.low() && values[row] <= value_.high();
        if (!good) explain(in, faults);
        return share_values(in, faults);
      }
    }
    TIPPLE_TRY(Nulls nulls, take_nulls(in, faults, pool));
    TIPPLE_TRY(auto buffer, allocate_buffer(static_cast<std::int64_t>(rows * sizeof(Out)), pool));
    auto* const out = reinterpret_cast<Out*>(buffer->mutable_data());
    for (std::size_t row = 0; row < rows; ++row) good &= value_.take(values[row], &out[row]);
    if (!good) explain(in, faults);
    return make_data(in, std::move(buffer), std::move(nulls));
  }

 private:
  void explain(const arrow::ArrayData& in, CsvFaults& faults) const {
    const auto array = arrow::MakeArray(in.Copy());
    const In* const values = in.GetValues<In>(1);
    for (std::size_t row = 0; row < faults.rows(); ++row) {
      Out ignored;
      if (is_valid_row(in, row) && !value_.take(values[row], &ignored))
        add_fault(faults, row, value_.explain(values[row]), *array);
    }
  }

  Value value_;
  bool same_;
};

template <typename In, typename Out, typename Value>
std::unique_ptr<ColumnCast> make(const CastTarget& to, Value value, bool same = false) {
  return std::make_unique<TimeCast<In, Out, Value>>(to, value, same);
}

std::unique_ptr<ColumnCast> to_date(const arrow::DataType& from, const CastTarget& to) {
  if (from.id() == arrow::Type::DATE32) return make<std::int32_t, std::int32_t>(to, DayValue{}, true);
  if (from.id() == arrow::Type::DATE64) return make<std::int64_t, std::int32_t>(to, DayOfTime{kMillisPerDay});
  if (from.id() != arrow::Type::TIMESTAMP) return nullptr;
  const Unit unit = unit_of(static_cast<const arrow::TimestampType&>(from).unit());
  return make<std::int64_t, std::int32_t>(to, DayOfTime{kMicrosPerDay / unit.multiplier * unit.divisor});
}

std::unique_ptr<ColumnCast> to_timestamp(const arrow::DataType& from, const CastTarget& to) {
  if (from.id() == arrow::Type::DATE32) return make<std::int32_t, std::int64_t>(to, TimestampOfDay{1});
  if (from.id() == arrow::Type::DATE64) return make<std::int64_t, std::int64_t>(to, TimestampOfDay{kMillisPerDay});
  if (from.id() != arrow::Type::TIMESTAMP) return nullptr;
  const auto unit = static_cast<const arrow::TimestampType&>(from).unit();
  return make<std::int64_t, std::int64_t>(to, TimestampValue{unit_of(unit)}, unit == arrow::TimeUnit::MICRO);
}

}  // namespace

std::unique_ptr<ColumnCast> make_time_cast(const arrow::DataType& from, const CastTarget& to) {
  switch (to.column.type.kind) {
    case TypeKind::kDate:
      return to_date(from, to);
    case TypeKind::kTimestamp:
      return to_timestamp(from, to);
    case TypeKind::kTime: {
      if (from.id() != arrow::Type::TIME32 && from.id() != arrow::Type::TIME64) return nullptr;
      const auto unit = static_cast<const arrow::TimeType&>(from).unit();
      if (from.id() == arrow::Type::TIME32) return make<std::int32_t, std::int64_t>(to, TimeValue{unit_of(unit)});
      return make<std::int64_t, std::int64_t>(to, TimeValue{unit_of(unit)}, unit == arrow::TimeUnit::MICRO);
    }
    default:
      return nullptr;
  }
}

}  // namespace tipple
