// What every user of the HDF5 C library shares: the one mutex, owned handles, types, errors as text.
//
// Thread rule: the library is treated as not thread-safe. Whoever calls an H5 function, or lets a handle go, holds an
// Hdf5Lock. Only hdf5_*.cpp may include this header: it brings hdf5.h along.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "formats/part_encoder.h"
#include "jobs/data_type.h"
#include "jobs/job_spec.h"

namespace tipple {

// Holds the process-wide HDF5 mutex. The first one prepares the library: no exit handler (it crashes after I/O errors),
// our filters registered; every one keeps HDF5 from printing.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::mutex> lock_;
};

// An HDF5 id and how to close it.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close closer) : id_(id), close_(closer) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    if (this != &other) {
      static_cast<void>(close());
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
      close_ = other.close_;
    }
    return *this;
  }
  ~Hdf5Handle() { static_cast<void>(close()); }

  [[nodiscard]] hid_t id() const { return id_; }
  [[nodiscard]] bool is_open() const { return id_ >= 0; }
  // False if HDF5 reported an error; the handle is gone either way.
  [[nodiscard]] bool close() {
    const hid_t id = std::exchange(id_, H5I_INVALID_HID);
    return id < 0 || close_(id) >= 0;
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

// The calling thread's HDF5 error stack as an Error of the environment, innermost reason first; clears the stack.
[[nodiscard]] Error hdf5_error(std::string_view what, const std::filesystem::path& path);

// `id` as a handle, or the error stack as an Error.
[[nodiscard]] Result<Hdf5Handle> hdf5_handle(hid_t id, Hdf5Handle::Close close, std::string_view what,
                                             const std::filesystem::path& path);

// Registered filter ids (docs/format-hdf5.md).
inline constexpr H5Z_filter_t kFilterLz4 = 32004;
inline constexpr H5Z_filter_t kFilterZstd = 32015;

// File access without locking or a chunk cache, in the format of HDF5 1.8 (`virtual_datasets`: of 1.10).
[[nodiscard]] Result<Hdf5Handle> hdf5_file_access(bool virtual_datasets, const std::filesystem::path& path);
// A new file with mode 0600, exclusively created, without times.
[[nodiscard]] Result<Hdf5Handle> hdf5_create_file(const std::filesystem::path& path, bool virtual_datasets);
[[nodiscard]] Result<Hdf5Handle> hdf5_open_file(const std::filesystem::path& path);

// UTF-8 text: of fixed length, which stands in a checksummed object header; of variable length beyond the 64 KiB that
// one holds.
[[nodiscard]] Status hdf5_put_attribute(hid_t object, const char* name, std::string_view text,
                                        const std::filesystem::path& path);
[[nodiscard]] Status hdf5_put_attribute(hid_t object, const char* name, std::uint64_t value,
                                        const std::filesystem::path& path);
[[nodiscard]] Result<std::string> hdf5_get_text(hid_t object, const char* name, const std::filesystem::path& path);
[[nodiscard]] Result<std::uint64_t> hdf5_get_number(hid_t object, const char* name, const std::filesystem::path& path);

// tipple_format, tipple_schema and `attributes` on the root group.
[[nodiscard]] Status hdf5_put_root_attributes(hid_t file, const Schema& schema,
                                              const std::map<std::string, std::string>& attributes,
                                              const std::filesystem::path& path);
// The schema of a file's root, after checking tipple_format.
[[nodiscard]] Result<Schema> hdf5_get_schema(hid_t file, const std::filesystem::path& path);

// The on-disk type of a dataset, and the attributes that explain its values (units and the like).
[[nodiscard]] Result<Hdf5Handle> hdf5_dataset_type(const Column& column, const PartDataset& dataset,
                                                   const std::filesystem::path& path);
[[nodiscard]] Status hdf5_describe_dataset(hid_t object, const Column& column, const PartDataset& dataset,
                                           const std::filesystem::path& path);

// The one size of a one-dimensional dataset; an Error if it has another rank.
[[nodiscard]] Result<std::uint64_t> hdf5_extent(hid_t dataset, std::string_view name,
                                                const std::filesystem::path& path);

// Names that two datasets would share, or a column that HDF5 cannot hold: an Error of the user.
[[nodiscard]] Status check_part_schema(const Schema& schema);

}  // namespace tipple
