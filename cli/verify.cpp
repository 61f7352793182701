// `tipple verify`: hashes every part, recounts every row, compares with the log.
#include <thread>

#include <fmt/format.h>

#include "cli/invocation.h"
#include "cli/output.h"
#include "cli/target.h"
#include "warehouse/verify.h"
#include "worker/memory_budget.h"

namespace tipple {
namespace {

struct VerifyOptions {
  std::string target;
  std::string table;
  std::optional<std::uint64_t> version;
  std::uint32_t threads = 0;
  bool digest = false;
};

Result<int> verify(const VerifyOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const Target target, open_target(options.target, options.table));
  TIPPLE_TRY(const Warehouse warehouse, require_warehouse(target));
  if (target.tables.empty()) TIPPLE_RETURN_IF_ERROR(require_one_table(target));
  const std::uint32_t threads =
      thread_count(options.threads > 0 ? std::optional<std::uint32_t>(options.threads) : std::nullopt, 1);
  Json document{{"outcome", "verified"}, {"tables", Json::object()}};
  std::vector<std::vector<std::string>> rows = {{"table", ">version", ">parts", ">rows", ">bytes", "verdict"}};
  std::string digests;
  std::string problems;
  for (const std::string& table : target.tables) {
    TIPPLE_TRY(const VerifyReport report, verify_table(warehouse, table, options.version, threads));
    document["tables"][table] = {{"version", report.version},
                                 {"parts", report.parts},
                                 {"rows", report.rows},
                                 {"bytes", report.bytes},
                                 {"content_digest", report.content_digest.to_hex()},
                                 {"bytes_digest", to_hex(report.bytes_digest)},
                                 {"problems", report.problems}};
    rows.push_back({table, std::to_string(report.version), count_text(report.parts), count_text(report.rows),
                    bytes_text(report.bytes),
                    report.problems.empty() ? "ok" : fmt::format("{} problems", report.problems.size())});
    digests +=
        fmt::format("{}: content {}, bytes {}\n", table, report.content_digest.to_hex(), to_hex(report.bytes_digest));
    for (const std::string& problem : report.problems) problems += fmt::format("tipple: {}: {}\n", table, problem);
  }
  if (!problems.empty()) {
    document["outcome"] = "damaged";
    std::fwrite(problems.data(), 1, problems.size(), stderr);
  }
  TIPPLE_RETURN_IF_ERROR(invocation.json ? print_json(document)
                                         : print_text(text_table(rows) + (options.digest ? "\n" + digests : "")));
  return problems.empty() ? 0 : exit_code(ErrorKind::kEnvironment);
}

}  // namespace

void add_verify(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* sub = add_verb(app, invocation, "verify", "Hash every part, recount every row, compare with the log",
                           "tipple verify warehouse --digest");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  sub->add_option("--table", options->table, "Only this table");
  sub->add_option("--version", options->version, "This version instead of the newest");
  sub->add_option("--threads", options->threads, "Parts checked at once (default: the cores)")
      ->envname("TIPPLE_THREADS");
  sub->add_flag("--digest", options->digest, "Print the digests of content and bytes");
  bind_verb(sub, invocation, options, verify);
}

}  // namespace tipple
