#include "formats/hdf5_row_extract.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/hdf5_library.h"
#include "formats/hdf5_shared_file.h"
#include "formats/hdf5_source.h"
#include "formats/hdf5_source_layout.h"
#include "formats/hdf5_text_arena.h"

namespace tipple {
namespace {

constexpr std::uint64_t kReadBytesMax = 16 * limits::kMiB;  // of one dataset at once, texts of variable length apart
constexpr std::uint64_t kTextBytesAim = 16 * limits::kMiB;  // rows with more text are read one by one
constexpr std::uint64_t kChunkRowsMax = 512;                // small: a chunk is stored whole, and most copies are short
constexpr std::uint64_t kChunkBytesMax = 256 * limits::kKiB;

struct DatasetCopy {
  Hdf5Dataset from;
  Hdf5Handle to;
};

// Where `dataset` stands in its file.
std::string full_name(const Hdf5Dataset& dataset, const std::string& group) {
  std::string name = group;
  while (name.ends_with('/')) name.pop_back();
  return dataset.named ? name : name + "/" + dataset.name;
}

class Hdf5RowExtract final : public RowExtract {
 public:
  Hdf5RowExtract(const BatchSource& rows, std::string from, const SourceSpec& source, std::string to)
      : from_(std::move(from)),
        group_(source.group),
        limits_(source.decompression),
        to_(std::move(to)),
        schema_(rows.schema()),
        rows_(rows.rows()) {}
  ~Hdf5RowExtract() override {
    const Hdf5Lock lock;
    static_cast<void>(let_go());
  }

  Status open();
  Status append(std::span<const std::uint64_t> rows) override;
  Status close() override;

 private:
  Result<Hdf5Handle> create(const Hdf5Dataset& dataset) const;
  Status make_groups(const std::string& name) const;
  Status copy_attributes(const Hdf5Dataset& dataset, hid_t to) const;
  Status copy(const DatasetCopy& dataset, std::span<const std::uint64_t> rows) const;
  Status copy_at_once(const DatasetCopy& dataset, std::span<const std::uint64_t> rows, std::uint64_t at,
                      Hdf5TextArena& arena) const;
  bool let_go();

  std::string from_;
  std::string group_;
  DecompressionLimits limits_;
  std::string to_;
  std::shared_ptr<arrow::Schema> schema_;
  std::uint64_t rows_ = 0;     // of the file
  std::uint64_t written_ = 0;  // rows of the new one
  std::shared_ptr<const Hdf5Handle> file_;
  Hdf5Handle new_file_;
  std::vector<DatasetCopy> datasets_;
};

Status Hdf5RowExtract::open() {
  const Hdf5Lock lock;
  TIPPLE_TRY(file_, hdf5_share_file(from_));
  TIPPLE_TRY(auto datasets, find_hdf5_datasets(file_->id(), group_, from_));
  TIPPLE_TRY(new_file_, hdf5_create_file(to_, /*virtual_datasets=*/false));
  for (Hdf5Dataset& dataset : datasets) {
    TIPPLE_TRY(Hdf5Handle created, create(dataset));
    datasets_.push_back({std::move(dataset), std::move(created)});
  }
  return {};
}

// The groups around a dataset. HDF5 would make them itself, but with the time in them.
Status Hdf5RowExtract::make_groups(const std::string& name) const {
  const std::string what = fmt::format("cannot create the groups of \"{}\"", name);
  TIPPLE_TRY(const Hdf5Handle creation, hdf5_handle(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, what, to_));
  if (H5Pset_obj_track_times(creation.id(), false) < 0) return hdf5_error(what, to_);
  for (std::size_t slash = name.find('/', 1); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string group = name.substr(0, slash);
    if (group.ends_with('/') || group == "." || group.ends_with("/.") ||
        H5Lexists(new_file_.id(), group.c_str(), H5P_DEFAULT) > 0)
      continue;
    TIPPLE_TRY(const Hdf5Handle made,
               hdf5_handle(H5Gcreate2(new_file_.id(), group.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Gclose,
                           what, to_));
  }
  return {};
}

Status Hdf5RowExtract::copy_attributes(const Hdf5Dataset& dataset, hid_t to) const {
  for (const char* const name : {"units", "calendar"}) {
    if (H5Aexists(dataset.handle.id(), name) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      continue;
    }
    const auto text = hdf5_get_text(dataset.handle.id(), name, from_);
    if (!text.ok()) continue;  // no text: it says nothing to the reader either
    TIPPLE_RETURN_IF_ERROR(hdf5_put_attribute(to, name, std::string_view(*text), to_));
  }
  return {};
}

// Empty, with the type that the dataset is read as: packed, of this machine's byte order.
Result<Hdf5Handle> Hdf5RowExtract::create(const Hdf5Dataset& dataset) const {
  const std::string name = full_name(dataset, group_);
  const std::string what = fmt::format("cannot create \"{}\"", name);
  TIPPLE_RETURN_IF_ERROR(make_groups(name));
  const hsize_t none = 0;
  const hsize_t unlimited = H5S_UNLIMITED;
  const hsize_t chunk = std::clamp<std::uint64_t>(kChunkBytesMax / dataset.type.bytes, 1, kChunkRowsMax);
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Screate_simple(1, &none, &unlimited), H5Sclose, what, to_));
  TIPPLE_TRY(const Hdf5Handle creation, hdf5_handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what, to_));
  // What no row fills is zeros, and so the bytes are the same every time.
  if (H5Pset_chunk(creation.id(), 1, &chunk) < 0 || H5Pset_obj_track_times(creation.id(), false) < 0 ||
      H5Pset_fill_time(creation.id(), H5D_FILL_TIME_ALLOC) < 0)
    return hdf5_error(what, to_);
  TIPPLE_TRY(Hdf5Handle created, hdf5_handle(H5Dcreate2(new_file_.id(), name.c_str(), dataset.type.memory.id(),
                                                        space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                                             H5Dclose, what, to_));
  TIPPLE_RETURN_IF_ERROR(copy_attributes(dataset, created.id()));
  return created;
}

Status Hdf5RowExtract::append(std::span<const std::uint64_t> rows) {
  if (rows.empty()) return {};
  const std::uint64_t last = *std::max_element(rows.begin(), rows.end());
  if (last >= rows_) return environment_error(fmt::format("has {} rows, and no row {}", rows_, last), from_);
  const Hdf5Lock lock;
  for (const DatasetCopy& dataset : datasets_) TIPPLE_RETURN_IF_ERROR(copy(dataset, rows));
  written_ += rows.size();
  return {};
}

Status Hdf5RowExtract::copy(const DatasetCopy& dataset, std::span<const std::uint64_t> rows) const {
  std::uint64_t at = written_;
  std::uint64_t step = std::max<std::uint64_t>(kReadBytesMax / dataset.from.type.bytes, 1);
  while (!rows.empty()) {
    const std::size_t count = std::min<std::uint64_t>(step, rows.size());
    Hdf5TextArena arena(count == 1 ? Hdf5TextArena::kBytesMax : kTextBytesAim);
    const Status copied = copy_at_once(dataset, rows.first(count), at, arena);
    if (!copied.ok() && arena.full() && count > 1) {
      step = count / 2;
      continue;
    }
    TIPPLE_RETURN_IF_ERROR(copied);
    rows = rows.subspan(count);
    at += count;
  }
  return {};
}

Status Hdf5RowExtract::copy_at_once(const DatasetCopy& dataset, std::span<const std::uint64_t> rows, std::uint64_t at,
                                    Hdf5TextArena& arena) const {
  const Hdf5RowType& type = dataset.from.type;
  const std::string reading = fmt::format("cannot read rows of \"{}\"", dataset.from.name);
  const std::string writing = fmt::format("cannot write rows of \"{}\"", dataset.from.name);
  const std::vector<hsize_t> points(rows.begin(), rows.end());
  const hsize_t first = at;
  const hsize_t count = rows.size();
  const hsize_t extent = at + count;
  std::vector<std::byte> buffer(rows.size() * type.bytes);  // zeros: a text that HDF5 leaves out is none
  TIPPLE_TRY(const Hdf5Handle transfer, hdf5_handle(H5Pcreate(H5P_DATASET_XFER), H5Pclose, reading, from_));
  TIPPLE_TRY(const Hdf5Handle from, hdf5_handle(H5Dget_space(dataset.from.handle.id()), H5Sclose, reading, from_));
  TIPPLE_TRY(const Hdf5Handle memory, hdf5_handle(H5Screate_simple(1, &count, nullptr), H5Sclose, reading, from_));
  if (H5Pset_vlen_mem_manager(transfer.id(), Hdf5TextArena::allocate, &arena, Hdf5TextArena::release, nullptr) < 0 ||
      H5Sselect_elements(from.id(), H5S_SELECT_SET, points.size(), points.data()) < 0 ||
      H5Dread(dataset.from.handle.id(), type.memory.id(), memory.id(), from.id(), transfer.id(), buffer.data()) < 0) {
    Error error = hdf5_error(reading, from_);
    if (arena.full())
      return environment_error(reading + fmt::format(": its texts have more than {} bytes", arena.bytes_max()), from_);
    return error;
  }
  if (H5Dset_extent(dataset.to.id(), &extent) < 0) return hdf5_error(writing, to_);
  TIPPLE_TRY(const Hdf5Handle to, hdf5_handle(H5Dget_space(dataset.to.id()), H5Sclose, writing, to_));
  if (H5Sselect_hyperslab(to.id(), H5S_SELECT_SET, &first, nullptr, &count, nullptr) < 0 ||
      H5Dwrite(dataset.to.id(), type.memory.id(), memory.id(), to.id(), H5P_DEFAULT, buffer.data()) < 0)
    return hdf5_error(writing, to_);
  return {};
}

// Under an Hdf5Lock. False: what was written may not be on the disk.
bool Hdf5RowExtract::let_go() {
  bool closed = true;
  for (DatasetCopy& dataset : datasets_) closed &= dataset.to.close();
  datasets_.clear();
  closed &= new_file_.close();
  file_.reset();
  return closed;
}

Status Hdf5RowExtract::close() {
  {
    const Hdf5Lock lock;
    if (!let_go()) return hdf5_error("cannot write", to_);
  }
  TIPPLE_TRY(const auto written, open_hdf5_source(to_, group_, limits_));
  return check_row_extract(*written, written_, *schema_, from_);
}

}  // namespace

Result<std::unique_ptr<RowExtract>> make_hdf5_row_extract(const BatchSource& rows, const std::string& from,
                                                          const SourceSpec& source, const std::string& to) {
  auto extract = std::make_unique<Hdf5RowExtract>(rows, from, source, to);
  TIPPLE_RETURN_IF_ERROR(extract->open());
  return std::unique_ptr<RowExtract>(std::move(extract));
}

}  // namespace tipple
