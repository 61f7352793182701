#include "formats/hdf5_library.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/file.h"
#include "base/limits.h"
#include "formats/hdf5_filters.h"

namespace tipple {
namespace {

constexpr std::size_t kErrorTextBytesMax = 1'000;
constexpr const char* kFormatVersion = "1";

std::mutex& hdf5_mutex() {
  static std::mutex mutex;
  return mutex;
}

herr_t append_frame(unsigned, const H5E_error2_t* frame, void* text_pointer) {
  auto& text = *static_cast<std::string*>(text_pointer);
  if (frame->desc == nullptr || text.size() > kErrorTextBytesMax) return 0;
  if (!text.empty()) text += "; ";
  text += frame->desc;
  if (frame->func_name != nullptr) text += std::string(" in ") + frame->func_name;
  return 0;
}

// Where vlen text is freed by HDF5.
struct Hdf5Text {
  char* text = nullptr;
  ~Hdf5Text() {
    if (text != nullptr) H5free_memory(text);
  }
};

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(hdf5_mutex()) {
  static const bool prepared = [] {
    H5dont_atexit();
    register_hdf5_filters();
    return true;
  }();
  static_cast<void>(prepared);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // a thread-safe build keeps this setting per thread
}

Error hdf5_error(std::string_view what, const std::filesystem::path& path) {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, append_frame, &text);
  H5Eclear2(H5E_DEFAULT);
  return environment_error(std::string(what) + (text.empty() ? "" : " (HDF5: " + text + ")"), path.string());
}

Result<Hdf5Handle> hdf5_handle(hid_t id, Hdf5Handle::Close close, std::string_view what,
                               const std::filesystem::path& path) {
  if (id < 0) return hdf5_error(what, path);
  return Hdf5Handle(id, close);
}

Result<Hdf5Handle> hdf5_file_access(bool virtual_datasets, const std::filesystem::path& path) {
  TIPPLE_TRY(Hdf5Handle access, hdf5_handle(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot prepare HDF5", path));
  const H5F_libver_t version = virtual_datasets ? H5F_LIBVER_V110 : H5F_LIBVER_V18;
  if (H5Pset_libver_bounds(access.id(), version, version) < 0 || H5Pset_file_locking(access.id(), false, true) < 0 ||
      H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG) < 0) {
    return hdf5_error("cannot prepare HDF5", path);
  }
  return access;
}

Result<Hdf5Handle> hdf5_create_file(const std::filesystem::path& path, bool virtual_datasets) {
  TIPPLE_TRY(File reserved, File::open(path, O_CREAT | O_EXCL | O_WRONLY));
  TIPPLE_RETURN_IF_ERROR(reserved.close());
  auto create = [&]() -> Result<Hdf5Handle> {
    TIPPLE_TRY(const Hdf5Handle access, hdf5_file_access(virtual_datasets, path));
    TIPPLE_TRY(const Hdf5Handle creation,
               hdf5_handle(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "cannot prepare HDF5", path));
    if (H5Pset_obj_track_times(creation.id(), false) < 0) return hdf5_error("cannot prepare HDF5", path);
    return hdf5_handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), H5Fclose, "cannot create",
                       path);
  };
  Result<Hdf5Handle> file = create();
  if (!file.ok()) ::unlink(path.c_str());
  return file;
}

Result<Hdf5Handle> hdf5_open_file(const std::filesystem::path& path) {
  TIPPLE_TRY(const Hdf5Handle access, hdf5_handle(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot prepare HDF5", path));
  if (H5Pset_file_locking(access.id(), false, true) < 0 || H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG) < 0) {
    return hdf5_error("cannot prepare HDF5", path);
  }
  return hdf5_handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose, "cannot open as HDF5", path);
}

namespace {

// An object header message, which an attribute of fixed size is, holds 64 KiB.
constexpr std::size_t kFixedTextBytesMax = 60'000;

Result<Hdf5Handle> text_type(std::size_t size, const std::filesystem::path& path) {
  TIPPLE_TRY(Hdf5Handle type, hdf5_handle(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make a text type", path));
  if (H5Tset_size(type.id(), size) < 0 || H5Tset_cset(type.id(), H5T_CSET_UTF8) < 0 ||
      H5Tset_strpad(type.id(), H5T_STR_NULLPAD) < 0) {
    return hdf5_error("cannot make a text type", path);
  }
  return type;
}

Status put_attribute(hid_t object, const char* name, hid_t type, const void* value, const std::filesystem::path& path) {
  const std::string what = std::string("cannot write the attribute ") + name;
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Screate(H5S_SCALAR), H5Sclose, what, path));
  TIPPLE_TRY(Hdf5Handle attribute,
             hdf5_handle(H5Acreate2(object, name, type, space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, what, path));
  if (H5Awrite(attribute.id(), type, value) < 0 || !attribute.close()) return hdf5_error(what, path);
  return {};
}

}  // namespace

Status hdf5_put_attribute(hid_t object, const char* name, std::string_view text, const std::filesystem::path& path) {
  const std::string terminated(text);
  const char* pointer = terminated.c_str();
  if (text.size() <= kFixedTextBytesMax) {
    TIPPLE_TRY(const Hdf5Handle fixed, text_type(std::max<std::size_t>(text.size(), 1), path));
    return put_attribute(object, name, fixed.id(), pointer, path);
  }
  TIPPLE_TRY(const Hdf5Handle variable, text_type(H5T_VARIABLE, path));
  return put_attribute(object, name, variable.id(), &pointer, path);
}

Status hdf5_put_attribute(hid_t object, const char* name, std::uint64_t value, const std::filesystem::path& path) {
  return put_attribute(object, name, H5T_STD_U64LE, &value, path);
}

Result<std::string> hdf5_get_text(hid_t object, const char* name, const std::filesystem::path& path) {
  const std::string what = std::string("has no text attribute ") + name;
  TIPPLE_TRY(const Hdf5Handle attribute, hdf5_handle(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, what, path));
  TIPPLE_TRY(const Hdf5Handle stored, hdf5_handle(H5Aget_type(attribute.id()), H5Tclose, what, path));
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Aget_space(attribute.id()), H5Sclose, what, path));
  if (H5Tget_class(stored.id()) != H5T_STRING || H5Sget_simple_extent_type(space.id()) != H5S_SCALAR) {
    return environment_error(what, path.string());
  }
  if (H5Tis_variable_str(stored.id()) > 0) {
    TIPPLE_TRY(const Hdf5Handle type, text_type(H5T_VARIABLE, path));
    Hdf5Text text;
    if (H5Aread(attribute.id(), type.id(), &text.text) < 0) return hdf5_error(what, path);
    return std::string(text.text == nullptr ? "" : text.text);
  }
  const std::size_t size = H5Tget_size(stored.id());
  if (size == 0 || size > limits::kMiB) return environment_error(what, path.string());
  std::string text(size, '\0');
  if (H5Aread(attribute.id(), stored.id(), text.data()) < 0) return hdf5_error(what, path);
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

Result<std::uint64_t> hdf5_get_number(hid_t object, const char* name, const std::filesystem::path& path) {
  const std::string what = std::string("has no numeric attribute ") + name;
  TIPPLE_TRY(const Hdf5Handle attribute, hdf5_handle(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, what, path));
  TIPPLE_TRY(const Hdf5Handle stored, hdf5_handle(H5Aget_type(attribute.id()), H5Tclose, what, path));
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Aget_space(attribute.id()), H5Sclose, what, path));
  if (H5Tget_class(stored.id()) != H5T_INTEGER || H5Sget_simple_extent_type(space.id()) != H5S_SCALAR) {
    return environment_error(what, path.string());
  }
  std::uint64_t value = 0;
  if (H5Aread(attribute.id(), H5T_NATIVE_UINT64, &value) < 0) return hdf5_error(what, path);
  return value;
}

Status hdf5_put_root_attributes(hid_t file, const Schema& schema, const std::map<std::string, std::string>& attributes,
                                const std::filesystem::path& path) {
  TIPPLE_TRY(const Hdf5Handle root,
             hdf5_handle(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose, "cannot open the root", path));
  TIPPLE_RETURN_IF_ERROR(hdf5_put_attribute(root.id(), "tipple_format", std::string_view(kFormatVersion), path));
  TIPPLE_RETURN_IF_ERROR(
      hdf5_put_attribute(root.id(), "tipple_schema", std::string_view(schema_to_json(schema)), path));
  for (const auto& [name, text] : attributes) {
    TIPPLE_RETURN_IF_ERROR(hdf5_put_attribute(root.id(), name.c_str(), std::string_view(text), path));
  }
  return {};
}

Result<Schema> hdf5_get_schema(hid_t file, const std::filesystem::path& path) {
  TIPPLE_TRY(const Hdf5Handle root,
             hdf5_handle(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose, "cannot open the root", path));
  TIPPLE_TRY(const std::string format, hdf5_get_text(root.id(), "tipple_format", path));
  if (format != kFormatVersion) {
    return environment_error("is a part of format '" + format.substr(0, 16) + "'; this version reads format 1",
                             path.string(), "use the version of tipple that wrote it, or a newer one");
  }
  TIPPLE_TRY(const std::string json, hdf5_get_text(root.id(), "tipple_schema", path));
  Result<Schema> schema = schema_from_json(json);
  if (!schema.ok()) return environment_error("carries a damaged schema: " + schema.error().what, path.string());
  return schema;
}

Result<std::uint64_t> hdf5_extent(hid_t dataset, std::string_view name, const std::filesystem::path& path) {
  const std::string what = "cannot tell the size of '" + std::string(name) + "'";
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Dget_space(dataset), H5Sclose, what, path));
  hsize_t extent = 0;
  if (H5Sget_simple_extent_ndims(space.id()) != 1 || H5Sget_simple_extent_dims(space.id(), &extent, nullptr) != 1) {
    return hdf5_error(what, path);
  }
  return std::uint64_t{extent};
}

}  // namespace tipple
