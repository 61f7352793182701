#include "formats/hdf5_view.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/limits.h"
#include "formats/hdf5_library.h"
#include "formats/hdf5_view_cast.h"

namespace tipple {
namespace {

// Where a view finds a source's share of a dataset.
enum class Share : std::uint8_t {
  kOwn,     // in the source
  kFilled,  // nowhere: all of its rows have the view's fill value
  kNull,    // the source has no such column: in the file of nulls
};

// A source with the sizes that its datasets really have.
struct CheckedSource {
  fs::path path;  // relative to the folder of the file that names it
  std::uint64_t rows = 0;
  std::vector<std::uint64_t> extents;  // by part_datasets(schema)
  std::vector<Share> shares;           // likewise
};

// The file behind columns that a part does not have: the view's datasets, each of zeros that take no room.
struct NullSource {
  fs::path path;  // relative to the folder of the file that names it
  std::uint64_t rows = 0;
};

Error wrong_source(const fs::path& path, const std::string& why) {
  return environment_error("cannot stand in a view: " + why, path.string(),
                           "run tipple verify; the table's parts are not touched");
}

Result<std::uint64_t> dataset_extent(hid_t file, const PartDataset& shape, const fs::path& path) {
  TIPPLE_TRY(const Hdf5Handle dataset, hdf5_handle(H5Dopen2(file, shape.name.c_str(), H5P_DEFAULT), H5Dclose,
                                                   "has no dataset '" + shape.name + "'", path));
  return hdf5_extent(dataset.id(), shape.name, path);
}

const Column* find_column(const Schema& schema, const std::string& name) {
  const auto found =
      std::find_if(schema.begin(), schema.end(), [&](const Column& column) { return column.name == name; });
  return found == schema.end() ? nullptr : &*found;
}

Status check_columns(const Schema& stored, const Schema& schema, const fs::path& path) {
  std::size_t known = 0;
  for (const Column& column : schema) {
    const Column* const own = find_column(stored, column.name);
    known += own == nullptr ? 0 : 1;
    const bool shown =
        own == nullptr ? column.nullable : hdf5_shows_as(own->type, column.type) && (column.nullable || !own->nullable);
    if (!shown) return wrong_source(path, "its columns are not the table's: " + column.name);
  }
  if (known != stored.size()) return wrong_source(path, "its columns are not the table's");
  return {};
}

// Opens `folder / source.path`: HDF5 itself would read a missing or shorter source as fill values, without an error.
Result<CheckedSource> check_source(const fs::path& folder, const ViewSource& source, const Schema& schema) {
  const fs::path path = folder / source.path;
  TIPPLE_TRY(const Hdf5Handle file, hdf5_open_file(path));
  TIPPLE_TRY(const Schema stored, hdf5_get_schema(file.id(), path));
  TIPPLE_RETURN_IF_ERROR(check_columns(stored, schema, path));
  CheckedSource checked{source.path, source.rows, {}, {}};
  for (const PartDataset& shape : part_datasets(schema)) {
    const bool is_bytes = shape.role == PartDataset::Role::kStringBytes;
    const Column* const own = find_column(stored, schema[shape.column].name);
    if (own == nullptr) {
      checked.extents.push_back(is_bytes ? 0 : source.rows);
      checked.shares.push_back(Share::kNull);
      continue;
    }
    if (shape.role == PartDataset::Role::kValid && !own->nullable) {
      checked.extents.push_back(source.rows);
      checked.shares.push_back(Share::kFilled);
      continue;
    }
    TIPPLE_TRY(const std::uint64_t extent, dataset_extent(file.id(), shape, path));
    if (!is_bytes && extent != source.rows) {
      return wrong_source(path, "'" + shape.name + "' has " + std::to_string(extent) + " rows instead of " +
                                    std::to_string(source.rows));
    }
    checked.extents.push_back(extent);
    checked.shares.push_back(Share::kOwn);
  }
  return checked;
}

Status map_sources(hid_t creation, const PartDataset& shape, std::size_t position, hsize_t total,
                   const std::vector<CheckedSource>& sources, const NullSource& nulls, const fs::path& path) {
  const std::string what = "cannot map '" + shape.name + "'";
  TIPPLE_TRY(const Hdf5Handle target, hdf5_handle(H5Screate_simple(1, &total, nullptr), H5Sclose, what, path));
  hsize_t begin = 0;
  for (const CheckedSource& source : sources) {
    const hsize_t size = source.extents[position];
    const Share share = source.shares[position];
    if (size > 0 && share != Share::kFilled) {
      const hsize_t extent = share == Share::kNull ? nulls.rows : size;
      const fs::path& file = share == Share::kNull ? nulls.path : source.path;
      const hsize_t first = 0;
      TIPPLE_TRY(const Hdf5Handle from, hdf5_handle(H5Screate_simple(1, &extent, nullptr), H5Sclose, what, path));
      if (H5Sselect_hyperslab(from.id(), H5S_SELECT_SET, &first, nullptr, &size, nullptr) < 0 ||
          H5Sselect_hyperslab(target.id(), H5S_SELECT_SET, &begin, nullptr, &size, nullptr) < 0 ||
          H5Pset_virtual(creation, target.id(), file.c_str(), shape.name.c_str(), from.id()) < 0) {
        return hdf5_error(what, path);
      }
    }
    begin += size;
  }
  return {};
}

Status write_dataset(hid_t file, const Column& column, const PartDataset& shape, std::size_t position,
                     const std::vector<CheckedSource>& sources, const NullSource& nulls, const fs::path& path) {
  const std::string what = "cannot create '" + shape.name + "'";
  hsize_t total = 0;
  for (const CheckedSource& source : sources) total += source.extents[position];
  TIPPLE_TRY(const Hdf5Handle type, hdf5_dataset_type(column, shape, path));
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Screate_simple(1, &total, nullptr), H5Sclose, what, path));
  TIPPLE_TRY(const Hdf5Handle creation, hdf5_handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what, path));
  if (H5Pset_obj_track_times(creation.id(), false) < 0) return hdf5_error(what, path);
  if (shape.role == PartDataset::Role::kValid) {
    const std::uint8_t valid = 1;
    if (H5Pset_fill_value(creation.id(), H5T_NATIVE_UINT8, &valid) < 0) return hdf5_error(what, path);
  }
  TIPPLE_RETURN_IF_ERROR(map_sources(creation.id(), shape, position, total, sources, nulls, path));
  TIPPLE_TRY(Hdf5Handle dataset, hdf5_handle(H5Dcreate2(file, shape.name.c_str(), type.id(), space.id(), H5P_DEFAULT,
                                                        creation.id(), H5P_DEFAULT),
                                             H5Dclose, what, path));
  TIPPLE_RETURN_IF_ERROR(hdf5_describe_dataset(dataset.id(), column, shape, path));
  if (!dataset.close()) return hdf5_error(what, path);
  return {};
}

Status write_one_file(const fs::path& path, const Schema& schema, const std::vector<CheckedSource>& sources,
                      const NullSource& nulls, const std::map<std::string, std::string>& attributes) {
  TIPPLE_TRY(Hdf5Handle file, hdf5_create_file(path, true));
  TIPPLE_RETURN_IF_ERROR(hdf5_put_root_attributes(file.id(), schema, attributes, path));
  std::uint64_t rows = 0;
  for (const CheckedSource& source : sources) rows += source.rows;
  {
    TIPPLE_TRY(const Hdf5Handle root,
               hdf5_handle(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "cannot open the root", path));
    TIPPLE_RETURN_IF_ERROR(hdf5_put_attribute(root.id(), "tipple_rows", rows, path));
  }
  const std::vector<PartDataset> shapes = part_datasets(schema);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    TIPPLE_RETURN_IF_ERROR(write_dataset(file.id(), schema[shapes[i].column], shapes[i], i, sources, nulls, path));
  }
  if (H5Fflush(file.id(), H5F_SCOPE_LOCAL) < 0 || !file.close()) return hdf5_error("cannot close", path);
  return {};
}

// Several sources as one: the file that stands for them on the next level.
CheckedSource summed(const std::vector<CheckedSource>& sources, fs::path path) {
  const std::size_t datasets = sources.front().extents.size();
  CheckedSource sum{std::move(path), 0, std::vector<std::uint64_t>(datasets),
                    std::vector<Share>(datasets, Share::kOwn)};
  for (const CheckedSource& source : sources) {
    sum.rows += source.rows;
    for (std::size_t i = 0; i < sum.extents.size(); ++i) sum.extents[i] += source.extents[i];
  }
  return sum;
}

struct ViewPlace {
  fs::path folder;        // of the view
  fs::path parts_folder;  // of the files between it and its sources, relative to `folder`
  std::string stem;
};

// Paths of `sources` become relative to the place's parts_folder, where the files of deeper levels stand.
Result<std::vector<CheckedSource>> write_level(const ViewPlace& place, const Schema& schema,
                                               std::vector<CheckedSource> sources, const NullSource& nulls,
                                               std::vector<fs::path>& written) {
  const NullSource beside{nulls.path.lexically_proximate(place.parts_folder), nulls.rows};
  std::vector<CheckedSource> above;
  for (std::size_t first = 0; first < sources.size(); first += limits::kViewSourcesPerLevelMax) {
    const std::size_t last = std::min<std::size_t>(sources.size(), first + limits::kViewSourcesPerLevelMax);
    std::vector<CheckedSource> group(sources.begin() + static_cast<std::ptrdiff_t>(first),
                                     sources.begin() + static_cast<std::ptrdiff_t>(last));
    for (CheckedSource& source : group) source.path = source.path.lexically_proximate(place.parts_folder);
    const fs::path name = place.parts_folder / (place.stem + "-" + std::to_string(written.size()) + ".h5");
    written.push_back(place.folder / name);
    TIPPLE_RETURN_IF_ERROR(write_one_file(place.folder / name, schema, group, beside, {}));
    above.push_back(summed(group, name));
  }
  return above;
}

// The file of nulls for the sources that lack columns; none if no source does.
Result<NullSource> write_nulls(const ViewPlace& place, const Schema& schema, const std::vector<CheckedSource>& sources,
                               std::vector<fs::path>& written) {
  NullSource nulls;
  for (const CheckedSource& source : sources) {
    const bool lacks = std::find(source.shares.begin(), source.shares.end(), Share::kNull) != source.shares.end();
    if (lacks) nulls.rows = std::max(nulls.rows, source.rows);
  }
  if (nulls.rows == 0) return nulls;
  nulls.path = place.parts_folder / (place.stem + "-null.h5");
  const fs::path path = place.folder / nulls.path;
  TIPPLE_RETURN_IF_ERROR(create_folders(path.parent_path()));
  written.push_back(path);
  TIPPLE_TRY(Hdf5Handle file, hdf5_create_file(path, true));
  const hsize_t rows = nulls.rows;
  for (const PartDataset& shape : part_datasets(schema)) {
    const std::string what = "cannot create '" + shape.name + "'";
    TIPPLE_TRY(const Hdf5Handle type, hdf5_dataset_type(schema[shape.column], shape, path));
    TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Screate_simple(1, &rows, nullptr), H5Sclose, what, path));
    TIPPLE_TRY(const Hdf5Handle creation, hdf5_handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what, path));
    // Nothing is ever written, so nothing is allocated: zeros are read.
    if (H5Pset_obj_track_times(creation.id(), false) < 0 || H5Pset_alloc_time(creation.id(), H5D_ALLOC_TIME_LATE) < 0)
      return hdf5_error(what, path);
    TIPPLE_TRY(Hdf5Handle dataset, hdf5_handle(H5Dcreate2(file.id(), shape.name.c_str(), type.id(), space.id(),
                                                          H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                                               H5Dclose, what, path));
    if (!dataset.close()) return hdf5_error(what, path);
  }
  if (!file.close()) return hdf5_error("cannot close", path);
  return nulls;
}

Status write_levels(const fs::path& path, const ViewPlace& place, const Schema& schema,
                    const std::vector<ViewSource>& sources, const std::map<std::string, std::string>& attributes,
                    std::vector<fs::path>& written) {
  const Hdf5Lock lock;
  std::vector<CheckedSource> checked;
  for (const ViewSource& source : sources) {
    TIPPLE_TRY(CheckedSource one, check_source(place.folder, source, schema));
    checked.push_back(std::move(one));
  }
  TIPPLE_TRY(const NullSource nulls, write_nulls(place, schema, checked, written));
  while (checked.size() > limits::kViewSourcesPerLevelMax) {
    TIPPLE_TRY(checked, write_level(place, schema, std::move(checked), nulls, written));
  }
  written.push_back(path);
  return write_one_file(path, schema, checked, nulls, attributes);
}

}  // namespace

Result<std::vector<fs::path>> write_hdf5_view(const fs::path& path, const fs::path& parts_folder,
                                              const std::string& stem, const Schema& schema,
                                              const std::vector<ViewSource>& sources,
                                              const std::map<std::string, std::string>& attributes) {
  TIPPLE_RETURN_IF_ERROR(check_part_schema(schema));
  std::vector<fs::path> written;
  const Status status =
      write_levels(path, {path.parent_path(), parts_folder, stem}, schema, sources, attributes, written);
  if (!status.ok()) {
    for (const fs::path& file : written) ::unlink(file.c_str());
    return status.error();
  }
  return written;
}

}  // namespace tipple
