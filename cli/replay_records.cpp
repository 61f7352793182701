#include "cli/replay_records.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/loads.h"
#include "cli/replay_encoding.h"
#include "warehouse/reject_heads.h"

namespace tipple {
namespace {

constexpr const char* kCorrectRows =
    "bring the file back as it was, or write the corrected rows into a file of the same format and give it with "
    "--input";
constexpr const char* kCorrect =
    "write the records as they should be into a file and give it with --input; `rejects: {keep_raw: true}` in the job "
    "file keeps them with the "
    "rejects the next time";

ByteSourceFile byte_file(const LedgerInput& input) { return {input.path, input.size, input.mtime_ns, input.member}; }

std::string shown_path(const LedgerInput& input) {
  return input.member.empty() ? input.path : input.path + ": " + input.member;
}

const SourceSpec* source_named(const JobSpec& job, const std::string& name) {
  const auto found = std::find_if(job.sources.begin(), job.sources.end(),
                                  [&](const SourceSpec& source) { return source.name == name; });
  return found == job.sources.end() ? nullptr : &*found;
}

std::optional<SourceId> source_of_table(const JobSpec& job, const TableSpec& table, const std::string& name) {
  for (const SourceId source : table.from) {
    if (job.sources[source.value()].name == name) return source;
  }
  return std::nullopt;
}

Error gone(const Reject& reject) {
  return usage_error("the file is not the one that was loaded any more, and the job did not keep its rejected records",
                     fmt::format("{}:{}", reject.path, reject.line), kCorrect);
}

// What the job keeps of a text record is all that there is to it; of a row it is a description.
bool keeps_record(const Reject& reject, const SourceSpec& source) {
  return !reject.raw.empty() && !is_columnar(source.format);
}

}  // namespace

bool unchanged(const LedgerInput& input) {
  const Result<FileStat> stat = stat_regular_file(input.path);
  return stat.ok() && stat->size == input.size && stat->mtime_ns == input.mtime_ns;
}

Error table_row_error(const std::string& where) {
  return usage_error("rows of another table are not replayed", where,
                     "correct the job and run it again with `tipple run`: the table that it reads is kept");
}

std::filesystem::path replay_folder(const Warehouse& warehouse) { return warehouse.folder() / "_replay"; }

std::optional<JobSpec> job_of_load(const Warehouse& warehouse, LoadId load) {
  Result<LoadState> state = read_journals(warehouse.load_folder(load));
  if (!state.ok() || state->opened.empty()) return std::nullopt;
  Result<JobSpec> job = journaled_job(state->opened.back().load);
  if (!job.ok()) return std::nullopt;
  return std::move(job).value();
}

Result<RejectedRecords> RejectedRecords::open(const Warehouse& warehouse, const JobSpec& job, const TableSpec& table,
                                              const std::vector<LoadRejects>& all, const LoadRejects& load) {
  RejectedRecords records(job, table);
  records.load_job_ = job_of_load(warehouse, load.load);
  std::vector<LoadId> loads = reject_origins(all, load.load);
  loads.push_back(load.load);
  for (const LoadRejects& other : all)
    records.corrected_ |= other.resolved && other.resolved->by == load.load && !other.resolved->input.empty();
  for (const LoadId id : loads) TIPPLE_RETURN_IF_ERROR(records.add_inputs(warehouse, id));
  for (const LoadId id : loads) {
    TIPPLE_TRY(const RejectHeads heads, read_reject_heads(warehouse, table.name, id));
    records.stored_heads_.insert(heads.begin(), heads.end());
  }
  return records;
}

Status RejectedRecords::add_inputs(const Warehouse& warehouse, LoadId load) {
  TIPPLE_TRY(const std::vector<LedgerInput> inputs, load_inputs(warehouse, table_->name, load));
  const std::optional<JobSpec> loaded = job_of_load(warehouse, load);
  const std::string replayed = replay_folder(warehouse).string() + "/";
  for (const LedgerInput& input : inputs) {
    if (input.path.starts_with(replayed)) continue;
    const std::optional<SourceId> source = source_of_table(*job_, *table_, input.source);
    if (!source) {
      return usage_error(
          fmt::format("the rejects are records of the source '{}', which the table {} does not read any more",
                      input.source, table_->name),
          job_->file.string(), "name the source in the table's `from` again");
    }
    const SourceSpec* written = loaded ? source_named(*loaded, input.source) : nullptr;
    std::vector<TakenFile>& files = files_[shown_path(input)];
    const bool known = std::any_of(files.begin(), files.end(), [&](const TakenFile& file) {
      return file.source == *source && file.input.size == input.size && file.input.mtime_ns == input.mtime_ns;
    });
    if (!known) files.push_back({input, *source, written != nullptr ? *written : job_->sources[source->value()]});
  }
  return {};
}

// The file that a reject names; null if its load's ledger does not have it.
Result<const RejectedRecords::TakenFile*> RejectedRecords::file_of(const Reject& reject) const {
  const auto found = files_.find(reject.path);
  if (found == files_.end()) return static_cast<const TakenFile*>(nullptr);
  const std::vector<TakenFile>& files = found->second;
  const bool one_source = std::all_of(files.begin(), files.end(),
                                      [&](const TakenFile& file) { return file.source == files.front().source; });
  const SourceSpec& source = job_->sources[files.back().source.value()];
  if (one_source && (files.size() == 1 || keeps_record(reject, source))) return &files.back();
  return usage_error(
      one_source ? "the file was loaded more than once, with other content each time, and the job did not keep "
                   "its rejected records"
                 : "several sources of the table read the file, and which one this record is of cannot be told",
      fmt::format("{}:{}", reject.path, reject.line), is_columnar(source.format) ? kCorrectRows : kCorrect);
}

// A row stays in its file until it is copied; what the job keeps of it (`raw`) is a description.
Result<RejectedRecord> RejectedRecords::row_of(const Reject& reject, SourceId source, const TakenFile* file) const {
  const std::string where = fmt::format("{}, row {}", reject.path, reject.offset);
  const SourceSpec& now = job_->sources[source.value()];
  if (now.format == SourceFormat::kTable) return table_row_error(where);
  if (corrected_) {
    return usage_error("the row came from a file of corrected ones", where,
                       "correct it there, and give the unresolved rows again with --input");
  }
  if (file == nullptr || !unchanged(file->input))
    return usage_error("the file is not the one that was loaded any more", where, kCorrectRows);
  if (file->written.format != now.format || file->written.group != now.group) {
    return usage_error(
        fmt::format("the job reads the file otherwise than the load that rejected the row: as {} {}, then as {} {}",
                    to_string(now.format), now.group, to_string(file->written.format), file->written.group),
        where, "load the file again with `tipple run`");
  }
  return RejectedRecord{source, {}, {}, RejectedRow{file->input, reject.offset}};
}

// The record as its load saw it.
Result<std::string> RejectedRecords::text_of(const Reject& reject, const TakenFile& file) {
  if (!unchanged(file.input)) return gone(reject);
  if (open_path_ != reject.path) {
    TIPPLE_TRY(open_text_, ReplayText::open(byte_file(file.input), file.written));
    open_path_ = reject.path;
  }
  TIPPLE_TRY(const std::string_view unit, open_text_->record_at(reject.offset));
  return std::string(without_line_end(unit, file.written));
}

// What the records of a file stand behind, for the source as the job has it now.
Result<std::string> RejectedRecords::head_of(const std::string& path, SourceId id, const TakenFile* file) {
  const auto known = heads_.find(path);
  if (known != heads_.end()) return known->second;
  const SourceSpec& source = job_->sources[id.value()];
  std::string text;
  const auto stored = stored_heads_.find(path);
  if (file != nullptr && unchanged(file->input)) {
    TIPPLE_TRY(const auto whole, ReplayText::open(byte_file(file->input), source));
    TIPPLE_TRY(text, whole->head());
  } else if (stored != stored_heads_.end()) {
    text = stored->second;
  } else if (source.format != SourceFormat::kCsv || !source.csv.header) {
    text.assign(source.csv.skip_rows, source.csv.newline == CsvDialect::Newline::kCr ? '\r' : '\n');
  } else {
    return usage_error("the file is not the one that was loaded any more, and nobody knows its header", path, kCorrect);
  }
  std::string head = std::string(byte_order_mark(source)) + encode_text(text, source).bytes;
  if (!text.empty() && !text.ends_with('\n') && !text.ends_with('\r')) head += encode_text("\n", source).bytes;
  return heads_.emplace(path, std::move(head)).first->second;
}

Result<RejectedRecord> RejectedRecords::read(const Reject& reject) {
  const std::string where = fmt::format("{}:{}", reject.path, reject.line);
  TIPPLE_TRY(const TakenFile* file, file_of(reject));
  RejectedRecord record;
  record.source = file != nullptr ? file->source : table_->from.front();
  const SourceSpec& now = job_->sources[record.source.value()];
  if (is_columnar(now.format)) return row_of(reject, record.source, file);
  if (reject.raw.empty() && corrected_) {
    return usage_error("the record came from a file of corrected ones, and the job does not keep rejected records",
                       where, "correct it there, and give the unresolved records again with --input");
  }
  if (file == nullptr && (reject.raw.empty() || table_->from.size() != 1)) return gone(reject);
  std::string text = reject.raw;
  // Kept bytes are as the load that rejected them read them, bytes in the file as the load that first did.
  const SourceSpec* written = file != nullptr && text.empty() ? &file->written
                              : load_job_                     ? source_named(*load_job_, now.name)
                                                              : nullptr;
  if (written == nullptr) written = &now;
  if (text.empty()) {
    TIPPLE_TRY(text, text_of(reject, *file));
  }
  EncodedText encoded = encode_text(text, *written);
  if (encoded.lossy && (written->encoding != now.encoding || written->on_invalid != now.on_invalid)) {
    return usage_error(
        "the record has bytes that its encoding did not allow when it was loaded, and what they were is not known",
        where, kCorrect);
  }
  record.bytes = std::move(encoded.bytes);
  TIPPLE_TRY(record.head, head_of(reject.path, record.source, file));
  return record;
}

}  // namespace tipple
