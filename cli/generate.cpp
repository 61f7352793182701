// `tipple generate`: sample data with everything that makes CSV hard, and a job file that loads it.
#include <fmt/format.h>

#include "base/file.h"
#include "cli/invocation.h"
#include "cli/output.h"
#include "cli/trips_generator.h"
#include "jobs/byte_size.h"
#include "worker/memory_budget.h"

namespace tipple {
namespace {

struct GenerateOptions {
  TripsOptions trips;
  std::string size;
  std::uint32_t threads = 0;
};

Result<int> generate(const GenerateOptions& options, const Invocation& invocation) {
  TripsOptions trips = options.trips;
  if (!options.size.empty()) {
    TIPPLE_TRY(trips.bytes, parse_bytes(options.size));
  }
  trips.threads = thread_count(options.threads > 0 ? std::optional<std::uint32_t>(options.threads) : std::nullopt, 1);
  TIPPLE_TRY(const TripsFiles files, generate_trips(trips));
  const fs::path job = trips.folder / "trips.yaml";
  TIPPLE_RETURN_IF_ERROR(write_file_synced(job, trips_job_yaml({files.pattern}, "warehouse")));
  if (invocation.json) {
    TIPPLE_RETURN_IF_ERROR(print_json({{"outcome", "generated"},
                                       {"rows", files.rows},
                                       {"bytes", files.bytes},
                                       {"files", files.paths.size()},
                                       {"job", job.string()}}));
    return 0;
  }
  TIPPLE_RETURN_IF_ERROR(
      print_text(fmt::format("{} rows, {} in {} file(s); load them with\n  tipple run {}\n", count_text(files.rows),
                             bytes_text(files.bytes), files.paths.size(), job.string())));
  return 0;
}

}  // namespace

void add_generate(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* sub = add_verb(app, invocation, "generate", "Write sample data and a job file that loads it",
                           "tipple generate trips --rows 1000000 --files 4 sample");
  // The only kind of sample so far; a word of its own, so that others can stand beside it.
  static const std::vector<std::string> kKinds = {"trips"};
  sub->add_option_function<std::string>(
         "KIND", [](const std::string&) {}, "What to make: `trips`")
      ->required()
      ->check(CLI::IsMember(kKinds));
  sub->add_option("FOLDER", options->trips.folder, "Where to write: trips*.csv and trips.yaml")->required();
  auto* rows = sub->add_option("--rows", options->trips.rows, "Rows of all files together (default 1,000,000)");
  sub->add_option("--size", options->size, "Instead of --rows: about this size, as 10GiB")->excludes(rows);
  sub->add_option("--files", options->trips.files, "Number of files (default 1)");
  sub->add_option("--seed", options->trips.seed, "The same seed gives the same bytes (default 1)");
  sub->add_option("--quoted", options->trips.quoted_percent, "Percent of notes in quotes (default 1)");
  sub->add_option("--newlines", options->trips.newline_percent,
                  "Percent of notes with line ends inside quotes (default 0.1)");
  sub->add_option("--nulls", options->trips.null_percent, "Percent of nulls in nullable columns (default 1)");
  sub->add_option("--threads", options->threads, "Threads (default: the cores)")->envname("TIPPLE_THREADS");
  bind_verb(sub, invocation, options, generate);
}

}  // namespace tipple
