// Values of a narrower type as those of a wider one (warehouse/schema_evolution.h).
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>

#include <algorithm>

#include "formats/arrow_types.h"
#include "warehouse/schema_evolution.h"

namespace tipple {
namespace {

Result<std::shared_ptr<arrow::Array>> finished(arrow::ArrayBuilder& builder) {
  auto array = builder.Finish();
  if (!array.ok()) return from_arrow(array.status());
  return *array;
}

// Positions among `from`'s labels as those among `to`'s, or as the labels themselves.
template <typename Builder, typename ValueOf>
Result<std::shared_ptr<arrow::Array>> relabelled(const arrow::Array& array, ValueOf value) {
  const auto& positions = static_cast<const arrow::UInt16Array&>(array);
  Builder builder;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    const arrow::Status added = array.IsNull(i) ? builder.AppendNull() : builder.Append(value(positions.Value(i)));
    if (!added.ok()) return from_arrow(added);
  }
  return finished(builder);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> widen_array(const std::shared_ptr<arrow::Array>& array, const DataType& from,
                                                  const DataType& to) {
  if (from == to) return array;
  if (from.kind == TypeKind::kEnum && to.kind == TypeKind::kEnum) {
    std::vector<std::uint16_t> place;
    for (const std::string& label : from.labels) {
      place.push_back(
          static_cast<std::uint16_t>(std::find(to.labels.begin(), to.labels.end(), label) - to.labels.begin()));
    }
    return relabelled<arrow::UInt16Builder>(*array, [&](std::uint16_t position) { return place[position]; });
  }
  if (from.kind == TypeKind::kEnum) {
    return relabelled<arrow::StringBuilder>(
        *array, [&](std::uint16_t position) -> const std::string& { return from.labels[position]; });
  }
  if (array->type()->Equals(*arrow_type(to))) return array;  // strings of another width
  auto cast = arrow::compute::Cast(*array, arrow_type(to), arrow::compute::CastOptions::Safe());
  if (!cast.ok()) return from_arrow(cast.status());
  return *cast;
}

}  // namespace tipple
