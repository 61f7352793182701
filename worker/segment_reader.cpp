#include "worker/segment_reader.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/check.h"
#include "base/file.h"
#include "base/limits.h"
#include "worker/frozen_schema.h"

namespace tipple {
namespace {

constexpr std::uint64_t kHeadBytes = 64 * limits::kKiB;
constexpr std::uint64_t kHeadBytesGrowth = 8;
// Rows of a columnar file that are read at once.
constexpr std::uint64_t kStretchRowsMax = 262'144;
// What formats/byte_source.h promises.
constexpr std::string_view kChanged = "changed while it was being loaded";

bool same_file(const TaskSegment& a, const TaskSegment& b) {
  return a.path == b.path && a.member == b.member && a.size == b.size && a.mtime_ns == b.mtime_ns;
}

Status check_listed(const TaskSegment& spec) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(spec.path));
  if (stat.size == spec.size && stat.mtime_ns == spec.mtime_ns) return {};
  return environment_error(fmt::format("{}: it is not the file that was listed", kChanged), spec.path,
                           "let whatever writes it finish, then run the load again");
}

// Reads a text that comes once, as far as a checksum may be: a block of bzip2 is 900 kB that may have been runs of
// bytes.
Status read_on(InputSegment& segment) {
  constexpr std::uint64_t kBytesMax = 64 * limits::kMiB;
  std::vector<char> bytes(limits::kMiB);
  TIPPLE_TRY(const std::span<const char> ahead, segment.peek(0));
  for (std::uint64_t offset = ahead.size(); offset < kBytesMax; offset += bytes.size()) {
    TIPPLE_TRY(const std::size_t got, segment.read(bytes, offset));
    if (got < bytes.size()) break;
  }
  return {};
}

std::string name_of(const TaskSegment& spec) {
  return spec.member.empty() ? spec.path : spec.path + ": " + spec.member;
}

}  // namespace

bool is_retryable(const Error& error) {
  return error.kind == ErrorKind::kEnvironment && !error.what.starts_with(kChanged);
}

std::optional<std::uint64_t> InputSegment::text_size() const {
  return text->random_access() ? std::optional(spec.size) : std::nullopt;
}

Result<std::size_t> InputSegment::read(std::span<char> out, std::uint64_t offset) {
  // A file with random access is read by several threads, and from it alone.
  if (text->random_access() || offset >= prefix_.size()) return text->read(out, offset);
  const std::size_t ahead = std::min<std::size_t>(out.size(), prefix_.size() - offset);
  std::memcpy(out.data(), prefix_.data() + offset, ahead);
  if (ahead == out.size()) return ahead;
  offset += ahead;
  prefix_ = {};
  TIPPLE_TRY(const std::size_t got, text->read(out.subspan(ahead), offset));
  return ahead + got;
}

Result<std::span<const char>> InputSegment::peek(std::uint64_t bytes) {
  const std::size_t had = prefix_.size();
  if (bytes > had) {
    prefix_.resize(bytes);
    TIPPLE_TRY(const std::size_t got, text->read(std::span(prefix_).subspan(had), had));
    prefix_.resize(had + got);
  }
  return std::span<const char>(prefix_);
}

Status InputSegment::check_unchanged() const { return text ? text->check_unchanged() : check_listed(spec); }

SegmentReader::SegmentReader(SourceTables tables, DecodeLimits limits)
    : tables_(std::make_unique<const SourceTables>(std::move(tables))),
      limits_(limits),
      cost_(tables_->source(), tables_->specs) {}

Result<SegmentReader> SegmentReader::make(SourceTables tables, DecodeLimits limits) {
  SegmentReader reader(std::move(tables), limits);
  const SourceSpec& source = reader.tables().source();
  if (!tipple::is_columnar(source.format)) {
    TIPPLE_TRY(reader.format_, make_record_format(source));
  }
  return reader;
}

Result<std::shared_ptr<InputSegment>> SegmentReader::open(const TaskSegment& spec) const {
  auto segment = std::make_shared<InputSegment>();
  segment->spec = spec;
  segment->name = name_of(spec);
  const SourceSpec& source = tables().source();
  TIPPLE_TRY(segment->text, open_byte_source({spec.path, spec.size, spec.mtime_ns, spec.member}, source,
                                             limits_.threads, limits_.memory_bytes));
  const bool whole = spec.begin == 0 && spec.end == spec.size;
  if (!whole && !segment->text->random_access()) {
    return environment_error(fmt::format("{}: it cannot be cut any more", kChanged), spec.path, "run the load again");
  }
  segment->format = format_.get();
  segment->line_end = source.csv.newline == CsvDialect::Newline::kLf ? '\n' : '\r';
  return segment;
}

Result<FileHead> SegmentReader::read_head(InputSegment& segment, std::span<const char> first_bytes) const {
  const std::optional<std::uint64_t> size = segment.text_size();
  for (std::uint64_t wanted = kHeadBytes;; wanted *= kHeadBytesGrowth) {
    bool complete = size && first_bytes.size() == *size;
    if (first_bytes.empty()) {
      const std::uint64_t asked = std::min(size.value_or(wanted), wanted);
      TIPPLE_TRY(first_bytes, segment.peek(asked));
      complete = size ? first_bytes.size() == *size : first_bytes.size() < asked;
    }
    TIPPLE_TRY(FileHead head, format_->read_head(first_bytes, complete, segment.name));
    if (complete || head.data_begin <= first_bytes.size()) return head;
    first_bytes = {};
  }
}

std::vector<BoundTable> SegmentReader::bound_tables() const {
  std::vector<BoundTable> bound;
  for (const TableStage& stage : tables().stages) bound.push_back(stage.bound());
  return bound;
}

Status SegmentReader::bind_values(InputSegment& segment) {
  if (values_.empty() || values_of_ != segment.name) {
    values_.clear();
    for (const TableStage& stage : tables().stages) {
      TIPPLE_TRY(FileValues values, stage.values_of(segment.name));
      values_.push_back(std::move(values));
    }
    values_of_ = segment.name;
  }
  segment.values = values_;
  return {};
}

Status SegmentReader::bind_head(InputSegment& segment, std::optional<std::uint64_t> known_start,
                                std::span<const char> first_bytes) {
  // A text that comes once has to be read through its head again, also where that is known: by the next attempt at its
  // chunk.
  if (!head_ || !same_file(head_of_, segment.spec) || !segment.text->random_access()) {
    head_.reset();
    TIPPLE_TRY(FileHead head, read_head(segment, first_bytes));
    head_of_ = segment.spec;
    head_ = std::move(head);
  }
  const std::uint64_t begin = segment.spec.begin;
  segment.head_lines = begin == 0 ? head_->lines : 0;
  segment.start_known = begin <= head_->data_begin || known_start.has_value();
  segment.start = begin <= head_->data_begin ? head_->data_begin : known_start.value_or(begin);
  if (!format_->has_records(*head_)) return {};
  if (!binding_ || bound_head_->fields != head_->fields) {
    TIPPLE_RETURN_IF_ERROR(check_frozen_head(tables(), head_->fields, segment.name));
    TIPPLE_TRY(binding_, format_->bind(*head_, bound_tables(), segment.name));
    bound_head_ = head_;
  }
  segment.binding = binding_;
  return bind_values(segment);
}

Status SegmentReader::bind(InputSegment& segment, std::optional<std::uint64_t> known_start,
                           std::span<const char> first_bytes) {
  Status bound = bind_head(segment, known_start, first_bytes);
  if (bound.ok() || bound.error().kind == ErrorKind::kEnvironment || segment.text->random_access()) return bound;
  // Out of a damaged file comes what looks like another head until its checksum is read: then that is what is wrong.
  TIPPLE_RETURN_IF_ERROR(read_on(segment));
  return bound;
}

Result<std::shared_ptr<InputSegment>> SegmentReader::open_columnar(const TaskSegment& spec) {
  TIPPLE_RETURN_IF_ERROR(check_listed(spec));
  if (!batches_ || !same_file(batches_of_, spec)) {
    converters_.clear();
    TIPPLE_TRY(batches_, open_batch_source(spec.path, tables().source()));
    TIPPLE_RETURN_IF_ERROR(check_frozen_schema(tables(), *batches_->schema(), spec.path));
    for (const TableStage& stage : tables().stages) {
      TIPPLE_TRY(auto converter, BatchConverter::make(*batches_->schema(), stage.bound(), spec.path));
      converters_.push_back(std::move(converter));
    }
    batches_of_ = spec;
  }
  auto segment = std::make_shared<InputSegment>();
  segment->spec = spec;
  segment->name = name_of(spec);
  segment->batches = batches_;
  segment->converters = converters_;
  segment->stretches = batches_->stretches(spec.begin, spec.end, kStretchRowsMax);
  segment->start_known = true;
  segment->start = spec.begin;
  TIPPLE_RETURN_IF_ERROR(bind_values(*segment));
  return segment;
}

}  // namespace tipple
