#include "transforms/mask_dates.h"

#include <chrono>

#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/csv_time.h"
#include "transforms/step_arrays.h"

namespace tipple {
namespace {

constexpr std::int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;
constexpr std::int32_t kFirstDay = days_from_civil(1, 1, 1);
constexpr std::int32_t kLastDay = days_from_civil(9999, 12, 31);

std::int32_t truncated_day(std::int32_t day, bool to_month) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  const auto month = to_month ? date.month() : std::chrono::January;
  return static_cast<std::int32_t>(std::chrono::sys_days{date.year() / month / 1}.time_since_epoch().count());
}

// `change(row, day)` is the new day. Values of T: days, or microseconds.
template <typename T, typename Change>
Result<std::shared_ptr<arrow::Array>> change_days(const arrow::Array& values, bool keep_time, arrow::MemoryPool* pool,
                                                  const Change& change) {
  const std::int64_t rows = values.length();
  TIPPLE_TRY(std::shared_ptr<arrow::Buffer> data, new_buffer(rows * static_cast<std::int64_t>(sizeof(T)), pool));
  const T* from = values.data()->template GetValues<T>(1);
  T* to = reinterpret_cast<T*>(data->mutable_data());
  for (std::int64_t row = 0; row < rows; ++row) {
    if constexpr (sizeof(T) == 4) {
      to[row] = values.IsNull(row) ? 0 : change(row, from[row]);
    } else {
      std::int64_t day = from[row] / kMicrosPerDay;
      std::int64_t time = from[row] % kMicrosPerDay;
      if (time < 0) time += kMicrosPerDay, --day;
      to[row] =
          values.IsNull(row) ? 0 : change(row, static_cast<std::int32_t>(day)) * kMicrosPerDay + (keep_time ? time : 0);
    }
  }
  TIPPLE_TRY(auto validity, copy_validity(values, pool));
  return arrow::MakeArray(
      arrow::ArrayData::Make(values.type(), rows, {std::move(validity), std::move(data)}, values.null_count()));
}

template <typename Change>
Result<std::shared_ptr<arrow::Array>> change_days_of(const arrow::Array& values, bool keep_time,
                                                     arrow::MemoryPool* pool, const Change& change) {
  return values.type_id() == arrow::Type::DATE32 ? change_days<std::int32_t>(values, keep_time, pool, change)
                                                 : change_days<std::int64_t>(values, keep_time, pool, change);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> truncate_dates(const arrow::Array& values, bool to_month,
                                                     arrow::MemoryPool* pool) {
  return change_days_of(values, false, pool,
                        [&](std::int64_t, std::int32_t day) { return truncated_day(day, to_month); });
}

Result<std::shared_ptr<arrow::Array>> shift_dates(const arrow::Array& values, const std::vector<std::int32_t>& days,
                                                  const std::string& name, std::vector<RowFault>& faults,
                                                  arrow::MemoryPool* pool) {
  return change_days_of(values, true, pool, [&](std::int64_t row, std::int32_t day) {
    const std::int32_t moved = day + days[static_cast<std::size_t>(row)];
    // The date itself is not said: it is what the mask hides.
    if (moved < kFirstDay || moved > kLastDay) {
      faults.push_back(
          {static_cast<std::uint32_t>(row), name, "range", "the shifted date is not in the years 1 to 9999"});
    }
    return moved;
  });
}

}  // namespace tipple
