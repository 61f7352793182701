#include "worker/publish_files.h"

#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/fault_point.h"
#include "base/file.h"
#include "formats/reject_file.h"

namespace tipple {
namespace {

std::optional<std::uint64_t> size_of(const fs::path& path) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  return error ? std::nullopt : std::optional(size);
}

// Collects text and gives it back compressed.
class ZstdText {
 public:
  ZstdText() : context_(ZSTD_createCCtx()) {
    TIPPLE_CHECK(context_ != nullptr, "zstd has no memory");
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }
  Status append(const std::string& text) { return feed(text, ZSTD_e_continue); }
  Result<std::string> finish() {
    TIPPLE_RETURN_IF_ERROR(feed({}, ZSTD_e_end));
    return std::move(out_);
  }

 private:
  Status feed(const std::string& text, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    for (;;) {
      char piece[16384];
      ZSTD_outBuffer output{piece, sizeof piece, 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) return environment_error(std::string("zstd: ") + ZSTD_getErrorName(left));
      out_.append(piece, output.pos);
      if (directive == ZSTD_e_end ? left == 0 : input.pos == input.size) return {};
    }
  }
  std::unique_ptr<ZSTD_CCtx, decltype([](ZSTD_CCtx* context) { ZSTD_freeCCtx(context); })> context_;
  std::string out_;
};

// Paths are bytes; those that are not UTF-8 stand in hexadecimal digits beside a readable form.
std::string input_line(const std::string& source, const Extent& extent) {
  nlohmann::ordered_json line{
      {"source", source}, {"path", extent.path}, {"size", extent.size}, {"mtime_ns", extent.mtime_ns}};
  if (!extent.member.empty()) line["member"] = extent.member;
  std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (nlohmann::json::accept("\"" + extent.path + "\"") || text.find("\xEF\xBF\xBD") == std::string::npos)
    return text + "\n";
  std::string hex;
  char digits[3];
  for (const unsigned char byte : extent.path) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hex += digits;
  }
  line["path_hex"] = hex;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Status check_parts_present(const Warehouse& warehouse, const std::string& table, const PlannedTable& planned) {
  for (const PlannedPart& part : planned.parts) {
    const fs::path staged = warehouse.folder() / part.staged.path;
    const fs::path placed = warehouse.table_folder(table) / part.path;
    auto size = size_of(staged);
    const fs::path& found = size ? staged : placed;
    if (!size) size = size_of(placed);
    if (!size)
      return environment_error("a staged part is missing, and was not moved to " + placed.string(), staged.string(),
                               kStartAgain);
    if (*size != part.staged.bytes) {
      return environment_error(
          "a part has " + std::to_string(*size) + " bytes, reported were " + std::to_string(part.staged.bytes),
          found.string(), kStartAgain);
    }
  }
  return {};
}

Status move_parts(const Warehouse& warehouse, const std::string& table, const PlannedTable& planned) {
  const fs::path data = warehouse.table_folder(table) / "data";
  TIPPLE_RETURN_IF_ERROR(create_folders(data));
  for (const PlannedPart& part : planned.parts) {
    const fs::path staged = warehouse.folder() / part.staged.path;
    const fs::path placed = warehouse.table_folder(table) / part.path;
    if (::rename(staged.c_str(), placed.c_str()) != 0) {
      const int error = errno;
      if (error == ENOENT && size_of(placed) == part.staged.bytes) continue;  // moved before a kill
      return system_error(error, "cannot move " + staged.string() + " into place", placed.string());
    }
    fault_point("part-moved");
  }
  return sync_folder(data);
}

Result<std::optional<Reject>> merge_rejects(const Warehouse& warehouse, const std::string& table, LoadId load,
                                            const PlannedTable& planned) {
  std::optional<Reject> first;
  if (planned.rejects.empty()) return first;
  const fs::path merged = warehouse.rejects_path(table, load);
  TIPPLE_RETURN_IF_ERROR(create_folders(merged.parent_path()));
  fs::path temporary = merged;
  temporary += ".tmp-" + random_id().to_hex();
  const auto write = [&]() -> Status {
    TIPPLE_TRY(RejectFileWriter writer, RejectFileWriter::create(temporary));
    for (const PlannedRejects& staged : planned.rejects) {
      const auto append = [&](const std::vector<Reject>& rejects) -> Status {
        std::vector<Reject> absolute = rejects;
        for (Reject& reject : absolute) reject.line += staged.line_base;
        if (!first && !absolute.empty()) first = absolute.front();
        return writer.append(absolute);
      };
      TIPPLE_RETURN_IF_ERROR(read_reject_file(warehouse.folder() / staged.staged, append));
    }
    TIPPLE_RETURN_IF_ERROR(writer.close_and_sync());
    if (::rename(temporary.c_str(), merged.c_str()) != 0)
      return system_error(errno, "cannot rename into place", merged.string());
    return sync_folder(merged.parent_path());
  };
  if (Status written = write(); !written.ok()) {
    ::unlink(temporary.c_str());
    return std::move(written).error();
  }
  return first;
}

Status write_inputs(const Warehouse& warehouse, const TableSpec& table, const JobSpec& job, LoadId load,
                    const ChunkPlan& plan) {
  ZstdText text;
  for (const SourceExtents& source : plan.sources) {
    if (std::find(table.from.begin(), table.from.end(), source.source) == table.from.end()) continue;
    for (const Extent& extent : source.extents) {
      TIPPLE_RETURN_IF_ERROR(text.append(input_line(job.sources[source.source.value()].name, extent)));
    }
  }
  TIPPLE_TRY(const std::string compressed, text.finish());
  const fs::path path = warehouse.inputs_path(table.name, load);
  TIPPLE_RETURN_IF_ERROR(create_folders(path.parent_path()));
  return replace_file_synced(path, compressed);
}

}  // namespace tipple
