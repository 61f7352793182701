#include "formats/hdf5_shared_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <utility>

namespace tipple {

Result<std::shared_ptr<const Hdf5Handle>> hdf5_share_file(const std::string& path) {
  // As HDF5 tells files from one another.
  using Key = std::pair<dev_t, ino_t>;
  static std::map<Key, std::weak_ptr<const Hdf5Handle>> files;  // guarded by the Hdf5Lock of the caller
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return system_error(errno, "cannot open", path);
  const Key key(found.st_dev, found.st_ino);
  if (auto file = files[key].lock()) return file;
  std::erase_if(files, [](const auto& entry) { return entry.second.expired(); });
  TIPPLE_TRY(Hdf5Handle opened, hdf5_open_file(path));
  auto file = std::make_shared<const Hdf5Handle>(std::move(opened));
  files[key] = file;
  return std::shared_ptr<const Hdf5Handle>(std::move(file));
}

}  // namespace tipple
