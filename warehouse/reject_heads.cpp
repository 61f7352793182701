#include "warehouse/reject_heads.h"

#include <algorithm>
#include <set>
#include <span>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "formats/record_format.h"
#include "formats/reject_file.h"

namespace tipple {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kHeadsBytesMax = limits::kGiB;
constexpr std::size_t kHeadBytes = 64 * 1024;

fs::path heads_path(const Warehouse& warehouse, const std::string& table, LoadId load) {
  return warehouse.rejects_path(table, load).replace_extension(".heads.json");
}

std::string shown_path(const ByteSourceFile& file) {
  return file.member.empty() ? file.path : file.path + ": " + file.member;
}

Result<std::string> read_head(const HeadedFile& file) {
  TIPPLE_TRY(const auto format, make_record_format(*file.source));
  TIPPLE_TRY(const auto bytes, open_byte_source(file.file, *file.source, 1, kHeadBytes));
  std::string text;
  for (std::size_t wanted = kHeadBytes;; wanted *= 4) {
    const std::size_t known = text.size();
    text.resize(wanted);
    TIPPLE_TRY(const std::size_t got, bytes->read(std::span(text).subspan(known), known));
    text.resize(known + got);
    const bool complete = text.size() < wanted;
    TIPPLE_TRY(const FileHead head, format->read_head(text, complete, shown_path(file.file)));
    if (!complete && head.data_begin > text.size()) continue;
    text.resize(std::min<std::uint64_t>(head.data_begin, text.size()));
    return text;
  }
}

}  // namespace

Status write_reject_heads(const Warehouse& warehouse, const std::string& table, LoadId load,
                          const std::vector<HeadedFile>& files) {
  const fs::path rejects = warehouse.rejects_path(table, load);
  std::error_code ignored;
  if (files.empty() || !fs::exists(rejects, ignored)) return {};
  std::set<std::string> named;
  TIPPLE_RETURN_IF_ERROR(read_reject_file(rejects, [&](const std::vector<Reject>& some) {
    for (const Reject& reject : some) named.insert(reject.path);
    return Status();
  }));
  // Files of one source have the same head as a rule: each is written once.
  Json heads = Json::array();
  Json paths = Json::object();
  std::map<std::string, std::size_t> numbers;
  for (const HeadedFile& file : files) {
    if (!named.contains(shown_path(file.file))) continue;
    // A file that went away after it was loaded is no reason not to publish it.
    const Result<std::string> head = read_head(file);
    if (!head.ok()) continue;
    const auto [number, fresh] = numbers.emplace(*head, numbers.size());
    if (fresh) heads.push_back(*head);
    paths[shown_path(file.file)] = number->second;
  }
  if (paths.empty()) return {};
  const Json document{{"heads", std::move(heads)}, {"files", std::move(paths)}};
  return replace_file_synced(heads_path(warehouse, table, load),
                             document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<RejectHeads> read_reject_heads(const Warehouse& warehouse, const std::string& table, LoadId load) {
  RejectHeads heads;
  const fs::path path = heads_path(warehouse, table, load);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return heads;
  TIPPLE_TRY(const std::string text, read_file(path, kHeadsBytesMax));
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto damaged = [&] {
    return environment_error("the heads of rejected records are damaged", path.string(),
                             "give the records with --input");
  };
  if (!document.is_object() || !document.contains("heads") || !document["heads"].is_array() ||
      !document.contains("files"))
    return damaged();
  for (const auto& [file, number] : document["files"].items()) {
    if (!number.is_number_unsigned() || number.get<std::size_t>() >= document["heads"].size()) return damaged();
    const Json& head = document["heads"][number.get<std::size_t>()];
    if (!head.is_string()) return damaged();
    heads.emplace(file, head.get<std::string>());
  }
  return heads;
}

}  // namespace tipple
