#include "formats/hdf5_source_type.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"

namespace tipple {
namespace {

constexpr int kNestingMax = 64;
constexpr int kLabelsMax = 65'535;
constexpr std::uint64_t kListItemsMax = 65'536;

// Builds an Hdf5RowType, member by member. `path` is the file's.
class TypeReader {
 public:
  TypeReader(std::string dataset, std::string path) : dataset_(std::move(dataset)), path_(std::move(path)) {}

  // Appends the field or fields of `type` and returns the type to read it as. `at`: where it stands in a row.
  Result<Hdf5Handle> add(hid_t type, const std::string& name, std::size_t at, int depth);
  std::vector<Hdf5Field> fields;

 private:
  Error refused(const std::string& name, std::string_view what) const {
    return usage_error(fmt::format("dataset \"{}\" cannot be a column: {}", name, what), path_,
                       "`group:` of the source names another group or dataset");
  }
  Result<Hdf5Handle> own(hid_t type) const {
    return hdf5_handle(type, H5Tclose, "cannot read the type of \"" + dataset_ + "\"", path_);
  }

  Result<Hdf5Handle> add_number(hid_t type, const std::string& name, std::size_t at, int list_items);
  Result<Hdf5Handle> add_text(hid_t type, const std::string& name, std::size_t at);
  Result<Hdf5Handle> add_enum(hid_t type, const std::string& name, std::size_t at);
  Result<Hdf5Handle> add_list(hid_t type, const std::string& name, std::size_t at);
  Result<Hdf5Handle> add_members(hid_t type, const std::string& name, std::size_t at, int depth);

  std::string dataset_;
  std::string path_;
};

struct NumberType {
  hid_t memory = H5I_INVALID_HID;
  std::shared_ptr<arrow::DataType> arrow;
};

NumberType whole_number(std::size_t bytes, bool is_signed) {
  if (bytes <= 1)
    return is_signed ? NumberType{H5T_NATIVE_INT8, arrow::int8()} : NumberType{H5T_NATIVE_UINT8, arrow::uint8()};
  if (bytes <= 2)
    return is_signed ? NumberType{H5T_NATIVE_INT16, arrow::int16()} : NumberType{H5T_NATIVE_UINT16, arrow::uint16()};
  if (bytes <= 4)
    return is_signed ? NumberType{H5T_NATIVE_INT32, arrow::int32()} : NumberType{H5T_NATIVE_UINT32, arrow::uint32()};
  if (bytes <= 8)
    return is_signed ? NumberType{H5T_NATIVE_INT64, arrow::int64()} : NumberType{H5T_NATIVE_UINT64, arrow::uint64()};
  return {};
}

NumberType float_number(std::size_t bytes) {
  if (bytes <= 4) return {H5T_NATIVE_FLOAT, arrow::float32()};  // half floats are floats exactly
  if (bytes <= 8) return {H5T_NATIVE_DOUBLE, arrow::float64()};
  return {};
}

Result<Hdf5Handle> TypeReader::add_number(hid_t type, const std::string& name, std::size_t at, int list_items) {
  const bool whole = H5Tget_class(type) == H5T_INTEGER;
  const std::size_t bytes = H5Tget_size(type);
  const bool is_signed = whole && H5Tget_sign(type) == H5T_SGN_2;
  const NumberType number = whole ? whole_number(bytes, is_signed) : float_number(bytes);
  if (number.arrow == nullptr) return refused(name, fmt::format("its numbers have {} bytes", bytes));
  Hdf5Field field;
  field.name = name;
  field.type = number.arrow;
  field.offset = at;
  field.bytes = static_cast<std::size_t>(number.arrow->byte_width());
  field.is_signed = is_signed;
  field.is_float = !whole;
  TIPPLE_TRY(Hdf5Handle memory, own(H5Tcopy(number.memory)));
  if (list_items > 0) {
    field.type = arrow::fixed_size_list(number.arrow, list_items);
    field.bytes *= static_cast<std::size_t>(list_items);
    const auto items = static_cast<hsize_t>(list_items);
    TIPPLE_TRY(memory, own(H5Tarray_create2(number.memory, 1, &items)));
  }
  fields.push_back(std::move(field));
  return memory;
}

Result<Hdf5Handle> TypeReader::add_text(hid_t type, const std::string& name, std::size_t at) {
  Hdf5Field field;
  field.name = name;
  field.type = arrow::utf8();
  field.offset = at;
  field.kind = H5Tis_variable_str(type) > 0 ? Hdf5Kind::kVarText : Hdf5Kind::kFixedText;
  field.bytes = field.kind == Hdf5Kind::kVarText ? sizeof(char*) : H5Tget_size(type);
  field.padding = H5Tget_strpad(type);
  if (field.bytes == 0 || field.bytes > limits::kFieldBytesMax) {
    return refused(name,
                   fmt::format("its texts have {} bytes, at most {} are read", field.bytes, limits::kFieldBytesMax));
  }
  fields.push_back(std::move(field));
  return own(H5Tcopy(type));  // the same character set: HDF5 converts between none
}

// The value of member `i` of an enum whose elements are `bytes` native bytes.
std::int64_t member_value(hid_t type, unsigned i, std::size_t bytes, bool is_signed) {
  std::uint64_t raw = 0;
  if (H5Tget_member_value(type, i, &raw) < 0) return 0;
  if (!is_signed) return static_cast<std::int64_t>(raw);
  const unsigned shift = 64 - 8 * static_cast<unsigned>(bytes);
  return static_cast<std::int64_t>(raw << shift) >> shift;
}

bool is_bool(const Hdf5Field& field) {
  const auto upper = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  };
  return field.bytes == 1 && field.labels.size() == 2 && field.label_values == std::vector<std::int64_t>{0, 1} &&
         upper(field.labels[0]) == "FALSE" && upper(field.labels[1]) == "TRUE";
}

Result<Hdf5Handle> TypeReader::add_enum(hid_t type, const std::string& name, std::size_t at) {
  TIPPLE_TRY(Hdf5Handle native, own(H5Tget_native_type(type, H5T_DIR_ASCEND)));
  TIPPLE_TRY(const Hdf5Handle number, own(H5Tget_super(native.id())));
  Hdf5Field field;
  field.name = name;
  field.kind = Hdf5Kind::kEnum;
  field.offset = at;
  field.bytes = H5Tget_size(native.id());
  field.is_signed = H5Tget_sign(number.id()) == H5T_SGN_2;
  const int members = H5Tget_nmembers(native.id());
  if (H5Tget_class(number.id()) != H5T_INTEGER || field.bytes > 8 || members < 0 || members > kLabelsMax) {
    return refused(name, fmt::format("an enum with {} members of {} bytes", members, field.bytes));
  }
  std::vector<std::pair<std::int64_t, std::string>> found;
  for (int i = 0; i < members; ++i) {
    char* label = H5Tget_member_name(native.id(), static_cast<unsigned>(i));
    if (label == nullptr) return hdf5_error("cannot read the labels of \"" + name + "\"", path_);
    found.emplace_back(member_value(native.id(), static_cast<unsigned>(i), field.bytes, field.is_signed), label);
    H5free_memory(label);
  }
  std::sort(found.begin(), found.end());
  for (auto& [value, label] : found) {
    field.label_values.push_back(value);
    field.labels.push_back(std::move(label));
  }
  field.type = arrow::dictionary(arrow::int32(), arrow::utf8());
  if (is_bool(field)) {
    field.kind = Hdf5Kind::kBool;
    field.type = arrow::boolean();
  }
  fields.push_back(std::move(field));
  return native;
}

Result<Hdf5Handle> TypeReader::add_list(hid_t type, const std::string& name, std::size_t at) {
  TIPPLE_TRY(const Hdf5Handle item, own(H5Tget_super(type)));
  hsize_t items = 0;
  const H5T_class_t kind = H5Tget_class(item.id());
  const bool numbers = kind == H5T_INTEGER || kind == H5T_FLOAT;
  if (H5Tget_array_ndims(type) != 1 || H5Tget_array_dims2(type, &items) < 0 || !numbers || items == 0 ||
      items > kListItemsMax) {
    return refused(name, fmt::format("only arrays of one dimension and of at most {} numbers are read", kListItemsMax));
  }
  return add_number(item.id(), name, at, static_cast<int>(items));
}

Result<Hdf5Handle> TypeReader::add_members(hid_t type, const std::string& name, std::size_t at, int depth) {
  const int members = H5Tget_nmembers(type);
  if (members <= 0 || depth >= kNestingMax) return refused(name, "its compound type is empty or nested too deeply");
  struct Member {
    std::string name;
    Hdf5Handle memory;
    std::size_t offset;
  };
  std::vector<Member> found;
  std::size_t bytes = 0;
  for (int i = 0; i < members; ++i) {
    if (fields.size() >= limits::kColumnsMax)
      return refused(name, fmt::format("more than {} columns", limits::kColumnsMax));
    char* text = H5Tget_member_name(type, static_cast<unsigned>(i));
    if (text == nullptr) return hdf5_error("cannot read the members of \"" + name + "\"", path_);
    const std::string member_name(text);
    H5free_memory(text);
    TIPPLE_TRY(const Hdf5Handle member, own(H5Tget_member_type(type, static_cast<unsigned>(i))));
    TIPPLE_TRY(Hdf5Handle memory,
               add(member.id(), name.empty() ? member_name : name + "." + member_name, at + bytes, depth + 1));
    const std::size_t size = H5Tget_size(memory.id());
    found.push_back({member_name, std::move(memory), bytes});
    bytes += size;
  }
  TIPPLE_TRY(Hdf5Handle compound, own(H5Tcreate(H5T_COMPOUND, bytes)));
  for (const Member& member : found) {
    if (H5Tinsert(compound.id(), member.name.c_str(), member.offset, member.memory.id()) < 0) {
      return hdf5_error("cannot read the members of \"" + name + "\"", path_);
    }
  }
  return compound;
}

Result<Hdf5Handle> TypeReader::add(hid_t type, const std::string& name, std::size_t at, int depth) {
  const std::string& shown = name.empty() ? dataset_ : name;
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
      return add_number(type, name, at, 0);
    case H5T_STRING:
      return add_text(type, name, at);
    case H5T_ENUM:
      return add_enum(type, name, at);
    case H5T_ARRAY:
      return add_list(type, name, at);
    case H5T_COMPOUND:
      return add_members(type, name, at, depth);
    case H5T_REFERENCE:
      return refused(shown, "references point into the file and are no values");
    case H5T_VLEN:
      return refused(shown, "of variable lengths only texts are read");
    case H5T_OPAQUE:
      return refused(shown, "its bytes are opaque");
    case H5T_BITFIELD:
      return refused(shown, "bit fields are not read");
    case H5T_TIME:
      return refused(shown, "HDF5's own time type has no meaning that programs agree on");
    case H5T_NO_CLASS:
    case H5T_NCLASSES:
      break;
  }
  return hdf5_error("cannot read the type of \"" + shown + "\"", path_);
}

std::string text_attribute(hid_t object, const char* name, const std::string& path) {
  if (H5Aexists(object, name) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  auto text = hdf5_get_text(object, name, path);
  return text.ok() ? std::move(*text) : std::string();
}

// A number with units of time is a time.
void apply_units(hid_t dataset, const std::string& path, Hdf5Field& field) {
  const bool number = field.kind == Hdf5Kind::kNumber && field.type->id() != arrow::Type::FIXED_SIZE_LIST;
  if (!number || (field.is_float && field.bytes != 8)) return;
  const auto units =
      parse_hdf5_time_units(text_attribute(dataset, "units", path), text_attribute(dataset, "calendar", path));
  if (!units) return;
  field.kind = Hdf5Kind::kTime;
  field.units = *units;
  field.type =
      arrow::timestamp(units->nanos ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO, units->zoned ? "UTC" : "");
}

}  // namespace

Result<Hdf5RowType> inspect_hdf5_type(hid_t dataset, const std::string& name, const std::string& path) {
  TIPPLE_TRY(const Hdf5Handle type,
             hdf5_handle(H5Dget_type(dataset), H5Tclose, "cannot read the type of \"" + name + "\"", path));
  Hdf5RowType row;
  row.compound = H5Tget_class(type.id()) == H5T_COMPOUND;
  TypeReader reader(name, path);
  TIPPLE_TRY(row.memory, reader.add(type.id(), row.compound ? std::string() : name, 0, 0));
  row.bytes = H5Tget_size(row.memory.id());
  row.fields = std::move(reader.fields);
  if (!row.compound) apply_units(dataset, path, row.fields[0]);
  row.has_var_text = std::any_of(row.fields.begin(), row.fields.end(),
                                 [](const Hdf5Field& field) { return field.kind == Hdf5Kind::kVarText; });
  return row;
}

}  // namespace tipple
