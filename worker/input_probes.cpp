#include "worker/input_probes.h"

#include <utility>

#include "formats/byte_source.h"

namespace tipple {

InputProbes whole_file_probes() {
  InputProbes probes;
  probes.is_zip = [](std::span<const char> first) { return detect_compression(first) == Compression::kZip; };
  probes.list_zip = [](const std::string& path) -> Result<std::vector<ArchiveMember>> {
    TIPPLE_TRY(std::vector<ZipMember> members, list_zip_members(path));
    std::vector<ArchiveMember> found;
    for (ZipMember& member : members) found.push_back({std::move(member.name), member.compressed_bytes});
    return found;
  };
  return probes;
}

InputProbes input_probes() {
  InputProbes probes = whole_file_probes();
  probes.is_splittable = [](std::span<const char> first, const SourceSpec& source) {
    return is_splittable(first, source);
  };
  return probes;
}

}  // namespace tipple
