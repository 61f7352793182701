#include "worker/publish_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tipple {
namespace {

Error bug(const std::string& what, const std::string& where) {
  return environment_error("bug: " + what + "; nothing was published", where,
                           "please report it, with the load's folder");
}

const char* part_ending(PartFormat format) { return format == PartFormat::kParquet ? ".parquet" : ".h5"; }

std::string chunk_name(ChunkId chunk) { return "chunk " + std::to_string(chunk.value()); }

const Extent& extent_of(const ChunkPlan& plan, const Chunk& chunk, const Segment& segment) {
  const auto source = std::find_if(plan.sources.begin(), plan.sources.end(),
                                   [&](const SourceExtents& extents) { return extents.source == chunk.source; });
  TIPPLE_CHECK(source != plan.sources.end() && segment.extent < source->extents.size(),
               "a chunk of a file that is not in the plan");
  return source->extents[segment.extent];
}

// A chunk of a file that is cut; the others hold whole files.
bool is_piece(const ChunkPlan& plan, const Chunk& chunk) {
  const Segment& segment = chunk.segments.front();
  return chunk.segments.size() == 1 && (segment.begin != 0 || segment.end != extent_of(plan, chunk, segment).size);
}

// Walks one file's chunks in order and proves that their records follow one another.
class RecordChain {
 public:
  // What is wrong; empty if the range fits.
  std::string take(const Segment& segment, std::uint64_t file_size, const RecordRange& range) {
    if (segment.begin == 0) return begin(segment, file_size, range);
    if (!expected_) return "the file's first chunk is missing";
    if (range.any) {
      if (range.start != *expected_) {
        return fmt::format("records begin at byte {}, the chunk before ends at byte {}", range.start, *expected_);
      }
      if (range.start >= segment.end) return "a record of the next chunk was taken";
      return advance(range.end, file_size);
    }
    if (*expected_ >= segment.end) return {};
    if (range.guessed) return fmt::format("no record was found, though one begins at byte {}", *expected_);
    return advance(std::min(std::max(*expected_, range.end), file_size), file_size);
  }

 private:
  std::string begin(const Segment& segment, std::uint64_t file_size, const RecordRange& range) {
    expected_ = 0;
    if (range.guessed) return "the start of the file was guessed";
    if (range.any && range.start >= segment.end) return "a record of the next chunk was taken";
    return advance(range.end, file_size);
  }
  std::string advance(std::uint64_t to, std::uint64_t file_size) {
    if (to < *expected_ || to > file_size) return fmt::format("records end at byte {} of {}", to, file_size);
    expected_ = to;
    return {};
  }
  std::optional<std::uint64_t> expected_;
};

class Planner {
 public:
  Planner(const JobSpec& job, const LoadState& state, LoadId load) : job_(job), state_(state), load_(load) {}

  Result<PublishPlan> run() {
    std::vector<SourceExtents> inputs = state_.inputs;
    std::stable_sort(inputs.begin(), inputs.end(),
                     [](const SourceExtents& a, const SourceExtents& b) { return a.source < b.source; });
    plan_.chunks = plan_chunks(std::move(inputs), job_.chunk_bytes);
    plan_.tables.resize(job_.tables.size());
    for (std::size_t i = 0; i < plan_.tables.size(); ++i)
      plan_.tables[i].table = TableId(static_cast<std::uint32_t>(i));
    TIPPLE_RETURN_IF_ERROR(check_count());
    find_line_bases();
    for (std::uint32_t table = 0; table < plan_.tables.size(); ++table) TIPPLE_RETURN_IF_ERROR(add_table(table));
    plan_.complete = state_.accepted.size() == plan_.chunks.chunks.size();
    if (!plan_.complete) return incomplete();
    TIPPLE_RETURN_IF_ERROR(check_chains());
    return std::move(plan_);
  }

 private:
  Status check_count() {
    const std::size_t planned = plan_.chunks.chunks.size();
    for (const JournalOpened& opened : state_.opened) {
      if (opened.chunk_count != planned) {
        return bug(fmt::format("the journaled inputs make {} chunks, the load had {}", planned, opened.chunk_count),
                   "load " + load_.to_hex());
      }
    }
    for (const auto& [chunk, report] : state_.accepted) {
      if (chunk.value() >= planned || report.chunk != chunk)
        return bug("a report of a chunk that was not planned", chunk_name(chunk));
    }
    return {};
  }

  Result<PublishPlan> incomplete() {
    const bool given_up = std::any_of(plan_.tables.begin(), plan_.tables.end(), [&](const PlannedTable& table) {
      const RejectLimits& limits = job_.tables[table.table.value()].rejects;
      return limits.max_percent <= 0 && table.over_limit(limits);  // a share of rows is known at the end only
    });
    if (given_up) return std::move(plan_);
    return bug(fmt::format("{} of {} chunks are loaded", state_.accepted.size(), plan_.chunks.chunks.size()),
               "load " + load_.to_hex());
  }

  Status check_chains() {
    RecordChain chain;
    for (const Chunk& chunk : plan_.chunks.chunks) {
      if (!is_piece(plan_.chunks, chunk)) continue;
      const Segment& segment = chunk.segments.front();
      const Extent& extent = extent_of(plan_.chunks, chunk, segment);
      if (segment.begin == 0) chain = RecordChain();
      const std::string fault = chain.take(segment, extent.size, state_.accepted.at(chunk.id).range);
      if (!fault.empty())
        return bug("record ranges do not tile the file: " + fault, extent.path + ", " + chunk_name(chunk.id));
    }
    return {};
  }

  // Lines before each chunk in its file, counted from 1. Chunks whose predecessors are not all there get none.
  void find_line_bases() {
    std::optional<std::uint64_t> lines;
    for (const Chunk& chunk : plan_.chunks.chunks) {
      const auto report = state_.accepted.find(chunk.id);
      const bool piece = is_piece(plan_.chunks, chunk);
      if (!piece || chunk.segments.front().begin == 0) lines = 1;
      if (lines) line_bases_[chunk.id] = *lines;
      if (!piece || report == state_.accepted.end()) {
        lines.reset();
      } else if (lines) {
        *lines += report->second.range.lines;
      }
    }
  }

  Status add_table(std::uint32_t table) {
    const std::vector<Chunk>& chunks = plan_.chunks.chunks;
    for (const SourceId source : job_.tables[table].from) {
      // A source's chunks are consecutive, and sources stand in order.
      auto chunk =
          std::partition_point(chunks.begin(), chunks.end(), [&](const Chunk& other) { return other.source < source; });
      for (; chunk != chunks.end() && chunk->source == source; ++chunk) {
        const auto report = state_.accepted.find(chunk->id);
        if (report != state_.accepted.end()) TIPPLE_RETURN_IF_ERROR(add_report(table, *chunk, report->second));
      }
    }
    return {};
  }

  Status add_report(std::uint32_t table, const Chunk& chunk, const ChunkReport& report) {
    const std::string where = chunk_name(chunk.id) + ", table " + job_.tables[table].name;
    const auto is_table = [&](const TableReport& candidate) { return candidate.table.value() == table; };
    if (std::count_if(report.tables.begin(), report.tables.end(), is_table) != 1)
      return bug("the table is not accounted for once", where);
    const TableReport& own = *std::find_if(report.tables.begin(), report.tables.end(), is_table);
    if (!own.rows.balanced()) {
      return bug(fmt::format("{} rows in + {} added are not {} out + {} rejected + {} filtered + {} deduplicated",
                             own.rows.rows_in, own.rows.added, own.rows.rows_out, own.rows.rejected, own.rows.filtered,
                             own.rows.deduplicated),
                 where);
    }
    const std::uint64_t part_rows = own.part ? own.part->rows : 0;
    if (part_rows != own.rows.rows_out)
      return bug(fmt::format("the part has {} of {} rows", part_rows, own.rows.rows_out), where);
    PlannedTable& planned = plan_.tables[table];
    planned.rows += own.rows;
    planned.check_failures.resize(job_.tables[table].checks.size());
    for (std::size_t i = 0; i < std::min(own.check_failures.size(), planned.check_failures.size()); ++i)
      planned.check_failures[i] += own.check_failures[i];
    if (own.part)
      planned.parts.push_back({*own.part, fmt::format("data/part-{}-{:05}{}", load_.to_hex(), chunk.id.value(),
                                                      part_ending(job_.tables[table].part_format))});
    const auto base = line_bases_.find(chunk.id);
    if (own.rejects && base != line_bases_.end()) planned.rejects.push_back({*own.rejects, base->second});
    return {};
  }

  const JobSpec& job_;
  const LoadState& state_;
  LoadId load_;
  PublishPlan plan_;
  std::map<ChunkId, std::uint64_t> line_bases_;
};

}  // namespace

std::uint64_t rejects_allowed(const RejectLimits& limits, std::uint64_t rows_in) {
  const double by_percent = limits.max_percent / 100.0 * static_cast<double>(rows_in);
  return std::max(limits.max_rows, static_cast<std::uint64_t>(by_percent));
}

bool PlannedTable::over_limit(const RejectLimits& limits) const {
  return rows.rejected > rejects_allowed(limits, rows.rows_in);
}

std::optional<std::size_t> PlannedTable::failed_check(const std::vector<CheckSpec>& checks) const {
  for (std::size_t i = 0; i < std::min(checks.size(), check_failures.size()); ++i) {
    if (!checks[i].max_rows && !checks[i].max_percent) continue;
    const RejectLimits limits{checks[i].max_rows.value_or(0), checks[i].max_percent.value_or(0.0), false};
    if (check_failures[i] > rejects_allowed(limits, rows.rows_in)) return i;
  }
  return std::nullopt;
}

Result<PublishPlan> plan_publish(const JobSpec& job, const LoadState& state, LoadId load) {
  return Planner(job, state, load).run();
}

}  // namespace tipple
