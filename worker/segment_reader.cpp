#include "worker/segment_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"

namespace tipple {
namespace {

constexpr std::uint64_t kHeadBytes = 64 * limits::kKiB;
constexpr std::uint64_t kHeadBytesGrowth = 8;
constexpr std::string_view kChanged = "changed while it was being loaded";

Error changed_error(const std::string& path, std::string detail) {
  return environment_error(fmt::format("{}: {}", kChanged, detail), path,
                           "let whatever writes it finish, then run the load again");
}

bool same_file(const TaskSegment& a, const TaskSegment& b) {
  return a.path == b.path && a.size == b.size && a.mtime_ns == b.mtime_ns;
}

}  // namespace

bool is_retryable(const Error& error) {
  return error.kind == ErrorKind::kEnvironment && !error.what.starts_with(kChanged);
}

Result<std::shared_ptr<InputSegment>> InputSegment::open(const TaskSegment& spec) {
  auto segment = std::make_shared<InputSegment>();
  segment->spec = spec;
  TIPPLE_TRY(segment->file_, File::open(spec.path, O_RDONLY));
  TIPPLE_RETURN_IF_ERROR(segment->check_unchanged());
  if (spec.end - spec.begin > kHeadBytes) {
    ::posix_fadvise(segment->file_.fd(), static_cast<off_t>(spec.begin), static_cast<off_t>(spec.end - spec.begin),
                    POSIX_FADV_SEQUENTIAL);
  }
  return segment;
}

Status InputSegment::read(std::span<char> out, std::uint64_t offset) const {
  TIPPLE_TRY(const std::size_t got, file_.read_at(std::as_writable_bytes(out), offset));
  if (got < out.size()) {
    return changed_error(spec.path, fmt::format("it ends at byte {}, and had {} bytes when it was listed", offset + got, spec.size));
  }
  return {};
}

Status InputSegment::check_unchanged() const {
  struct stat info {};
  if (::fstat(file_.fd(), &info) != 0) return system_error(errno, "cannot stat", spec.path);
  if (!S_ISREG(info.st_mode)) return environment_error("is not a regular file", spec.path);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size != spec.size) {
    return changed_error(spec.path, fmt::format("it has {} bytes, and had {} when it was listed", size, spec.size));
  }
  const std::int64_t mtime_ns = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  if (mtime_ns != spec.mtime_ns) return changed_error(spec.path, "it was modified after it was listed");
  return {};
}

void InputSegment::will_need(std::uint64_t offset, std::uint64_t bytes) const {
  ::posix_fadvise(file_.fd(), static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

Result<CsvHead> SegmentReader::read_head(const InputSegment& segment, std::span<const char> first_bytes) {
  const SourceSpec& source = *tables_.source;
  const std::uint64_t size = segment.spec.size;
  std::vector<char> bytes;
  for (std::uint64_t wanted = kHeadBytes;; wanted *= kHeadBytesGrowth) {
    if (first_bytes.empty()) {
      bytes.resize(std::min(size, wanted));
      TIPPLE_RETURN_IF_ERROR(segment.read(bytes, 0));
      first_bytes = bytes;
    }
    const bool complete = first_bytes.size() == size;
    TIPPLE_TRY(CsvHead head, read_csv_head(first_bytes, complete, source.csv, source.fields, segment.spec.path));
    if (complete || head.data_begin <= first_bytes.size()) return head;
    first_bytes = {};
  }
}

Status SegmentReader::bind_fields(const CsvHead& head, const std::string& path) {
  if (binding_ && binding_->fields == head.fields) return {};
  const SourceSpec& source = *tables_.source;
  auto binding = std::make_shared<CsvBinding>(
      CsvBinding{head.fields, CsvIndexer(source.csv, static_cast<std::uint32_t>(head.fields.size())), {}});
  for (const TableSpec* table : tables_.specs) {
    TIPPLE_TRY(auto positions, bind_csv_columns(head, table->columns, path));
    binding->converters.emplace_back(source.csv, table->columns, std::move(positions), table->rejects.keep_raw);
  }
  binding_ = std::move(binding);
  return {};
}

Status SegmentReader::bind(InputSegment& segment, std::optional<std::uint64_t> known_start, std::span<const char> first_bytes) {
  if (!head_ || !same_file(head_of_, segment.spec)) {
    head_.reset();
    TIPPLE_TRY(CsvHead head, read_head(segment, first_bytes));
    head_of_ = segment.spec;
    head_ = std::move(head);
  }
  const std::uint64_t begin = segment.spec.begin;
  segment.dialect = &tables_.source->csv;
  segment.head_lines = begin == 0 ? head_->lines : 0;
  segment.start_known = begin <= head_->data_begin || known_start.has_value();
  segment.start = begin <= head_->data_begin ? head_->data_begin : known_start.value_or(begin);
  if (head_->fields.empty()) return {};
  TIPPLE_RETURN_IF_ERROR(bind_fields(*head_, segment.spec.path));
  segment.binding = binding_;
  return {};
}

}  // namespace tipple
