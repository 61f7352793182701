// Writes one HDF5 part (docs/format-hdf5.md): create, append row groups in order, close.
//
// HDF5 is not thread-safe: every entry into the library holds one process-wide mutex (hdf5_library.h).
// After any error the part is worthless: discard() it and redo the chunk. fsync and hashing are the caller's
// (formats/part_file.h).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "formats/part_encoder.h"
#include "jobs/job_spec.h"

namespace tipple {

class Hdf5PartWriter {
 public:
  // Creates `path` exclusively. `attributes`: further root attributes (strings).
  [[nodiscard]] static Result<Hdf5PartWriter> create(const std::filesystem::path& path, const Schema& schema,
                                                     const PartCoding& coding,
                                                     const std::map<std::string, std::string>& attributes);
  Hdf5PartWriter(Hdf5PartWriter&&) noexcept;
  Hdf5PartWriter& operator=(Hdf5PartWriter&&) noexcept;
  ~Hdf5PartWriter();  // discards what was not closed

  [[nodiscard]] Status append(const EncodedRowGroup& group);  // in sequence
  [[nodiscard]] Status close();
  void discard();  // closes and unlinks

 private:
  struct Impl;
  explicit Hdf5PartWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct SyncedFile {
  std::uint64_t bytes = 0;
  Sha256 sha256{};
};
// Reopens a closed part, fsyncs it, hashes its bytes. (HDF5 itself never syncs.)
[[nodiscard]] Result<SyncedFile> sync_and_hash(const std::filesystem::path& path);
[[nodiscard]] Result<SyncedFile> hash_file(const std::filesystem::path& path);

}  // namespace tipple
