// `tipple export`: a table's rows as CSV, JSON lines, Parquet or an Arrow IPC file.
#include "warehouse/export.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/invocation.h"
#include "cli/output.h"
#include "cli/target.h"

namespace tipple {
namespace {

struct ExportVerbOptions {
  std::string target;
  std::string table;
  std::string format = "csv";
  std::string output;
  bool no_header = false;
  ExportOptions what;
};

// Into a file beside the named one, which takes its name only when it is whole: no reader finds half an export.
Result<std::uint64_t> export_to_file(const Warehouse& warehouse, const std::string& table, const ExportOptions& options,
                                     const fs::path& path) {
  const fs::path partial = path.string() + ".partial-" + random_id().to_hex();
  const auto write = [&]() -> Result<std::uint64_t> {
    TIPPLE_TRY(File file, File::open(partial, O_WRONLY | O_CREAT | O_EXCL));
    TIPPLE_TRY(const std::uint64_t rows, export_table(warehouse, table, options, [&](std::string_view text) {
                 return file.write_all(std::as_bytes(std::span(text.data(), text.size())));
               }));
    TIPPLE_RETURN_IF_ERROR(file.sync());
    TIPPLE_RETURN_IF_ERROR(file.close());
    std::error_code failed;
    fs::rename(partial, path, failed);
    if (failed) return system_error(failed.value(), "cannot name the export", path.string());
    return rows;
  };
  Result<std::uint64_t> rows = write();
  std::error_code ignored;
  if (!rows.ok()) fs::remove(partial, ignored);
  return rows;
}

Result<ExportFormat> export_format(const std::string& name, bool to_stdout) {
  if (name == "csv") return ExportFormat::kCsv;
  if (name == "jsonl") return ExportFormat::kJsonLines;
  if (to_stdout && ::isatty(STDOUT_FILENO) == 1) {
    return usage_error("--format " + name + " is not text, and stdout is a terminal", "export",
                       "Add --output FILE, or pipe it on");
  }
  return name == "parquet" ? ExportFormat::kParquet : ExportFormat::kArrow;
}

Result<int> export_verb(const ExportVerbOptions& options, const Invocation& invocation) {
  const bool to_stdout = options.output.empty() || options.output == "-";
  if (to_stdout && invocation.json) {
    return usage_error("--json needs --output: both would print on stdout", "export",
                       "Add --output FILE, or use --format jsonl");
  }
  TIPPLE_TRY(const Target target, open_target(options.target, options.table));
  TIPPLE_TRY(const Warehouse warehouse, require_warehouse(target));
  TIPPLE_TRY(const std::string table, require_one_table(target));
  ExportOptions what = options.what;
  TIPPLE_TRY(what.format, export_format(options.format, to_stdout));
  what.header = !options.no_header;
  if (to_stdout) {
    TIPPLE_RETURN_IF_ERROR(
        export_table(warehouse, table, what, [](std::string_view text) { return print_text(text); }));
    return 0;
  }
  TIPPLE_TRY(const std::uint64_t rows, export_to_file(warehouse, table, what, options.output));
  if (invocation.json) {
    TIPPLE_RETURN_IF_ERROR(
        print_json({{"outcome", "exported"}, {"table", table}, {"rows", rows}, {"output", options.output}}));
  } else {
    TIPPLE_RETURN_IF_ERROR(print_text(fmt::format("{} rows of {} in {}\n", count_text(rows), table, options.output)));
  }
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ExportVerbOptions>();
  CLI::App* sub = add_verb(app, invocation, "export", "Write a table's rows as CSV, JSON lines, Parquet or Arrow",
                           "tipple export warehouse/flights --columns carrier,dest --output flights.csv");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  sub->add_option("--table", options->table, "The table, if there are several");
  sub->add_option("--version", options->what.version, "This version instead of the newest");
  sub->add_option("--columns", options->what.columns, "Only these columns, in this order: a,b,c")->delimiter(',');
  sub->add_option("--format", options->format, "csv (default), jsonl, parquet, or arrow: an IPC file")
      ->check(CLI::IsMember({"csv", "jsonl", "parquet", "arrow"}));
  sub->add_option("--output", options->output, "A file instead of stdout");
  sub->add_flag("--no-header", options->no_header, "CSV without the line that names the columns");
  bind_verb(sub, invocation, options, export_verb);
}

}  // namespace tipple
