// What follows the close of a part (formats/hdf5_part_writer.h): HDF5 never syncs.
#include <fcntl.h>

#include <memory>

#include "base/file.h"
#include "base/limits.h"
#include "formats/hdf5_part_writer.h"
#include "formats/sha256.h"

namespace tipple {
namespace {

constexpr std::size_t kReadBytes = limits::kMiB;

Result<SyncedFile> hash(const File& file) {
  Sha256Stream digest;
  SyncedFile synced;
  const std::unique_ptr<std::byte[]> buffer(new std::byte[kReadBytes]);
  while (true) {
    TIPPLE_TRY(const std::size_t got, file.read_at({buffer.get(), kReadBytes}, synced.bytes));
    if (got == 0) break;
    synced.bytes += got;
    digest.add({buffer.get(), got});
  }
  synced.sha256 = digest.finish();
  return synced;
}

}  // namespace

Result<SyncedFile> sync_and_hash(const std::filesystem::path& path) {
  TIPPLE_TRY(File file, File::open(path, O_RDWR));
#ifdef SYNC_FILE_RANGE_WRITE
  // The disk begins while we hash; fsync has the last word.
  static_cast<void>(::sync_file_range(file.fd(), 0, 0, SYNC_FILE_RANGE_WRITE));
#endif
  TIPPLE_TRY(const SyncedFile synced, hash(file));
  TIPPLE_RETURN_IF_ERROR(file.sync());
  TIPPLE_RETURN_IF_ERROR(file.close());
  return synced;
}

Result<SyncedFile> hash_file(const std::filesystem::path& path) {
  TIPPLE_TRY(const File file, File::open(path, O_RDONLY));
  return hash(file);
}

}  // namespace tipple
