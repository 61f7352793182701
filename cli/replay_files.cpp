#include "cli/replay_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <functional>

#include <fmt/format.h>

#include "base/limits.h"
#include "cli/replay_encoding.h"
#include "cli/replay_text.h"
#include "formats/sha256.h"

namespace tipple {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr std::size_t kRowsAtOnce = 4096;
// All files of replays are from then on: a load's id depends on the times of its inputs, and a replay that is prepared
// again is the same.
constexpr timespec kFileTime{1, 0};

// Parts KEY=VALUE of the folders, as folders.
std::string path_parts(const fs::path& path) {
  std::string parts;
  for (const fs::path& part : path.parent_path()) {
    if (part.string().find('=') != std::string::npos) parts += "/" + part.string();
  }
  return parts;
}

// The file's own name: it may say KEY=VALUE, and tells people where the records are from.
std::string file_name(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return name.empty() || name == "." || name == ".." ? "records" : name;
}

Status write_text(File& file, std::string& text) {
  TIPPLE_RETURN_IF_ERROR(file.write_all(std::as_bytes(std::span(text))));
  text.clear();
  return {};
}

Status each_piece(const File& file, const std::function<Status(std::string_view)>& visit) {
  std::vector<std::byte> piece(kBufferBytes);
  for (std::uint64_t offset = 0;;) {
    TIPPLE_TRY(const std::size_t got, file.read_at(piece, offset));
    if (got == 0) return {};
    TIPPLE_RETURN_IF_ERROR(visit({reinterpret_cast<const char*>(piece.data()), got}));
    offset += got;
  }
}

}  // namespace

Result<ReplayFiles> ReplayFiles::create(const fs::path& folder, const JobSpec& job) {
  ReplayFiles files(folder, job);
  TIPPLE_RETURN_IF_ERROR(create_folders(folder));
  TIPPLE_TRY(files.origins_, File::open(folder / kOriginsName, O_CREAT | O_EXCL | O_WRONLY));
  return files;
}

void ReplayFiles::digest(std::string_view bytes) { digest_ = to_hex(sha256_of(digest_ + to_hex(sha256_of(bytes)))); }

Status ReplayFiles::write(std::string_view bytes) {
  bytes_ += bytes;
  return bytes_.size() < kBufferBytes ? Status() : write_text(file_, bytes_);
}

// Does a record take what follows it for its own?
Result<bool> ReplayFiles::ends_open(std::string_view unit, SourceId source) {
  std::unique_ptr<RecordFormat>& format = formats_[source];
  if (format == nullptr) {
    TIPPLE_TRY(format, make_record_format(job_->sources[source.value()]));
  }
  const std::unique_ptr<RecordScanner> scanner = format->scanner();
  (void)scanner->scan(unit);
  return !scanner->at_record_start();
}

Status ReplayFiles::begin_file(const std::string& parts, const std::string& name, const SourceSpec& source) {
  TIPPLE_RETURN_IF_ERROR(end_file());
  ReplayFile file{fmt::format("{:06}{}/{}", files_.size(), parts, name), source.name, 0};
  TIPPLE_RETURN_IF_ERROR(create_folders((folder_ / file.name).parent_path()));
  digest(file.name);
  files_.push_back(std::move(file));
  return {};
}

Status ReplayFiles::begin_text(const std::string& parts, const std::string& name, const SourceSpec& source) {
  TIPPLE_RETURN_IF_ERROR(begin_file(parts, name, source));
  TIPPLE_TRY(file_, File::open(path_of_last(), O_CREAT | O_EXCL | O_WRONLY));
  return {};
}

Status ReplayFiles::end_file() {
  key_.clear();
  if (extract_ != nullptr) TIPPLE_RETURN_IF_ERROR(end_rows());
  if (!file_.is_open()) return {};
  TIPPLE_RETURN_IF_ERROR(write_text(file_, bytes_));
  const std::array<timespec, 2> times = {kFileTime, kFileTime};
  if (::futimens(file_.fd(), times.data()) != 0)
    return system_error(errno, "cannot set a file's time", file_.path().string());
  TIPPLE_RETURN_IF_ERROR(file_.sync());
  const fs::path folder = file_.path().parent_path();
  TIPPLE_RETURN_IF_ERROR(file_.close());
  return sync_folder(folder);
}

// The copy becomes a file as any other: what is left is to sync it.
Status ReplayFiles::end_rows() {
  TIPPLE_RETURN_IF_ERROR(write_rows());
  TIPPLE_RETURN_IF_ERROR(extract_->close());
  extract_.reset();
  if (!unchanged(copied_)) {
    return usage_error("the file changed while its rows were copied", copied_.path,
                       "let whatever writes it finish; a replay takes rows from the file that was loaded");
  }
  TIPPLE_TRY(file_, File::open(path_of_last(), O_RDWR));
  return each_piece(file_, [&](std::string_view bytes) {
    digest(bytes);
    return Status();
  });
}

Status ReplayFiles::write_rows() {
  files_.back().records += rows_.size();
  const Status written = extract_->append(rows_);
  rows_.clear();
  return written;
}

Status ReplayFiles::add(const RejectedRecord& record, const Reject& reject, bool keep_parts) {
  return record.row ? add_row(record, reject, keep_parts) : add_text(record, reject, keep_parts);
}

Status ReplayFiles::add_row(const RejectedRecord& record, const Reject& reject, bool keep_parts) {
  const SourceSpec& source = job_->sources[record.source.value()];
  const std::string& path = record.row->file.path;
  const std::string key = fmt::format("{}\n{}", record.source.value(), path);
  if (key_ != key) {
    const std::string parts = keep_parts ? path_parts(path) : std::string();
    TIPPLE_RETURN_IF_ERROR(begin_file(parts, file_name(path), source));
    TIPPLE_TRY(extract_, make_row_extract(path, source, path_of_last().string()));
    copied_ = record.row->file;
    key_ = key;
  }
  RecordOrigin origin{static_cast<std::uint32_t>(files_.size() - 1), files_.back().records + rows_.size(), reject.path,
                      reject.offset, reject.line};
  TIPPLE_RETURN_IF_ERROR(add_origin(origin));
  rows_.push_back(record.row->number);
  return rows_.size() < kRowsAtOnce ? Status() : write_rows();
}

Status ReplayFiles::add_text(const RejectedRecord& record, const Reject& reject, bool keep_parts) {
  const SourceSpec& source = job_->sources[record.source.value()];
  const std::string parts = keep_parts ? path_parts(reject.path) : std::string();
  const std::string name = file_name(reject.path);
  const bool own_name = keep_parts && name.find('=') != std::string::npos;
  std::string key =
      fmt::format("{}\n{}\n{}\n", record.source.value(), parts, own_name ? name : std::string()) + record.head;
  if (key_ != key) {
    TIPPLE_RETURN_IF_ERROR(begin_text(parts, name, source));
    TIPPLE_RETURN_IF_ERROR(write(record.head));
    digest(record.head);
    text_offset_ = decode_text(std::string_view(record.head).substr(byte_order_mark(source).size()), source).size();
    key_ = std::move(key);
  }
  RecordOrigin origin{static_cast<std::uint32_t>(files_.size() - 1), text_offset_, reject.path, reject.offset,
                      reject.line};
  TIPPLE_RETURN_IF_ERROR(add_origin(origin));
  const std::string_view line_end = source.csv.newline == CsvDialect::Newline::kCr ? "\r" : "\n";
  const std::string unit = decode_text(record.bytes, source) + std::string(line_end);
  TIPPLE_TRY(const bool open, ends_open(unit, record.source));
  TIPPLE_RETURN_IF_ERROR(write(record.bytes));
  digest(record.bytes);
  text_offset_ += unit.size();
  if (open) return end_file();  // it broke off where its file ended, and so it does here
  return write(encode_text(line_end, source).bytes);
}

Status ReplayFiles::add_copy(const fs::path& from, SourceId source) {
  TIPPLE_RETURN_IF_ERROR(begin_text("", file_name(from.string()), job_->sources[source.value()]));
  TIPPLE_TRY(const File input, File::open(from, O_RDONLY));
  TIPPLE_RETURN_IF_ERROR(each_piece(input, [&](std::string_view bytes) {
    digest(bytes);
    return write(bytes);
  }));
  return end_file();
}

Status ReplayFiles::add_origin(const RecordOrigin& origin) {
  const std::string line = origin_line(origin);
  origin_lines_ += line;
  digest(line);
  return origin_lines_.size() < kBufferBytes ? Status() : write_text(origins_, origin_lines_);
}

Result<std::uint64_t> ReplayFiles::count_records(const ReplayFile& file, const SourceSpec& source) const {
  const std::string path = (folder_ / file.name).string();
  if (is_columnar(source.format)) {
    TIPPLE_TRY(const auto rows, open_batch_source(path, source));
    return rows->rows();
  }
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
  TIPPLE_TRY(const auto text, ReplayText::open({path, stat.size, stat.mtime_ns, {}}, source));
  return text->each_record([](std::uint64_t) { return Status(); });
}

Result<std::vector<ReplayFile>> ReplayFiles::finish() {
  TIPPLE_RETURN_IF_ERROR(end_file());
  TIPPLE_RETURN_IF_ERROR(write_text(origins_, origin_lines_));
  TIPPLE_RETURN_IF_ERROR(origins_.sync());
  TIPPLE_RETURN_IF_ERROR(origins_.close());
  for (ReplayFile& file : files_) {
    if (file.records > 0) continue;  // rows, counted as they were copied
    for (const SourceSpec& source : job_->sources) {
      if (source.name != file.source) continue;
      TIPPLE_TRY(file.records, count_records(file, source));
    }
  }
  TIPPLE_RETURN_IF_ERROR(sync_folder(folder_));
  return files_;
}

}  // namespace tipple
