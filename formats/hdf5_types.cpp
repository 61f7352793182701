// Column types on disk (formats/hdf5_library.h, docs/format-hdf5.md).
#include <array>
#include <set>

#include <fmt/format.h>

#include "formats/hdf5_library.h"
#include "formats/part_gather.h"

namespace tipple {
namespace {

// HDF5 keeps a type in an object header message of at most 64 KiB. Enums whose labels would not fit are plain integers;
// the schema attribute has their labels.
constexpr std::size_t kEnumTypeBytesMax = 60'000;
constexpr std::size_t kEnumMemberBytes = 8;  // terminator, value, and padding in older encodings

bool fits_hdf5_enum(const DataType& type) {
  std::size_t bytes = 0;
  for (const std::string& label : type.labels) bytes += label.size() + kEnumMemberBytes;
  return bytes <= kEnumTypeBytesMax;
}

constexpr const char* kWhat = "cannot make a column's type";

Result<Hdf5Handle> copy_type(hid_t type, const std::filesystem::path& path) {
  return hdf5_handle(H5Tcopy(type), H5Tclose, kWhat, path);
}

Result<Hdf5Handle> bool_type(const std::filesystem::path& path) {
  TIPPLE_TRY(Hdf5Handle type, hdf5_handle(H5Tenum_create(H5T_STD_I8LE), H5Tclose, kWhat, path));
  const std::array<std::int8_t, 2> values{0, 1};
  if (H5Tenum_insert(type.id(), "FALSE", &values[0]) < 0 || H5Tenum_insert(type.id(), "TRUE", &values[1]) < 0) {
    return hdf5_error(kWhat, path);
  }
  return type;
}

Result<Hdf5Handle> enum_type(const DataType& enumeration, std::uint32_t element_bytes,
                             const std::filesystem::path& path) {
  const hid_t base = element_bytes == 1 ? H5T_STD_U8LE : H5T_STD_U16LE;
  if (!fits_hdf5_enum(enumeration)) return copy_type(base, path);
  TIPPLE_TRY(Hdf5Handle type, hdf5_handle(H5Tenum_create(base), H5Tclose, kWhat, path));
  for (std::size_t i = 0; i < enumeration.labels.size(); ++i) {
    const auto value = static_cast<std::uint16_t>(i);  // little-endian: its first byte is the uint8 value
    if (H5Tenum_insert(type.id(), enumeration.labels[i].c_str(), &value) < 0) return hdf5_error(kWhat, path);
  }
  return type;
}

Result<Hdf5Handle> fixed_string_type(std::uint32_t width, const std::filesystem::path& path) {
  TIPPLE_TRY(Hdf5Handle type, copy_type(H5T_C_S1, path));
  if (H5Tset_size(type.id(), width) < 0 || H5Tset_strpad(type.id(), H5T_STR_NULLPAD) < 0 ||
      H5Tset_cset(type.id(), H5T_CSET_UTF8) < 0) {
    return hdf5_error(kWhat, path);
  }
  return type;
}

Result<Hdf5Handle> decimal128_type(const std::filesystem::path& path) {
  TIPPLE_TRY(Hdf5Handle type, hdf5_handle(H5Tcreate(H5T_COMPOUND, 16), H5Tclose, kWhat, path));
  if (H5Tinsert(type.id(), "low", 0, H5T_STD_U64LE) < 0 || H5Tinsert(type.id(), "high", 8, H5T_STD_I64LE) < 0) {
    return hdf5_error(kWhat, path);
  }
  return type;
}

}  // namespace

Result<Hdf5Handle> hdf5_dataset_type(const Column& column, const PartDataset& dataset,
                                     const std::filesystem::path& path) {
  switch (dataset.role) {
    case PartDataset::Role::kStringBytes:
    case PartDataset::Role::kValid:
      return copy_type(H5T_STD_U8LE, path);
    case PartDataset::Role::kStringLengths:
      return copy_type(H5T_STD_I32LE, path);
    case PartDataset::Role::kValues:
      break;
  }
  switch (column.type.kind) {
    case TypeKind::kInt8:
      return copy_type(H5T_STD_I8LE, path);
    case TypeKind::kInt16:
      return copy_type(H5T_STD_I16LE, path);
    case TypeKind::kInt32:
    case TypeKind::kDate:
      return copy_type(H5T_STD_I32LE, path);
    case TypeKind::kInt64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return copy_type(H5T_STD_I64LE, path);
    case TypeKind::kUint8:
      return copy_type(H5T_STD_U8LE, path);
    case TypeKind::kUint16:
      return copy_type(H5T_STD_U16LE, path);
    case TypeKind::kUint32:
      return copy_type(H5T_STD_U32LE, path);
    case TypeKind::kUint64:
      return copy_type(H5T_STD_U64LE, path);
    case TypeKind::kFloat32:
      return copy_type(H5T_IEEE_F32LE, path);
    case TypeKind::kFloat64:
      return copy_type(H5T_IEEE_F64LE, path);
    case TypeKind::kDecimal:
      return dataset.element_bytes == 8 ? copy_type(H5T_STD_I64LE, path) : decimal128_type(path);
    case TypeKind::kBool:
      return bool_type(path);
    case TypeKind::kFixedString:
      return fixed_string_type(column.type.width, path);
    case TypeKind::kEnum:
      return enum_type(column.type, dataset.element_bytes, path);
    case TypeKind::kString:
      break;
  }
  TIPPLE_CHECK(false, "a string column has no values dataset");
  return Hdf5Handle();
}

Status hdf5_describe_dataset(hid_t object, const Column& column, const PartDataset& dataset,
                             const std::filesystem::path& path) {
  if (dataset.role != PartDataset::Role::kValues) return {};
  const auto units = [&](std::string_view text) { return hdf5_put_attribute(object, "units", text, path); };
  switch (column.type.kind) {
    case TypeKind::kDate:
      return units("days since 1970-01-01");
    case TypeKind::kTime:
      return units("microseconds since midnight");
    case TypeKind::kTimestamp:
      TIPPLE_RETURN_IF_ERROR(units("microseconds since 1970-01-01T00:00:00"));
      if (!column.type.zoned) return {};
      return hdf5_put_attribute(object, "timezone", std::string_view("UTC"), path);
    case TypeKind::kDecimal:
      TIPPLE_RETURN_IF_ERROR(hdf5_put_attribute(object, "precision", std::uint64_t{column.type.precision}, path));
      return hdf5_put_attribute(object, "scale", std::uint64_t{column.type.scale}, path);
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
    case TypeKind::kBool:
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      break;
  }
  return {};
}

Status check_part_schema(const Schema& schema) {
  for (const Column& column : schema) {
    if (column.name.empty() || column.name.find('\0') != std::string::npos) {
      return usage_error("an HDF5 part cannot hold a column whose name is empty or has a NUL");
    }
    if (column.type.kind == TypeKind::kFixedString &&
        (column.type.width == 0 || column.type.width > kFixedStringBytesMax)) {
      return usage_error(fmt::format("column '{}': string(n) needs n from 1 to {}", column.name, kFixedStringBytesMax), {},
                         "use string");
    }
  }
  std::set<std::string> names;
  for (const PartDataset& dataset : part_datasets(schema)) {
    if (!names.insert(dataset.name).second) {
      return usage_error("two columns need the HDF5 dataset '" + dataset.name + "'", {}, "rename one of the columns");
    }
  }
  return {};
}

}  // namespace tipple
