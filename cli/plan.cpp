#include "cli/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/input_listing.h"
#include "cli/load_report.h"
#include "cli/output.h"
#include "jobs/job_file.h"
#include "jobs/load_job.h"
#include "jobs/table_order.h"
#include "partitioner/chunk_plan.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

struct PlanOptions {
  std::string job;
  std::string mode;
  ResourceOptions resources;
};

// Below this many chunks a worker may wait for another's last chunk for a good part of the load.
constexpr std::uint64_t kChunksPerWorkerAim = 4;
// CSV to HDF5 on one core of a present-day server: the prediction where no earlier load has measured this warehouse.
constexpr double kBytesPerCoreSecond = 150e6;

struct Rate {
  double bytes_per_core_second = kBytesPerCoreSecond;
  bool measured = false;
};

Rate predicted_rate(const JobSpec& job) {
  const std::optional<double> measured = newest_rate(job.warehouse);
  return measured ? Rate{*measured, true} : Rate{};
}

Json source_json(const ChunkPlan& plan, std::size_t index) {
  std::uint64_t bytes = 0, chunks = 0, largest = 0;
  for (const Extent& extent : plan.sources[index].extents) bytes += extent.size;
  for (const Chunk& chunk : plan.chunks) {
    if (chunk.source != plan.sources[index].source) continue;
    ++chunks;
    largest = std::max(largest, chunk.bytes);
  }
  return {{"files", plan.sources[index].extents.size()},
          {"bytes", bytes},
          {"chunks", chunks},
          {"largest_chunk_bytes", largest}};
}

std::string plan_text(const Json& plan) {
  std::string text =
      fmt::format("load {} of job {}, mode {} ({}){}\n\n", plan["load_id"].get<std::string>().substr(0, 12),
                  plan["job"].get<std::string>(), plan["mode"].get<std::string>(), plan["write"].get<std::string>(),
                  plan["already_published"].get<bool>() ? ": published before, `run` will do nothing" : "");
  std::vector<std::vector<std::string>> rows = {{"source", ">files", ">bytes", ">chunks", ">largest chunk"}};
  for (const auto& [name, source] : plan["sources"].items()) {
    rows.push_back({name, count_text(source["files"]), bytes_text(source["bytes"]), count_text(source["chunks"]),
                    bytes_text(source["largest_chunk_bytes"])});
  }
  text += text_table(rows) + "\n";
  int number = 0;
  for (const Json& phase : plan["phases"]) {
    text += fmt::format("phase {}: {}, {} task{}\n", ++number, phase["name"].get<std::string>(), phase["tasks"].dump(),
                        phase["tasks"] == 1 ? "" : "s");
  }
  text += fmt::format("workers: {} of {} thread{}, {} of memory each ({})\n", plan["ranks"].dump(),
                      plan["threads"].dump(), plan["threads"] == 1 ? "" : "s", bytes_text(plan["memory_bytes"]),
                      plan["memory_from"].get<std::string>());
  text += fmt::format(
      "predicted: {}, from {} of input at {}/s a core ({})\n", seconds_text(plan["predicted_seconds"]),
      bytes_text(plan["bytes"]), bytes_text(static_cast<std::uint64_t>(plan["bytes_per_core_second"].get<double>())),
      plan["rate_measured"].get<bool>() ? "as the last load here measured" : "a rule of thumb until a load has run");
  for (const Json& warning : plan["warnings"]) text += fmt::format("warning: {}\n", warning.get<std::string>());
  return text;
}

bool published_before(const JobSpec& job, LoadId load) {
  const Result<Warehouse> warehouse = Warehouse::open(job.warehouse, false);
  return warehouse.ok() && std::all_of(job.tables.begin(), job.tables.end(), [&](const TableSpec& table) {
           const auto version = find_load(*warehouse, table.name, load);
           return version.ok() && version->has_value();
         });
}

Result<int> plan(const PlanOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const JobSpec job, read_job_file(options.job));
  return print_plan(job, options.mode, options.resources, invocation);
}

}  // namespace

Result<int> print_plan(const JobSpec& job, const std::string& mode_name, const ResourceOptions& resources,
                       const Invocation& invocation) {
  TIPPLE_TRY(const ModeSpec mode, job.mode(mode_name));
  TIPPLE_TRY(std::vector<SourceExtents> inputs, list_feeding_inputs(job));
  const std::vector<SourceId> feeding = feeding_sources(job);
  std::erase_if(inputs, [&](const SourceExtents& source) {
    return !std::binary_search(feeding.begin(), feeding.end(), source.source);
  });
  // A job in layers has a load for each; what the later ones look up may not be there yet.
  std::vector<SourceExtents> lookups;
  if (load_layers(job).size() == 1) {
    TIPPLE_TRY(lookups, list_lookups(job));
  }
  TIPPLE_TRY(const RankResources rank, rank_resources(resources, resources.ranks));
  const LoadId load = load_id(job, mode.name, inputs, lookups, {});
  const ChunkPlan chunks = plan_chunks(std::move(inputs), job.chunk_bytes);
  const Rate rate = predicted_rate(job);
  const double cores = static_cast<double>(resources.ranks) * rank.threads;
  Json document{{"outcome", "planned"},
                {"job", job.name},
                {"mode", mode.name},
                {"write", to_string(mode.write)},
                {"load_id", load.to_hex()},
                {"already_published", published_before(job, load)},
                {"bytes", chunks.bytes},
                {"chunks", chunks.chunks.size()},
                {"ranks", resources.ranks},
                {"threads", rank.threads},
                {"memory_bytes", rank.memory.bytes},
                {"memory_from", rank.memory.source},
                {"bytes_per_core_second", rate.bytes_per_core_second},
                {"rate_measured", rate.measured},
                {"predicted_seconds", static_cast<double>(chunks.bytes) / rate.bytes_per_core_second / cores}};
  for (std::size_t i = 0; i < chunks.sources.size(); ++i) {
    document["sources"][job.sources[chunks.sources[i].source.value()].name] = source_json(chunks, i);
  }
  document["phases"] = {{{"name", "load chunks"}, {"tasks", chunks.chunks.size()}},
                        {{"name", "publish"}, {"tasks", 1}}};
  document["warnings"] = Json::array();
  if (resources.ranks > 1 && chunks.chunks.size() < kChunksPerWorkerAim * resources.ranks) {
    document["warnings"].push_back(fmt::format(
        "{} chunks for {} workers: below {} each, some will wait for others; use fewer ranks, or set a smaller "
        "chunk_bytes in the job",
        chunks.chunks.size(), resources.ranks, kChunksPerWorkerAim));
  }
  TIPPLE_RETURN_IF_ERROR(invocation.json ? print_json(document) : print_text(plan_text(document)));
  return 0;
}

void add_plan(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* sub =
      add_verb(app, invocation, "plan", "Show the chunks, phases, predicted time and memory of a load; reads no data",
               "tipple plan flights.yaml --ranks 4");
  sub->add_option("JOB", options->job, "The job file")->required();
  sub->add_option("--mode", options->mode, "The job's mode (default: full)")->envname("TIPPLE_MODE");
  add_resource_options(*sub, options->resources);
  bind_verb(sub, invocation, options, plan);
}

}  // namespace tipple
