#include "formats/hdf5_view_state.h"

#include <optional>

#include "formats/hdf5_library.h"

namespace tipple {
namespace {

// The files behind a virtual dataset; none if it is an ordinary one (a view of no parts).
Result<std::vector<std::string>> source_names(hid_t dataset, const std::filesystem::path& path) {
  std::vector<std::string> names;
  TIPPLE_TRY(const Hdf5Handle creation,
             hdf5_handle(H5Dget_create_plist(dataset), H5Pclose, "cannot read the properties of a dataset", path));
  if (H5Pget_layout(creation.id()) != H5D_VIRTUAL) return names;
  std::size_t count = 0;
  if (H5Pget_virtual_count(creation.id(), &count) < 0) return hdf5_error("cannot count the sources", path);
  for (std::size_t i = 0; i < count; ++i) {
    const ssize_t length = H5Pget_virtual_filename(creation.id(), i, nullptr, 0);
    if (length < 0) return hdf5_error("cannot read a source's name", path);
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    if (H5Pget_virtual_filename(creation.id(), i, name.data(), name.size()) < 0)
      return hdf5_error("cannot read a source's name", path);
    name.pop_back();
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

Result<ViewState> read_hdf5_view_state(const std::filesystem::path& path) {
  const Hdf5Lock lock;
  ViewState state;
  TIPPLE_TRY(const Hdf5Handle file, hdf5_open_file(path));
  TIPPLE_TRY(const Hdf5Handle root,
             hdf5_handle(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "cannot open the root", path));
  TIPPLE_TRY(state.version, hdf5_get_text(root.id(), "tipple_version", path));
  TIPPLE_TRY(state.schema, hdf5_get_schema(file.id(), path));
  std::optional<std::uint64_t> rows;
  for (const PartDataset& shape : part_datasets(state.schema)) {
    if (shape.role == PartDataset::Role::kStringBytes) continue;
    TIPPLE_TRY(const Hdf5Handle dataset, hdf5_handle(H5Dopen2(file.id(), shape.name.c_str(), H5P_DEFAULT), H5Dclose,
                                                     "cannot open the dataset '" + shape.name + "'", path));
    TIPPLE_TRY(const std::uint64_t extent, hdf5_extent(dataset.id(), shape.name, path));
    if (!rows) {
      TIPPLE_TRY(state.sources, source_names(dataset.id(), path));
    }
    if (rows.value_or(extent) != extent) {
      return environment_error("the dataset '" + shape.name + "' has " + std::to_string(extent) +
                                   " rows, others have " + std::to_string(*rows),
                               path.string());
    }
    rows = extent;
  }
  state.rows = rows.value_or(0);
  return state;
}

}  // namespace tipple
