#include "partitioner/input_files.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <xxhash.h>

#include "partitioner/glob.h"

namespace tipple {
namespace {

constexpr std::size_t kErrorsShownMax = 10;
// A part a chunk: more than this is a mistake in chunk_bytes, and the plan would not fit in memory.
constexpr std::uint64_t kChunksPerLoadMax = 4'000'000;

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

SourceExtents list_source(const JobSpec& job, const SourceSpec& spec, SourceId id, std::vector<Error>& errors) {
  std::vector<FoundFile> files;
  for (const std::string& path : spec.paths) {
    GlobResult found = expand_pattern(tidied((job.folder / path).string()));
    if (found.files.empty() && found.errors.empty()) {
      errors.push_back(environment_error("no file matches '" + path + "' of source '" + spec.name + "'", job.folder.string(),
                                         "names that begin with '.' or '_' are left out"));
    }
    std::move(found.files.begin(), found.files.end(), std::back_inserter(files));
    std::move(found.errors.begin(), found.errors.end(), std::back_inserter(errors));
  }
  std::sort(files.begin(), files.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  SourceExtents source;
  source.source = id;
  std::set<std::string_view> taken;
  for (const FoundFile& file : files) {
    if (taken.insert(file.identity).second) source.extents.push_back({file.path, file.size, file.mtime_ns, true});
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
  return usage_error("chunk_bytes " + std::to_string(*job.chunk_bytes) + " cuts " + std::to_string(bytes) + " bytes into more than " +
                         std::to_string(kChunksPerLoadMax) + " chunks",
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

Result<std::vector<SourceExtents>> list_inputs(const JobSpec& job) {
  std::vector<SourceExtents> sources;
  std::vector<Error> errors;
  for (std::uint32_t i = 0; i < job.sources.size(); ++i) {
    sources.push_back(list_source(job, job.sources[i], SourceId(i), errors));
  }
  if (!errors.empty()) return joined(std::move(errors));
  TIPPLE_RETURN_IF_ERROR(check_chunk_count(job, sources));
  return sources;
}

LoadId load_id(const JobSpec& job, std::string_view mode, const std::vector<SourceExtents>& inputs) {
  Canonical canonical;
  canonical.field("tipple load 1");
  canonical.field(job.text);
  canonical.field(mode);
  canonical.number(inputs.size());
  for (const SourceExtents& source : inputs) {
    canonical.number(source.source.value());
    canonical.number(source.extents.size());
    for (const Extent& extent : source.extents) {
      canonical.field(extent.path);
      canonical.number(extent.size);
      canonical.number(static_cast<std::uint64_t>(extent.mtime_ns));
    }
  }
  const XXH128_hash_t hash = XXH3_128bits(canonical.text().data(), canonical.text().size());
  return LoadId{hash.high64, hash.low64};
}

}  // namespace tipple
