#include "warehouse/inputs_ledger.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "formats/byte_source.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

constexpr std::size_t kPieceBytes = 64 * limits::kKiB;

Error damaged(const fs::path& path, const std::string& how) {
  return environment_error("the ledger of inputs is damaged: " + how, path.string(),
                           "restore it, or remove it: what it lists then counts as new");
}

Result<std::string> ledger_text(const fs::path& path) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
  TIPPLE_TRY(const auto source, open_byte_source({path.string(), stat.size, stat.mtime_ns, {}}, SourceSpec{}, 1, 0));
  std::string text;
  while (true) {
    const std::size_t had = text.size();
    text.resize(had + kPieceBytes);
    TIPPLE_TRY(const std::size_t got, source->read(std::span(text).subspan(had), had));
    text.resize(had + got);
    if (got < kPieceBytes) return text;
  }
}

std::optional<std::string> path_from_hex(std::string_view hex) {
  std::string path;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const char* end = hex.data() + std::min(i + 2, hex.size());
    if (std::from_chars(hex.data() + i, end, byte, 16).ptr != end) return std::nullopt;
    path += static_cast<char>(byte);
  }
  return path;
}

// Nothing: the line is none of ours.
std::optional<LedgerInput> input_of(const nlohmann::json& line) {
  LedgerInput input;
  try {
    input.source = line.at("source").get<std::string>();
    input.path = line.at("path").get<std::string>();
    if (line.contains("path_hex")) {
      const std::optional<std::string> path = path_from_hex(line.at("path_hex").get<std::string>());
      if (!path) return std::nullopt;
      input.path = *path;
    }
    input.member = line.value("member", std::string());
    input.size = line.at("size").get<std::uint64_t>();
    input.mtime_ns = line.at("mtime_ns").get<std::int64_t>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return input;
}

Status read_ledger(const fs::path& path, std::vector<LedgerInput>& inputs) {
  TIPPLE_TRY(const std::string text, ledger_text(path));
  std::uint64_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    std::optional<LedgerInput> input =
        input_of(nlohmann::json::parse(rest.substr(0, end + 1), nullptr, /*allow_exceptions=*/false));
    rest.remove_prefix(end + 1);
    if (++number; !input) return damaged(path, "its line " + std::to_string(number) + " does not name a file");
    inputs.push_back(std::move(*input));
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
