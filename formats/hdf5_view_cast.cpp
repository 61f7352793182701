#include "formats/hdf5_view_cast.h"

#include <algorithm>
#include <optional>

#include "formats/part_gather.h"

namespace tipple {
namespace {

// Numbers that a type holds without loss: all integers of `bits` bits and, if `is_signed`, their negatives; `fractions`
// besides.
struct Range {
  int bits = 0;
  bool is_signed = true;
  bool fractions = false;
};

std::optional<Range> range_of(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return Range{7};
    case TypeKind::kInt16:
      return Range{15};
    case TypeKind::kInt32:
      return Range{31};
    case TypeKind::kInt64:
      return Range{63};
    case TypeKind::kUint8:
      return Range{8, false};
    case TypeKind::kUint16:
      return Range{16, false};
    case TypeKind::kUint32:
      return Range{32, false};
    case TypeKind::kUint64:
      return Range{64, false};
    case TypeKind::kFloat32:
      return Range{24, true, true};
    case TypeKind::kFloat64:
      return Range{53, true, true};
    default:
      return std::nullopt;
  }
}

// Positions are read as they are, whatever their labels: the part's must stand first.
bool begins_with(const std::vector<std::string>& labels, const std::vector<std::string>& part) {
  return part.size() <= labels.size() && std::equal(part.begin(), part.end(), labels.begin());
}

}  // namespace

bool hdf5_shows_as(const DataType& part, const DataType& view) {
  if (part == view) return true;
  const auto from = range_of(part);
  const auto to = range_of(view);
  if (from && to) {
    return from->bits <= to->bits && (to->is_signed || !from->is_signed) && (to->fractions || !from->fractions);
  }
  if (part.kind != view.kind) return false;
  if (part.kind == TypeKind::kFixedString) return part.width <= view.width;
  if (part.kind == TypeKind::kEnum) return begins_with(view.labels, part.labels);
  if (part.kind == TypeKind::kDecimal) {
    return part.scale == view.scale && part.precision <= view.precision &&
           part_element_bytes(part) == part_element_bytes(view);
  }
  return false;
}

}  // namespace tipple
