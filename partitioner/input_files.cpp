#include "partitioner/input_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include <xxhash.h>

#include "base/file.h"
#include "base/limits.h"
#include "partitioner/glob.h"

namespace tipple {
namespace {

constexpr std::size_t kErrorsShownMax = 10;
// A part a chunk: more than this is a mistake in chunk_bytes, and the plan would not fit in memory.
constexpr std::uint64_t kChunksPerLoadMax = 4'000'000;
constexpr std::uint64_t kManifestBytesMax = 256 * limits::kMiB;
constexpr std::size_t kProbeBytes = 64;  // formats/byte_source.h looks at no more

// Several errors as one, each on its own line.
Error joined(std::vector<Error> errors) {
  std::stable_sort(errors.begin(), errors.end(), [](const Error& a, const Error& b) { return a.where < b.where; });
  if (errors.size() == 1) return std::move(errors.front());
  std::string text = std::to_string(errors.size()) + " inputs cannot be read:";
  for (std::size_t i = 0; i < std::min(errors.size(), kErrorsShownMax); ++i) text += "\n  " + errors[i].to_string();
  if (errors.size() > kErrorsShownMax) text += "\n  and " + std::to_string(errors.size() - kErrorsShownMax) + " more";
  return environment_error(std::move(text));
}

// Names as "./in//a.csv" and "in/a.csv" are the same.
std::string tidied(std::string path) {
  std::string tidy;
  for (const char c : path) {
    if (c == '/' && tidy.ends_with('/')) continue;
    tidy += c;
    if (tidy.ends_with("/./")) tidy.resize(tidy.size() - 2);
  }
  return tidy;
}

void append(GlobResult found, std::vector<FoundFile>& files, std::vector<Error>& errors) {
  std::move(found.files.begin(), found.files.end(), std::back_inserter(files));
  std::move(found.errors.begin(), found.errors.end(), std::back_inserter(errors));
}

Result<FoundFile> stat_required_file(const std::string& path) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
  if (::access(path.c_str(), R_OK) != 0) return system_error(errno, "cannot read the file", path);
  std::error_code ignored;
  const std::filesystem::path identity = std::filesystem::canonical(path, ignored);
  return FoundFile{path, identity.empty() ? path : identity.string(), stat.size, stat.mtime_ns};
}

// Every file that the manifest lists is required, and is one file: no patterns, no folders.
void list_manifest(const JobSpec& job, const std::string& manifest, std::vector<FoundFile>& files,
                   std::vector<Error>& errors) {
  const std::filesystem::path path = tidied((job.folder / manifest).string());
  const auto content = read_file(path, kManifestBytesMax);
  if (!content.ok()) {
    errors.push_back(content.error());
    return;
  }
  const std::size_t files_before = files.size();
  const std::size_t errors_before = errors.size();
  std::size_t number = 0;
  for (std::string_view rest = *content; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (++number == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::string listed = tidied((path.parent_path() / line).string());
    auto file = stat_required_file(listed);
    if (file.ok()) {
      files.push_back(std::move(file).value());
    } else {
      errors.push_back(environment_error("lists '" + std::string(line) + "': " + file.error().what,
                                         path.string() + ":" + std::to_string(number),
                                         "every file of a manifest is required; add the file, or take its line out"));
    }
  }
  if (files.size() == files_before && errors.size() == errors_before) {
    errors.push_back(environment_error("the manifest lists no file", path.string(), "write one file a line"));
  }
}

// The files of one source, without their probing.
std::vector<FoundFile> find_files(const JobSpec& job, const SourceSpec& spec, bool may_be_missing,
                                  std::vector<Error>& errors) {
  std::vector<FoundFile> files;
  for (const std::string& path : spec.paths) {
    GlobResult found = expand_pattern(tidied((job.folder / path).string()));
    if (found.files.empty() && found.errors.empty() && !may_be_missing) {
      errors.push_back(environment_error("no file matches '" + path + "' of source '" + spec.name + "'",
                                         job.folder.string(), "names that begin with '.' or '_' are left out"));
    }
    append(std::move(found), files, errors);
  }
  if (spec.manifest) list_manifest(job, *spec.manifest, files, errors);
  std::sort(files.begin(), files.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  std::set<std::string_view> taken;
  std::vector<FoundFile> once;
  for (const FoundFile& file : files) {
    if (taken.insert(file.identity).second) once.push_back(file);
  }
  return once;
}

bool is_named_zip(std::string_view path) {
  if (path.size() < 4) return false;
  std::string ending(path.substr(path.size() - 4));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending == ".zip";
}

// Turns one file into extents.
class FileProber {
 public:
  FileProber(const SourceSpec& spec, const InputProbes& probes, std::uint64_t chunk_bytes)
      : spec_(spec), probes_(probes), chunk_bytes_(chunk_bytes) {}

  Status add(const FoundFile& file, std::vector<Extent>& extents) const {
    Extent extent{file.path, file.size, file.mtime_ns, true, {}};
    if (!is_columnar(spec_.format) && (file.size >= chunk_bytes_ || is_named_zip(file.path)) &&
        (probes_.is_splittable || probes_.is_zip)) {
      TIPPLE_TRY(const std::string first, first_bytes(file.path));
      if (probes_.is_zip && probes_.list_zip && probes_.is_zip(first)) return add_members(extent, extents);
      extent.splittable = !probes_.is_splittable || probes_.is_splittable(first, spec_);
    }
    extents.push_back(std::move(extent));
    return {};
  }

 private:
  static Result<std::string> first_bytes(const std::string& path) {
    TIPPLE_TRY(const File file, File::open(path, O_RDONLY | O_NONBLOCK));
    std::string bytes(kProbeBytes, '\0');
    TIPPLE_TRY(const std::size_t got, file.read_at(std::as_writable_bytes(std::span(bytes)), 0));
    bytes.resize(got);
    return bytes;
  }

  Status add_members(const Extent& archive, std::vector<Extent>& extents) const {
    TIPPLE_TRY(std::vector<ArchiveMember> members, probes_.list_zip(archive.path));
    for (ArchiveMember& member : members) {
      extents.push_back({archive.path, member.compressed_bytes, archive.mtime_ns, false, std::move(member.name)});
    }
    return {};
  }

  const SourceSpec& spec_;
  const InputProbes& probes_;
  std::uint64_t chunk_bytes_;
};

SourceExtents list_source(const JobSpec& job, const SourceSpec& spec, SourceId id, const InputProbes& probes,
                          bool may_be_missing, std::vector<Error>& errors) {
  SourceExtents source;
  source.source = id;
  if (spec.stream.kind != StreamSpec::Kind::kNone || spec.format == SourceFormat::kTable) return source;
  const std::vector<FoundFile> files = find_files(job, spec, may_be_missing, errors);
  std::uint64_t bytes = 0;
  for (const FoundFile& file : files) bytes += file.size;
  const FileProber prober(spec, probes, job.chunk_bytes.value_or(default_chunk_bytes(bytes)));
  for (const FoundFile& file : files) {
    if (Status probed = prober.add(file, source.extents); !probed.ok()) errors.push_back(std::move(probed).error());
  }
  return source;
}

Status check_chunk_count(const JobSpec& job, const std::vector<SourceExtents>& sources) {
  if (!job.chunk_bytes) return {};
  std::uint64_t bytes = 0;
  for (const SourceExtents& source : sources) {
    for (const Extent& extent : source.extents) bytes += extent.size;
  }
  if (bytes / *job.chunk_bytes <= kChunksPerLoadMax) return {};
  return usage_error("chunk_bytes " + std::to_string(*job.chunk_bytes) + " cuts " + std::to_string(bytes) +
                         " bytes into more than " + std::to_string(kChunksPerLoadMax) + " chunks",
                     job.file.string(), "leave chunk_bytes out, or set it to 16MiB or more");
}

// Length-prefixed fields, little-endian: no two different inputs give the same bytes.
class Canonical {
 public:
  void number(std::uint64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
    text_.append(bytes, sizeof bytes);
  }
  void field(std::string_view value) {
    number(value.size());
    text_ += value;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

Result<std::vector<SourceExtents>> list_inputs(const JobSpec& job, const InputProbes& probes, bool may_be_missing) {
  std::vector<SourceExtents> sources;
  std::vector<Error> errors;
  for (std::uint32_t i = 0; i < job.sources.size(); ++i) {
    sources.push_back(list_source(job, job.sources[i], SourceId(i), probes, may_be_missing, errors));
  }
  if (!errors.empty()) return joined(std::move(errors));
  TIPPLE_RETURN_IF_ERROR(check_chunk_count(job, sources));
  return sources;
}

LoadId load_id(const JobSpec& job, std::string_view mode, const std::vector<SourceExtents>& inputs,
               const std::vector<std::string>& tables) {
  Canonical canonical;
  canonical.field("tipple load 1");
  canonical.field(job.text);
  canonical.field(mode);
  canonical.number(inputs.size());
  for (const SourceExtents& source : inputs) {
    canonical.number(source.source.value());
    canonical.number(source.extents.size());
    for (const Extent& extent : source.extents) {
      // No path has a NUL: two different extents never look the same, and files have the ids that they had before there
      // were members.
      canonical.field(extent.member.empty() ? extent.path : extent.path + '\0' + extent.member);
      canonical.number(extent.size);
      canonical.number(static_cast<std::uint64_t>(extent.mtime_ns));
    }
  }
  for (const std::string& table : tables) canonical.field(table);
  const XXH128_hash_t hash = XXH3_128bits(canonical.text().data(), canonical.text().size());
  return LoadId{hash.high64, hash.low64};
}

}  // namespace tipple
