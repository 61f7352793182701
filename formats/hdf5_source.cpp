#include "formats/hdf5_source.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
#include "formats/csv_column.h"
#include "formats/hdf5_library.h"
#include "formats/hdf5_shared_file.h"
#include "formats/hdf5_source_layout.h"
#include "formats/hdf5_source_type.h"
#include "formats/hdf5_text_arena.h"

namespace tipple {
namespace {

constexpr std::uint64_t kStretchRowsAim = 65'536;
constexpr std::uint64_t kStretchBytesMax = 256 * limits::kMiB;
constexpr std::uint64_t kWholeStretchFactor = 2;  // as for row groups (parquet_source.cpp)
constexpr std::uint64_t kTextBytesGuess = 32;
constexpr std::uint64_t kUnsuspiciousBytes = limits::kGiB;  // below that no ratio is looked at

// A column: which field of which dataset.
struct ColumnPlace {
  std::size_t dataset = 0;
  std::size_t field = 0;
};

class Hdf5Source final : public BatchSource {
 public:
  explicit Hdf5Source(std::string path) : path_(std::move(path)) {}
  ~Hdf5Source() override {
    const Hdf5Lock lock;
    datasets_.clear();
    file_.reset();
  }

  Status open(const std::string& group, const DecompressionLimits& limits);

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  std::uint64_t rows() const override { return rows_; }
  std::vector<BatchStretch> stretches(std::uint64_t begin, std::uint64_t end, std::uint64_t rows_max) const override;
  Result<std::shared_ptr<arrow::RecordBatch>> read(const BatchStretch& stretch, const std::vector<int>& columns,
                                                   arrow::MemoryPool* pool) const override;

 private:
  void make_schema();
  Status check_size(const DecompressionLimits& limits) const;
  Result<std::shared_ptr<arrow::Buffer>> read_rows(const Hdf5Dataset& dataset, const BatchStretch& stretch,
                                                   Hdf5TextArena& arena, arrow::MemoryPool* pool) const;

  std::string path_;
  std::uint64_t file_bytes_ = 0;
  std::shared_ptr<const Hdf5Handle> file_;
  std::vector<Hdf5Dataset> datasets_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<ColumnPlace> places_;
  std::uint64_t rows_ = 0;
  std::uint64_t row_bytes_ = 0;
  std::uint64_t stretch_rows_ = kStretchRowsAim;
};

Status Hdf5Source::open(const std::string& group, const DecompressionLimits& limits) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path_));
  file_bytes_ = stat.size;
  const Hdf5Lock lock;
  H5PLset_loading_state(0);  // no plugin is loaded for what a file asks
  TIPPLE_TRY(file_, hdf5_share_file(path_));
  TIPPLE_TRY(datasets_, find_hdf5_datasets(file_->id(), group, path_));
  rows_ = datasets_[0].rows;
  make_schema();
  if (places_.size() > limits::kColumnsMax) {
    return usage_error(fmt::format("has {} columns, at most {} are read", places_.size(), limits::kColumnsMax), path_);
  }
  TIPPLE_RETURN_IF_ERROR(check_size(limits));
  // Whole chunks, so that each is decoded once; a function of the file alone.
  const std::uint64_t chunk = datasets_[0].chunk_rows;
  stretch_rows_ = chunk == 0 ? kStretchRowsAim : chunk * std::max<std::uint64_t>(1, kStretchRowsAim / chunk);
  stretch_rows_ =
      std::clamp<std::uint64_t>(stretch_rows_, 1, std::max<std::uint64_t>(1, kStretchBytesMax / row_bytes_));
  return {};
}

void Hdf5Source::make_schema() {
  arrow::FieldVector fields;
  for (std::size_t d = 0; d < datasets_.size(); ++d) {
    const Hdf5Dataset& dataset = datasets_[d];
    row_bytes_ += dataset.type.bytes;
    for (std::size_t f = 0; f < dataset.type.fields.size(); ++f) {
      const Hdf5Field& field = dataset.type.fields[f];
      if (field.kind == Hdf5Kind::kVarText) row_bytes_ += kTextBytesGuess;
      std::string name = field.name;
      if (!dataset.type.compound) {
        name = dataset.name;
      } else if (datasets_.size() > 1) {
        name = dataset.name + "." + name;
      }
      fields.push_back(arrow::field(std::move(name), field.type));
      places_.push_back({d, f});
    }
  }
  row_bytes_ = std::max<std::uint64_t>(row_bytes_, 1);
  schema_ = arrow::schema(std::move(fields));
}

// Rows that were never written take no room in a file: a small one can claim any number.
Status Hdf5Source::check_size(const DecompressionLimits& limits) const {
  const auto bytes = static_cast<double>(rows_) * static_cast<double>(row_bytes_);
  const bool ratio = bytes > static_cast<double>(file_bytes_) * limits.ratio_max;
  if (bytes <= static_cast<double>(limits.bytes_max) && (!ratio || bytes <= static_cast<double>(kUnsuspiciousBytes)))
    return {};
  return environment_error(fmt::format("claims {} rows of {} bytes in {} bytes of file: it may be a decompression bomb",
                                       rows_, row_bytes_, file_bytes_),
                           path_, "raise `decompression:` of the source if this is meant");
}

std::vector<BatchStretch> Hdf5Source::stretches(std::uint64_t begin, std::uint64_t end, std::uint64_t rows_max) const {
  std::vector<BatchStretch> found;
  const std::uint64_t count = rows_ / stretch_rows_ + (rows_ % stretch_rows_ != 0 ? 1 : 0);
  if (count == 0) return found;
  // Stretch i begins at byte i/count of the file: the first one that is not before `begin`.
  const auto first_at = [&](std::uint64_t byte) {
    const auto above = static_cast<unsigned __int128>(std::min(byte, file_bytes_)) * count;
    return static_cast<std::uint64_t>((above + file_bytes_ - 1) / file_bytes_);
  };
  for (std::uint64_t i = first_at(begin); i < std::min(first_at(end), count); ++i) {
    const std::uint64_t first = i * stretch_rows_;
    const std::uint64_t rows = std::min(stretch_rows_, rows_ - first);
    const std::uint64_t step = rows_max == 0 || rows / kWholeStretchFactor <= rows_max ? rows : rows_max;
    for (std::uint64_t row = 0; row < rows; row += step) {
      const std::uint64_t taken = std::min(step, rows - row);
      found.push_back({first + row, taken, taken * row_bytes_, i});
    }
  }
  return found;
}

// Rows of a dataset as HDF5 converts them. Their texts are in `arena`.
Result<std::shared_ptr<arrow::Buffer>> Hdf5Source::read_rows(const Hdf5Dataset& dataset, const BatchStretch& stretch,
                                                             Hdf5TextArena& arena, arrow::MemoryPool* pool) const {
  TIPPLE_TRY(auto buffer, allocate_buffer(static_cast<std::int64_t>(stretch.rows * dataset.type.bytes), pool));
  // Whatever HDF5 leaves out, a pointer in particular, is nothing.
  if (dataset.type.has_var_text) std::memset(buffer->mutable_data(), 0, static_cast<std::size_t>(buffer->size()));
  const std::string what = fmt::format("cannot read rows {} to {} of \"{}\"", stretch.first_row,
                                       stretch.first_row + stretch.rows, dataset.name);
  const Hdf5Lock lock;
  TIPPLE_TRY(const Hdf5Handle transfer, hdf5_handle(H5Pcreate(H5P_DATASET_XFER), H5Pclose, what, path_));
  if (H5Pset_vlen_mem_manager(transfer.id(), Hdf5TextArena::allocate, &arena, Hdf5TextArena::release, nullptr) < 0)
    return hdf5_error(what, path_);
  const hsize_t start = stretch.first_row;
  const hsize_t count = stretch.rows;
  TIPPLE_TRY(const Hdf5Handle from, hdf5_handle(H5Dget_space(dataset.handle.id()), H5Sclose, what, path_));
  TIPPLE_TRY(const Hdf5Handle to, hdf5_handle(H5Screate_simple(1, &count, nullptr), H5Sclose, what, path_));
  if (H5Sselect_hyperslab(from.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0 ||
      H5Dread(dataset.handle.id(), dataset.type.memory.id(), to.id(), from.id(), transfer.id(),
              buffer->mutable_data()) < 0) {
    Error error = hdf5_error(what, path_);
    if (arena.full())
      return environment_error(what + fmt::format(": its texts have more than {} bytes", arena.bytes_max()), path_);
    return error;
  }
  return buffer;
}

Result<std::shared_ptr<arrow::RecordBatch>> Hdf5Source::read(const BatchStretch& stretch,
                                                             const std::vector<int>& columns,
                                                             arrow::MemoryPool* pool) const {
  TIPPLE_CHECK(stretch.first_row + stretch.rows <= rows_, "a stretch of this file");
  Hdf5TextArena arena;
  std::map<std::size_t, std::shared_ptr<arrow::Buffer>> read;
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const int column : columns) {
    const ColumnPlace place = places_[static_cast<std::size_t>(column)];
    const Hdf5Dataset& dataset = datasets_[place.dataset];
    auto& buffer = read[place.dataset];
    if (buffer == nullptr) {
      TIPPLE_TRY(buffer, read_rows(dataset, stretch, arena, pool));
    }
    TIPPLE_TRY(auto array, decode_hdf5_field(dataset.type.fields[place.field], buffer,
                                             static_cast<std::int64_t>(stretch.rows), dataset.type.bytes, pool));
    fields.push_back(schema_->field(column));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<std::int64_t>(stretch.rows),
                                  std::move(arrays));
}

}  // namespace

Result<std::unique_ptr<BatchSource>> open_hdf5_source(const std::string& path, const std::string& group,
                                                      const DecompressionLimits& limits) {
  auto source = std::make_unique<Hdf5Source>(path);
  TIPPLE_RETURN_IF_ERROR(source->open(group, limits));
  return std::unique_ptr<BatchSource>(std::move(source));
}

}  // namespace tipple
