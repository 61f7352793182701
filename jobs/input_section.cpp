// Where a source's records come from: files, a manifest of files, a stream, another table.
#include <charconv>

#include <fmt/format.h>

#include "jobs/job_sections.h"

namespace tipple {
namespace {

// sockaddr_un::sun_path has 108 bytes, the last one for the NUL.
constexpr std::size_t kUnixPathBytesMax = 107;

// Not printed anywhere: an address may hold a password.
bool is_address(std::string_view path) { return path.find("://") != std::string_view::npos; }

void check_path(const SettingsReader& settings, std::string_view key, const YamlNode& path) {
  if (path.text.empty()) {
    settings.mistakes().add(path, fmt::format("'{}' is empty", settings.place_of(key)));
  } else if (is_address(path.text)) {
    settings.mistakes().add(path, fmt::format("'{}' is an address, not a path", settings.place_of(key)),
                            "only files can be read");
  }
}

bool is_host_and_port(std::string_view text, unsigned port_min) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');  // an IPv6 address has colons of its own
  if (host.empty() || (bracketed && host.size() < 3) ||
      (!bracketed && host.find_first_of(":[]") != std::string_view::npos))
    return false;
  if (host.find_first_of(" /@\t") != std::string_view::npos) return false;
  unsigned port = 0;
  const auto [stopped, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  constexpr unsigned kPortMax = 65'535;
  return failed == std::errc() && stopped == digits.data() + digits.size() && port >= port_min && port <= kPortMax;
}

bool is_socket(std::string_view address, StreamSpec::Kind kind) {
  if (address.starts_with("unix:")) {
    const std::string_view path = address.substr(5);
    return !path.empty() && path.size() <= kUnixPathBytesMax && path.find('\0') == std::string_view::npos;
  }
  // Listening on port 0 takes any free one.
  return address.starts_with("tcp:") && is_host_and_port(address.substr(4), kind == StreamSpec::Kind::kListen ? 0 : 1);
}

void read_stream(const SettingsReader& source_settings, SourceSpec& spec) {
  const YamlNode& node = *source_settings.find("stream");
  const std::string place = source_settings.place_of("stream");
  Mistakes& mistakes = source_settings.mistakes();
  if (node.kind != YamlNode::Kind::kMap) {
    spec.stream.kind = StreamSpec::Kind::kStdin;
    if (node.kind == YamlNode::Kind::kText && node.text == "stdin") return;
    mistakes.add(node, fmt::format("'{}' must be 'stdin' or a map, not {}", place, kind_name(node)),
                 "as {pipe: PATH}, {listen: \"tcp:0.0.0.0:9000\"} or {connect: \"unix:PATH\"}");
    return;
  }
  const SettingsReader settings(node, place, {"pipe", "listen", "connect"}, mistakes);
  if (node.entries.size() != 1) {
    mistakes.add(node, fmt::format("'{}' must have one key, not {}", place, node.entries.size()),
                 "one of 'pipe', 'listen' and 'connect'");
    return;
  }
  if (const auto path = settings.text("pipe")) {
    spec.stream = {StreamSpec::Kind::kPipe, *path};
    check_path(settings, "pipe", *settings.find("pipe"));
    return;
  }
  const bool listens = settings.find("listen") != nullptr;
  const char* key = listens ? "listen" : "connect";
  const auto address = settings.text(key);
  if (!address) return;
  spec.stream = {listens ? StreamSpec::Kind::kListen : StreamSpec::Kind::kConnect, *address};
  if (is_socket(*address, spec.stream.kind)) return;
  mistakes.add(
      *settings.find(key), fmt::format("'{}' must be a socket's address", settings.place_of(key)),
      fmt::format("as \"tcp:HOST:PORT\", or \"unix:PATH\" with a path of at most {} bytes", kUnixPathBytesMax));
}

}  // namespace

void read_input(const SettingsReader& settings, const YamlNode& source, SourceSpec& spec) {
  std::string given;
  for (const char* key : {"path", "manifest", "stream", "table"}) {
    const YamlNode* node = settings.find(key);
    if (node == nullptr) continue;
    if (!given.empty()) {
      settings.mistakes().add(*node, fmt::format("'{}' and '{}' exclude each other", settings.place_of(given), key),
                              "a source has one of 'path', 'manifest', 'stream' and 'table'");
      return;
    }
    given = key;
  }
  if (given.empty()) {
    settings.mistakes().add(
        source, fmt::format("'{}' is missing", settings.place_of("path")),
        "a file, a folder, a pattern such as in/*.csv, or a list of them; or one of 'manifest', 'stream' and 'table'");
  } else if (given == "path") {
    for (const YamlNode* path : settings.texts("path")) {
      check_path(settings, "path", *path);
      spec.paths.push_back(path->text);
    }
  } else if (given == "manifest") {
    spec.manifest = settings.text("manifest");
    if (spec.manifest) check_path(settings, "manifest", *settings.find("manifest"));
  } else if (given == "stream") {
    read_stream(settings, spec);
  } else if (auto table = settings.text("table")) {
    spec.table = std::move(*table);
    if (!is_table_name(spec.table)) {
      settings.mistakes().add(*settings.find("table"), fmt::format("'{}' cannot be a table's name", spec.table),
                              "a letter, then up to 63 letters, digits and '_'");
    }
  }
}

}  // namespace tipple
