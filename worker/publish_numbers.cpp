#include "worker/publish_numbers.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "formats/content_digest.h"
#include "formats/part_numbers.h"
#include "jobs/numbered_column.h"
#include "jobs/table_schema.h"
#include "warehouse/part_scan.h"
#include "warehouse/table_log.h"
#include "worker/publish_files.h"

namespace tipple {
namespace {

constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max() - 1;  // one more is still a number
constexpr std::uint64_t kNoteBytesMax = 64;
// What a row group takes while it is read, in batches of its size: bytes as stored, decoded, converted.
constexpr std::uint64_t kCopiesOfAGroup = 3;

// Lets threads read row groups only as far as their memory allows, going by the largest one so far; one always may.
class ReadGate {
 public:
  explicit ReadGate(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Waits for its turn, and says at its end how large the row group was.
  class Turn {
   public:
    explicit Turn(ReadGate& gate) : gate_(gate) {
      std::unique_lock lock(gate_.mutex_);
      gate_.changed_.wait(lock, [&] { return gate_.has_room(); });
      ++gate_.reading_;
    }
    ~Turn() {
      {
        const std::lock_guard lock(gate_.mutex_);
        gate_.largest_ = std::max(gate_.largest_, bytes);
        --gate_.reading_;
      }
      gate_.changed_.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    std::uint64_t bytes = 0;

   private:
    ReadGate& gate_;
  };

 private:
  [[nodiscard]] bool has_room() const {
    return reading_ == 0 || (largest_ > 0 && (reading_ + 1) * largest_ * kCopiesOfAGroup <= bytes_max_);
  }

  const std::uint64_t bytes_max_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t reading_ = 0;
  std::uint64_t largest_ = 0;
};

Result<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return environment_error(fmt::format("'{}' is no whole number of 64 bits", text));
  return number;
}

// One table of one load.
class Numbering {
 public:
  Numbering(const Warehouse& warehouse, const TableSpec& table, const PlannedTable& planned, const LoadSetup& load,
            const PublishResources& resources)
      : warehouse_(warehouse),
        table_(table),
        load_(load),
        resources_(resources),
        column_(*numbered_column(table)),
        schema_(table.schema()),
        gate_(resources.memory_bytes) {
    numbered_.planned = planned;
  }

  Result<NumberedTable> run(WriteMode write) && {
    TIPPLE_RETURN_IF_ERROR(find_first(write));
    TIPPLE_RETURN_IF_ERROR(check_range());
    if (!in_place_) TIPPLE_RETURN_IF_ERROR(create_folders(staging()));
    TIPPLE_RETURN_IF_ERROR(number_parts());
    return std::move(numbered_);
  }

 private:
  [[nodiscard]] std::vector<PlannedPart>& parts() { return numbered_.planned.parts; }
  [[nodiscard]] fs::path staging() const { return warehouse_.staging_folder(table_.name, load_.attempt); }

  Status find_first(WriteMode write) {
    first_ = column_.start;
    if (write == WriteMode::kReplace) return {};
    TIPPLE_TRY(const std::optional<TableVersion> before, read_table(warehouse_, table_.name));
    numbered_.only_as = before ? before->version + 1 : 0;
    if (before) TIPPLE_RETURN_IF_ERROR(go_on_after(*before));
    return keep_first();
  }

  // The log's statistics are exact for whole numbers.
  Status go_on_after(const TableVersion& before) {
    const int position = find_column(before.schema, column_.name);
    if (position < 0) return {};
    std::optional<std::int64_t> highest;
    for (const LoggedPart& part : before.parts) {
      if (part.rows == 0) continue;
      const auto at = static_cast<std::size_t>(position);
      if (part.columns.empty())
        return environment_error("has no statistics in the log, so its highest number is not known", part.path,
                                 "replace the table");
      const std::string& max = part.columns[at].max_json;
      if (max.empty() && part.columns[at].null_count == part.rows) continue;  // from before the table had numbers
      const Result<std::int64_t> number = parse_number(max);
      if (!number.ok()) {
        return usage_error(
            fmt::format("table {}: the numbers of '{}' cannot go on after {}: the column is {}", table_.name,
                        column_.name, max.empty() ? "what the table has" : max, before.schema[at].type.to_string()),
            warehouse_.table_folder(table_.name).string(), "number another column, or replace the table");
      }
      highest = std::max(highest.value_or(*number), *number);
    }
    if (!highest) return {};
    if (*highest >= kNumberMax) return no_more(*highest);
    first_ = *highest + 1;
    return {};
  }

  [[nodiscard]] Error no_more(std::int64_t from) const {
    return usage_error(fmt::format("table {}: {} rows cannot be numbered from {} in '{}': {} is the last number",
                                   table_.name, numbered_.planned.rows.rows_out, from, column_.name, kNumberMax),
                       {}, "begin with a lower 'start' in a table that the load replaces");
  }

  Status check_range() const {
    const std::uint64_t rows = numbered_.planned.rows.rows_out;
    if (rows == 0) return {};
    const std::uint64_t room = static_cast<std::uint64_t>(kNumberMax) - static_cast<std::uint64_t>(first_);
    return first_ <= kNumberMax && rows - 1 <= room ? Status() : Status(no_more(first_));
  }

  // What was first written into the parts of this load, by whomever.
  Status keep_first() {
    const fs::path note = warehouse_.load_folder(load_.load) / ("numbers-" + table_.name);
    TIPPLE_TRY(const bool created, create_file_exclusive(note, std::to_string(first_) + "\n"));
    if (created) return {};
    TIPPLE_TRY(const std::string text, read_file(note, kNoteBytesMax));
    const bool whole = text.ends_with('\n');
    const Result<std::int64_t> kept = parse_number(std::string_view(text).substr(0, text.size() - (whole ? 1 : 0)));
    if (!whole || !kept.ok())
      return environment_error("does not hold the first number of a load", note.string(), kStartAgain);
    in_place_ = *kept == first_;
    return {};
  }

  Status number_parts() {
    std::vector<std::int64_t> firsts;
    std::int64_t next = first_;
    for (const PlannedPart& part : parts()) {
      firsts.push_back(next);
      next += static_cast<std::int64_t>(part.staged.rows);
    }
    std::vector<Status> results(parts().size());
    std::atomic<bool> failed{false};
    tbb::task_arena arena(static_cast<int>(std::max(resources_.threads, 1U)));
    arena.execute([&] {
      const auto number = [&](std::size_t i) {
        if (failed) return;
        results[i] = number_part(parts()[i], firsts[i]);
        if (!results[i].ok()) failed = true;
      };
      tbb::parallel_for(std::size_t{0}, parts().size(), number, tbb::simple_partitioner());
    });
    for (Status& result : results) TIPPLE_RETURN_IF_ERROR(std::move(result));
    return {};
  }

  // Parts are staged, or moved into place by a publisher that was killed, or that is at it now.
  Status number_part(PlannedPart& part, std::int64_t first) {
    const fs::path staged = warehouse_.folder() / part.staged.path;
    std::error_code ignored;
    if (fs::exists(staged, ignored)) {
      Status numbered = number_file(staged, part, first);
      if (numbered.ok() || fs::exists(staged, ignored)) return numbered;
    }
    return number_file(warehouse_.table_folder(table_.name) / part.path, part, first);
  }

  // Changes `part` only when all went well.
  Status number_file(const fs::path& from, PlannedPart& part, std::int64_t first) {
    const std::string ending = from.extension().string();
    const fs::path to = in_place_ ? from : staging() / ("numbered-" + random_id().to_hex() + ending);
    TIPPLE_TRY(std::vector<NumberRun> runs, number_runs(from, part.staged.rows));
    TIPPLE_TRY(const NumberedFile file, write_numbers(from, to, std::move(runs), first));
    if (file.zeros_sha256 != part.staged.sha256)
      return environment_error("a staged part is damaged: it is not what its worker hashed", from.string(),
                               kStartAgain);
    TIPPLE_TRY(part.staged.content_digest, digest(to, first));
    part.staged.sha256 = file.sha256;
    ColumnStats& stats = part.staged.columns.at(column_.position);
    stats.min_json = std::to_string(first);
    stats.max_json = std::to_string(first + static_cast<std::int64_t>(part.staged.rows) - 1);
    if (in_place_) return {};
    part.staged.path = to.lexically_relative(warehouse_.folder()).string();
    part.path = fs::path(part.path).replace_extension().string() + fmt::format("-from-{}", first) + ending;
    return {};
  }

  Result<std::vector<NumberRun>> number_runs(const fs::path& path, std::uint64_t rows) const {
    TIPPLE_TRY(PartScan scan, PartScan::open(path, table_.part_format, schema_));
    if (scan.part_schema() != schema_ || scan.rows() != rows)
      return environment_error("a staged part is not what its worker reported", path.string(), kStartAgain);
    return scan.number_runs(column_.position);
  }

  // Of the part as any reader decodes it, which proves that the numbers are where they should be.
  Result<Id128> digest(const fs::path& path, std::int64_t first) {
    TIPPLE_TRY(PartScan scan, PartScan::open(path, table_.part_format, schema_));
    Id128 sum;
    for (std::uint64_t group = 0; group < scan.row_groups(); ++group) {
      ReadGate::Turn turn(gate_);
      TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> batch, scan.read_stored(group));
      turn.bytes = static_cast<std::uint64_t>(arrow::util::TotalBufferSize(*batch));
      const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(static_cast<int>(column_.position)));
      for (std::int64_t i = 0; i < numbers.length(); ++i) {
        if (numbers.Value(i) != first + i)
          return environment_error(fmt::format("bug: row {} has the number {}, not {}", i, numbers.Value(i), first + i),
                                   path.string(), "please report it, with the load's folder");
      }
      first += numbers.length();
      sum = add(sum, content_digest(*batch, schema_));
    }
    return sum;
  }

  const Warehouse& warehouse_;
  const TableSpec& table_;
  const LoadSetup& load_;
  const PublishResources& resources_;
  const NumberedColumn column_;
  const Schema schema_;
  NumberedTable numbered_;
  std::int64_t first_ = 1;  // of the load's first row
  bool in_place_ = true;
  ReadGate gate_;
};

}  // namespace

Result<NumberedTable> number_table(const Warehouse& warehouse, const TableSpec& table, const PlannedTable& planned,
                                   WriteMode write, const LoadSetup& load, const PublishResources& resources) {
  return Numbering(warehouse, table, planned, load, resources).run(write);
}

}  // namespace tipple
