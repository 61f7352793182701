#include "warehouse/inputs_ledger.h"

#include <zstd.h>

#include <memory>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

constexpr std::uint64_t kLedgerBytesMax = 4 * limits::kGiB;  // of one load's, compressed

Result<std::string> decompressed(const fs::path& path) {
  TIPPLE_TRY(const std::string bytes, read_file(path, kLedgerBytesMax));
  const std::unique_ptr<ZSTD_DCtx, decltype([](ZSTD_DCtx* context) { ZSTD_freeDCtx(context); })> context(
      ZSTD_createDCtx());
  if (context == nullptr) return environment_error("zstd has no memory");
  std::string text;
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  for (std::size_t left = 1; input.pos < input.size || left != 0;) {
    char piece[16384];
    ZSTD_outBuffer output{piece, sizeof piece, 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0)
      return environment_error(std::string("the ledger is damaged: ") + ZSTD_getErrorName(left), path.string());
    text.append(piece, output.pos);
    if (output.pos == 0 && input.pos == input.size && left != 0)
      return environment_error("the ledger ends too early", path.string());
  }
  return text;
}

std::string path_from_hex(const std::string& hex) {
  std::string path;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    path += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return path;
}

Status read_ledger(const fs::path& path, std::vector<LedgerInput>& inputs) {
  TIPPLE_TRY(const std::string text, decompressed(path));
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const auto line = nlohmann::json::parse(rest.substr(0, end + 1), nullptr, /*allow_exceptions=*/false);
    rest.remove_prefix(end + 1);
    if (!line.is_object()) return environment_error("the ledger has a line that is not a JSON object", path.string());
    LedgerInput input;
    input.source = line.value("source", std::string());
    input.path = line.contains("path_hex") ? path_from_hex(line.value("path_hex", std::string()))
                                           : line.value("path", std::string());
    input.member = line.value("member", std::string());
    input.size = line.value("size", std::uint64_t{0});
    input.mtime_ns = line.value("mtime_ns", std::int64_t{0});
    inputs.push_back(std::move(input));
  }
  return {};
}

}  // namespace

Result<std::vector<LedgerInput>> load_inputs(const Warehouse& warehouse, const std::string& table, LoadId load) {
  std::vector<LedgerInput> inputs;
  const fs::path path = warehouse.inputs_path(table, load);
  std::error_code ignored;
  if (fs::exists(path, ignored)) TIPPLE_RETURN_IF_ERROR(read_ledger(path, inputs));
  return inputs;
}

Result<std::vector<LedgerInput>> published_inputs(const Warehouse& warehouse, const std::string& table) {
  std::vector<LedgerInput> inputs;
  TIPPLE_TRY(const std::vector<HistoryEntry> history, read_history(warehouse, table));
  for (const HistoryEntry& entry : history) {
    TIPPLE_TRY(const std::vector<LedgerInput> more, load_inputs(warehouse, table, entry.commit.load));
    inputs.insert(inputs.end(), more.begin(), more.end());
  }
  return inputs;
}

}  // namespace tipple
