#include "formats/hdf5_source_layout.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

constexpr int kNestingMax = 64;
constexpr std::size_t kLinksMax = 65'536;  // looked at in a file: hard links can make a group its own descendant
constexpr std::uint64_t kChunkBytesMax = limits::kGiB;
constexpr const char* kReachesOut =
    "files that reach outside of themselves are not read; copy the data into the file (h5repack, h5copy)";

struct LinkName {
  std::string name;
  H5L_type_t type = H5L_TYPE_ERROR;
};

struct LinkList {
  std::vector<LinkName> links;
  std::size_t left = 0;  // of kLinksMax
};

herr_t add_link(hid_t, const char* name, const H5L_info_t* info, void* list_pointer) {
  auto& list = *static_cast<LinkList*>(list_pointer);
  if (list.left == 0) return 1;
  --list.left;
  list.links.push_back({name, info->type});
  return 0;
}

// Called before HDF5 follows an external link: it never does.
herr_t refuse_external(const char*, const char*, const char*, const char*, unsigned*, hid_t, void* followed) {
  *static_cast<bool*>(followed) = true;
  return -1;
}

class DatasetFinder {
 public:
  DatasetFinder(hid_t file, const std::string& path) : file_(file), path_(path) {}

  Result<std::vector<Hdf5Dataset>> find(const std::string& group);

 private:
  Error refused(const std::string& name, std::string_view what, std::string hint = kReachesOut) const {
    return usage_error(fmt::format("\"{}\" {}", name, what), path_, std::move(hint));
  }
  Result<Hdf5Handle> open_object(hid_t from, const std::string& name, const std::string& shown);
  Status walk(hid_t group, const std::string& prefix, int depth);
  Status add_dataset(hid_t dataset, const std::string& name, bool nested);
  Status check_storage(hid_t dataset, const std::string& name, Hdf5Dataset& found) const;
  Status check_filters(hid_t creation, const std::string& name) const;
  Error no_such_group(const std::string& group);

  hid_t file_;
  const std::string& path_;
  std::size_t links_left_ = kLinksMax;
  bool single_ = false;  // `group` is a dataset
  std::vector<Hdf5Dataset> direct_;
  std::vector<Hdf5Dataset> nested_;
};

// A link access list that never leaves the file, and the object behind the link.
Result<Hdf5Handle> DatasetFinder::open_object(hid_t from, const std::string& name, const std::string& shown) {
  bool external = false;
  TIPPLE_TRY(const Hdf5Handle access, hdf5_handle(H5Pcreate(H5P_LINK_ACCESS), H5Pclose, "cannot prepare HDF5", path_));
  if (H5Pset_elink_cb(access.id(), refuse_external, &external) < 0) return hdf5_error("cannot prepare HDF5", path_);
  Hdf5Handle object(H5Oopen(from, name.c_str(), access.id()), H5Oclose);
  if (object.is_open()) return object;
  Error error = hdf5_error(fmt::format("cannot open \"{}\"", shown), path_);
  if (external) return refused(shown, "is behind an external link, into another file");
  return error;
}

Status DatasetFinder::check_filters(hid_t creation, const std::string& name) const {
  const int count = H5Pget_nfilters(creation);
  if (count < 0) return hdf5_error(fmt::format("cannot read the filters of \"{}\"", name), path_);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    switch (filter) {
      case H5Z_FILTER_DEFLATE:
      case H5Z_FILTER_SHUFFLE:
      case H5Z_FILTER_FLETCHER32:
      case H5Z_FILTER_SZIP:
      case H5Z_FILTER_NBIT:
      case H5Z_FILTER_SCALEOFFSET:
      case kFilterZstd:
      case kFilterLz4:
        break;
      default:
        return refused(name, fmt::format("is stored through filter {}, which needs a plugin", static_cast<int>(filter)),
                       "store it with deflate, shuffle, zstd or lz4 (h5repack -f)");
    }
    if (H5Zfilter_avail(filter) <= 0)
      return refused(
          name, fmt::format("is stored through filter {}, which this HDF5 library lacks", static_cast<int>(filter)),
          "store it with deflate (h5repack -f GZIP=1)");
  }
  return {};
}

// Before anything else is asked of a dataset: a virtual one would open its sources to tell its size.
Status DatasetFinder::check_storage(hid_t dataset, const std::string& name, Hdf5Dataset& found) const {
  const std::string what = fmt::format("cannot read the layout of \"{}\"", name);
  TIPPLE_TRY(const Hdf5Handle creation, hdf5_handle(H5Dget_create_plist(dataset), H5Pclose, what, path_));
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  if (layout == H5D_VIRTUAL) return refused(name, "is a virtual dataset, of other files' data");
  if (layout == H5D_LAYOUT_ERROR) return hdf5_error(what, path_);
  if (H5Pget_external_count(creation.id()) != 0) return refused(name, "is stored in external files");
  TIPPLE_RETURN_IF_ERROR(check_filters(creation.id(), name));
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Dget_space(dataset), H5Sclose, what, path_));
  const int dimensions = H5Sget_simple_extent_ndims(space.id());
  if (dimensions != 1) {
    return refused(name, fmt::format("has {} dimensions, a column has one", dimensions),
                   "`group:` of the source names another group or dataset");
  }
  hsize_t rows = 0;
  hsize_t chunk = 0;
  if (H5Sget_simple_extent_dims(space.id(), &rows, nullptr) != 1) return hdf5_error(what, path_);
  if (layout == H5D_CHUNKED && (H5Pget_chunk(creation.id(), 1, &chunk) != 1 || chunk == 0))
    return hdf5_error(what, path_);
  found.rows = rows;
  found.chunk_rows = chunk;
  return {};
}

bool is_table_shaped(hid_t dataset) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  return H5Sget_simple_extent_ndims(space.id()) == 1;
}

Status DatasetFinder::add_dataset(hid_t dataset, const std::string& name, bool nested) {
  TIPPLE_TRY(const Hdf5Handle creation,
             hdf5_handle(H5Dget_create_plist(dataset), H5Pclose, "cannot read a layout", path_));
  const bool local = H5Pget_layout(creation.id()) != H5D_VIRTUAL && H5Pget_external_count(creation.id()) == 0;
  if (local) {
    const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
    const bool scalar = H5Sget_simple_extent_type(space.id()) != H5S_SIMPLE;
    if (scalar && !single_) return {};  // one value, as an attribute would be
    if (nested && !is_table_shaped(dataset)) return {};
  }
  Hdf5Dataset found;
  found.name = name;
  found.named = single_;
  TIPPLE_RETURN_IF_ERROR(check_storage(dataset, name, found));
  if (H5Iinc_ref(dataset) < 0) return hdf5_error("cannot keep \"" + name + "\" open", path_);
  found.handle = Hdf5Handle(dataset, H5Oclose);
  auto type = inspect_hdf5_type(dataset, name, path_);
  if (!type.ok()) {
    if (nested && type.error().kind == ErrorKind::kUsage) return {};
    return std::move(type).error();
  }
  found.type = std::move(type).value();
  if (found.chunk_rows > kChunkBytesMax / std::max<std::uint64_t>(found.type.bytes, 1)) {
    return refused(name,
                   fmt::format("has chunks of {} rows of {} bytes, at most {} bytes are read", found.chunk_rows,
                               found.type.bytes, kChunkBytesMax),
                   "store it in smaller chunks (h5repack -l)");
  }
  (nested ? nested_ : direct_).push_back(std::move(found));
  return {};
}

Status DatasetFinder::walk(hid_t group, const std::string& prefix, int depth) {
  if (depth > kNestingMax)
    return refused(prefix, fmt::format("is nested more than {} groups deep", kNestingMax), "does a group hold itself?");
  LinkList list;
  list.left = links_left_;
  hsize_t at = 0;
  const herr_t done = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, add_link, &list);
  if (done < 0) return hdf5_error(fmt::format("cannot list the group \"{}\"", prefix), path_);
  if (done > 0)
    return refused(prefix.empty() ? "/" : prefix, fmt::format("has more than {} links below it", kLinksMax),
                   "name a smaller group");
  links_left_ = list.left;
  for (const LinkName& link : list.links) {
    const std::string name = prefix + link.name;
    if (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT)
      return refused(name, "is an external link, into another file");
    TIPPLE_TRY(const Hdf5Handle object, open_object(group, link.name, name));
    const H5I_type_t type = H5Iget_type(object.id());
    if (type == H5I_GROUP) TIPPLE_RETURN_IF_ERROR(walk(object.id(), name + "/", depth + 1));
    if (type == H5I_DATASET) TIPPLE_RETURN_IF_ERROR(add_dataset(object.id(), name, depth > 0));
    if (direct_.size() + nested_.size() > limits::kColumnsMax) {
      return refused(prefix.empty() ? "/" : prefix, fmt::format("holds more than {} datasets", limits::kColumnsMax),
                     "name a smaller group");
    }
  }
  return {};
}

// With the nearest name of the group that the path was to lead into.
Error DatasetFinder::no_such_group(const std::string& group) {
  LinkList list;
  list.left = kLinksMax;
  hsize_t at = 0;
  static_cast<void>(H5Literate(file_, H5_INDEX_NAME, H5_ITER_INC, &at, add_link, &list));
  H5Eclear2(H5E_DEFAULT);
  std::vector<std::string> names;
  for (const LinkName& link : list.links) names.push_back(link.name);
  const std::string nearest = nearest_name(group.substr(std::min(group.find_first_not_of('/'), group.size())), names);
  return usage_error(fmt::format("has no group or dataset \"{}\"", group), path_,
                     nearest.empty() ? "h5ls lists what it has" : fmt::format("did you mean \"/{}\"?", nearest));
}

Result<std::vector<Hdf5Dataset>> DatasetFinder::find(const std::string& group) {
  const std::string from = group.empty() ? "/" : group;
  Result<Hdf5Handle> opened = open_object(file_, from, from);
  if (!opened.ok()) return opened.error().kind == ErrorKind::kUsage ? opened.error() : no_such_group(from);
  const Hdf5Handle object = std::move(opened).value();
  if (H5Iget_type(object.id()) == H5I_DATASET) {
    single_ = true;
    TIPPLE_RETURN_IF_ERROR(add_dataset(object.id(), from.substr(from.rfind('/') + 1), false));
    return std::move(direct_);
  }
  if (H5Iget_type(object.id()) != H5I_GROUP) return no_such_group(from);
  TIPPLE_RETURN_IF_ERROR(walk(object.id(), "", 0));
  const bool only_nested = direct_.empty();
  std::vector<Hdf5Dataset>& found = only_nested ? nested_ : direct_;
  for (const Hdf5Dataset& dataset : found) {
    if (dataset.rows == found[0].rows) continue;
    return usage_error(fmt::format("datasets \"{}\" and \"{}\" have {} and {} rows: they are no columns of one table",
                                   found[0].name, dataset.name, found[0].rows, dataset.rows),
                       path_, "`group:` of the source names one group or dataset");
  }
  if (!only_nested) {
    for (Hdf5Dataset& dataset : nested_) {
      if (dataset.rows == direct_[0].rows) direct_.push_back(std::move(dataset));
    }
  }
  if (found.empty())
    return usage_error(fmt::format("has no datasets below \"{}\"", from), path_,
                       "`group:` of the source names the group to read");
  return std::move(found);
}

}  // namespace

Result<std::vector<Hdf5Dataset>> find_hdf5_datasets(hid_t file, const std::string& group, const std::string& path) {
  DatasetFinder finder(file, path);
  return finder.find(group);
}

}  // namespace tipple
