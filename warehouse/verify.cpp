#include "warehouse/verify.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <arrow/record_batch.h>

#include "base/file.h"
#include "formats/content_digest.h"
#include "formats/hdf5_part_writer.h"
#include "formats/sha256.h"
#include "warehouse/part_scan.h"
#include "warehouse/table_view.h"

namespace tipple {
namespace {

constexpr const char* kRestore = "; restore it from a backup, or load the table again";

struct PartCheck {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  Sha256 sha256{};
  Id128 digest;        // of the rows with the part's columns, as it was published
  Id128 shown_digest;  // of the rows with the table's columns
  std::string problem;
};

// Counts and digests what the part holds. Precondition: its bytes are those that were published (a damaged file can
// crash HDF5).
Status recount(const fs::path& path, const TableVersion& version, PartCheck& check) {
  TIPPLE_TRY(PartScan scan, PartScan::open(path, version.format, version.schema));
  const bool grown = scan.part_schema() != version.schema;
  for (std::uint64_t group = 0; group < scan.row_groups(); ++group) {
    TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> batch, scan.read_stored(group));
    check.rows += static_cast<std::uint64_t>(batch->num_rows());
    check.digest = add(check.digest, content_digest(*batch, scan.part_schema()));
    if (!grown) continue;
    TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> shown, scan.widened(*batch));
    check.shown_digest = add(check.shown_digest, content_digest(*shown, version.schema));
  }
  if (!grown) check.shown_digest = check.digest;
  return {};
}

std::string counted(std::uint64_t found, std::uint64_t expected, const char* unit) {
  return "has " + std::to_string(found) + " " + unit + ", published were " + std::to_string(expected);
}

PartCheck check_part(const fs::path& folder, const LoggedPart& part, const TableVersion& version) {
  PartCheck check;
  const fs::path path = folder / part.path;
  const auto problem = [&](const std::string& what) {
    check.problem = path.string() + ": " + what + kRestore;
    return check;
  };
  const auto stat = stat_regular_file(path);
  if (!stat.ok()) return problem(stat.error().what);
  check.bytes = stat->size;
  if (stat->size != part.bytes) return problem(counted(stat->size, part.bytes, "bytes"));
  const auto hashed = hash_file(path);
  if (!hashed.ok()) return problem(hashed.error().what);
  check.sha256 = hashed->sha256;
  if (hashed->sha256 != part.sha256) {
    return problem("its SHA-256 is " + to_hex(hashed->sha256) + ", published was " + to_hex(part.sha256));
  }
  if (const Status counting = recount(path, version, check); !counting.ok())
    return problem(counting.error().to_string());
  if (check.rows != part.rows) return problem(counted(check.rows, part.rows, "rows"));
  if (check.digest != part.content_digest) {
    return problem("its content digest is " + check.digest.to_hex() + ", published was " +
                   part.content_digest.to_hex());
  }
  return check;
}

std::vector<PartCheck> check_parts(const fs::path& folder, const TableVersion& version, unsigned threads) {
  std::vector<PartCheck> checks(version.parts.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < checks.size(); i = next++) {
      checks[i] = check_part(folder, version.parts[i], version);
    }
  };
  std::vector<std::jthread> helpers;
  const std::size_t helpers_wanted = std::min<std::size_t>(std::max(1U, threads), checks.size());
  for (std::size_t i = 1; i < helpers_wanted; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  return checks;
}

}  // namespace

Result<VerifyReport> verify_table(const Warehouse& warehouse, const std::string& table,
                                  std::optional<std::uint64_t> version, unsigned threads) {
  TIPPLE_TRY(const std::optional<TableVersion> checked, read_table(warehouse, table, version));
  if (!checked) {
    return usage_error("table " + table + " has no version yet", warehouse.table_folder(table).string(),
                       "load it first: tipple run");
  }
  VerifyReport report;
  report.table = table;
  report.version = checked->version;
  report.parts = checked->parts.size();
  std::vector<LoggedPart> found = checked->parts;
  const std::vector<PartCheck> checks = check_parts(warehouse.table_folder(table), *checked, threads);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    report.rows += checks[i].rows;
    report.bytes += checks[i].bytes;
    found[i].sha256 = checks[i].sha256;
    report.content_digest = add(report.content_digest, checks[i].shown_digest);
    if (!checks[i].problem.empty()) report.problems.push_back(checks[i].problem);
  }
  report.bytes_digest = bytes_digest(found);
  if (!version) {
    TIPPLE_TRY(const std::optional<std::string> problem, check_view(warehouse, table, *checked));
    if (problem) report.problems.push_back(*problem);
  }
  return report;
}

Sha256 bytes_digest(const std::vector<LoggedPart>& parts) {
  std::string hashes;
  hashes.reserve(parts.size() * sizeof(Sha256));
  for (const LoggedPart& part : parts)
    hashes.append(reinterpret_cast<const char*>(part.sha256.data()), part.sha256.size());
  return sha256_of(hashes);
}

Id128 content_digest(const std::vector<LoggedPart>& parts) {
  Id128 sum;
  for (const LoggedPart& part : parts) sum = add(sum, part.content_digest);
  return sum;
}

}  // namespace tipple
