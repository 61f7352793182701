#include "partitioner/glob.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace tipple {
namespace {

// Folders below folders in one pattern; deeper ones are a loop that links made, or a mistake.
constexpr std::size_t kFolderDepthMax = 128;

bool is_hidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

// Matches one set, as "[a-z]", at pattern[0]; `used`: the set's length, 0 if there is no closing bracket (then '[' is
// itself).
bool matches_set(std::string_view pattern, char c, std::size_t& used) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  const std::size_t first = at;
  while (at < pattern.size() && (pattern[at] != ']' || at == first)) {
    const auto low = static_cast<unsigned char>(pattern[at]);
    auto high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      high = static_cast<unsigned char>(pattern[at + 2]);
      at += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    found = found || (low <= byte && byte <= high);
    ++at;
  }
  used = at < pattern.size() ? at + 1 : 0;
  return found != negated;
}

std::size_t character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
  return length;
}

// One step of the pattern at `name`'s beginning. Gives (bytes of pattern, bytes of name), or nothing if it does not
// match.
std::optional<std::pair<std::size_t, std::size_t>> match_one(std::string_view pattern, std::string_view name) {
  if (name.empty()) return std::nullopt;
  if (pattern.front() == '?') return std::pair<std::size_t, std::size_t>(1, character_length(name));
  if (pattern.front() == '[') {
    std::size_t used = 0;
    const bool found = matches_set(pattern, name.front(), used);
    if (used > 0) return found ? std::optional(std::pair<std::size_t, std::size_t>(used, 1)) : std::nullopt;
  }
  const std::size_t escaped = pattern.front() == '\\' && pattern.size() > 1 ? 1 : 0;
  if (pattern[escaped] != name.front()) return std::nullopt;
  return std::pair<std::size_t, std::size_t>(escaped + 1, 1);
}

struct Folder {
  std::string path;      // with a final '/'
  std::string identity;  // resolved, with a final '/'
  std::vector<std::pair<dev_t, ino_t>> ancestors;
};

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : path;
}

class Expander {
 public:
  explicit Expander(GlobResult& result) : result_(result) {}

  // Walks `folder` along components[at..].
  void walk(const Folder& folder, const std::vector<std::string>& components, std::size_t at) {
    if (folder.ancestors.size() > kFolderDepthMax) {
      result_.errors.push_back(environment_error("has more than 128 folders below each other", folder.path));
      return;
    }
    const std::string& component = components[at];
    const bool last = at + 1 == components.size();
    if (!last && component != "**" && !has_wildcard(component)) {
      enter(folder, component, components, at + 1);
      return;
    }
    const std::unique_ptr<DIR, DirCloser> dir = open_folder(folder);
    if (!dir) return;
    const bool any_depth = component == "**";
    if (any_depth && !last) walk(folder, components, at + 1);  // "**" matches no folder at all, too
    const std::string_view wanted = any_depth ? "*" : std::string_view(component);
    errno = 0;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || !matches_pattern(wanted, name)) continue;
      visit(folder, *entry, ::dirfd(dir.get()), components, at);
      errno = 0;
    }
    if (errno != 0) result_.errors.push_back(system_error(errno, "cannot list the folder", folder.path));
  }

  // The file itself. `link`: it may be a symbolic link.
  void take_file(const Folder& folder, const std::string& name, int folder_fd, bool link) {
    const std::string path = folder.path + name;
    if (!taken_.insert(path).second) return;  // a/**/**/x reaches the same file twice
    struct stat info {};
    if (::fstatat(folder_fd, name.c_str(), &info, 0) != 0) {
      result_.errors.push_back(system_error(errno, "cannot read the file", path));
    } else if (!S_ISREG(info.st_mode)) {
      result_.errors.push_back(environment_error("is not a regular file", path));
    } else if (::faccessat(folder_fd, name.c_str(), R_OK, 0) != 0) {
      result_.errors.push_back(system_error(errno, "cannot read the file", path));
    } else {
      result_.files.push_back({path, link ? resolved(path) : folder.identity + name,
                               static_cast<std::uint64_t>(info.st_size),
                               static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec});
    }
  }

 private:
  std::unique_ptr<DIR, DirCloser> open_folder(const Folder& folder) {
    std::unique_ptr<DIR, DirCloser> dir(::opendir(folder.path.c_str()));
    if (!dir && errno != ENOENT && errno != ENOTDIR) {
      result_.errors.push_back(system_error(errno, "cannot list the folder", folder.path));
    }
    return dir;
  }

  void visit(const Folder& folder, const dirent& entry, int folder_fd, const std::vector<std::string>& components,
             std::size_t at) {
    const bool last = at + 1 == components.size();
    const bool any_depth = components[at] == "**";
    bool is_folder = entry.d_type == DT_DIR;
    const bool link = entry.d_type == DT_LNK || entry.d_type == DT_UNKNOWN;
    if (link) {
      struct stat info {};
      is_folder = ::fstatat(folder_fd, entry.d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
    }
    if (is_folder) {
      if (any_depth) enter(folder, entry.d_name, components, at);
      if (!any_depth && !last) enter(folder, entry.d_name, components, at + 1);
      return;
    }
    if (last) take_file(folder, entry.d_name, folder_fd, link);
  }

  // Goes on in a folder below, unless that is one of those it stands in (a loop made by links).
  void enter(const Folder& folder, const std::string& name, const std::vector<std::string>& components,
             std::size_t at) {
    Folder below{folder.path + name + "/", {}, folder.ancestors};
    struct stat info {};
    if (::stat(below.path.c_str(), &info) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) {
        result_.errors.push_back(system_error(errno, "cannot list the folder", below.path));
      }
      return;
    }
    const std::pair<dev_t, ino_t> self(info.st_dev, info.st_ino);
    for (const auto& ancestor : below.ancestors) {
      if (ancestor == self) return;
    }
    below.ancestors.push_back(self);
    below.identity = resolved(below.path) + "/";
    walk(below, components, at);
  }

  GlobResult& result_;
  std::set<std::string> taken_;
};

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    // "**/**" is "**"; kept, it would walk the same folders again and again.
    const bool repeated = component == "**" && !components.empty() && components.back() == "**";
    if (!component.empty() && component != "." && !repeated) components.emplace_back(component);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return components;
}

void expand_literal(const std::string& path, const struct stat& info, GlobResult& result) {
  Expander expander(result);
  if (S_ISDIR(info.st_mode)) {
    std::string folder = path.ends_with('/') ? path : path + "/";
    std::string identity = resolved(path) + "/";
    expander.walk({std::move(folder), std::move(identity), {}}, {"*"}, 0);
    return;
  }
  expander.take_file({"", "", {}}, path, AT_FDCWD, /*link=*/true);
}

}  // namespace

bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?[\\") != std::string_view::npos; }

bool matches_pattern(std::string_view pattern, std::string_view name) {
  if (is_hidden(name) && !pattern.starts_with(name.front())) return false;
  // Backtracks to the last '*' only: time is at most pattern times name.
  std::optional<std::pair<std::string_view, std::string_view>>
      star;  // rest of the pattern behind it, and where it was tried
  while (!pattern.empty() || !name.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star = {pattern, name};
      continue;
    }
    const auto step = pattern.empty() ? std::nullopt : match_one(pattern, name);
    if (step) {
      pattern.remove_prefix(step->first);
      name.remove_prefix(step->second);
      continue;
    }
    if (!star || star->second.empty()) return false;
    star->second.remove_prefix(1);
    pattern = star->first;
    name = star->second;
  }
  return true;
}

GlobResult expand_pattern(const std::string& pattern) {
  TIPPLE_CHECK(pattern.starts_with('/'), "a pattern must be absolute");
  GlobResult result;
  struct stat info {};
  if (::stat(pattern.c_str(), &info) == 0) {
    expand_literal(pattern, info, result);
    return result;
  }
  const int stat_error = errno;
  const std::vector<std::string> components = split_path(pattern);
  if (!has_wildcard(pattern)) {
    result.errors.push_back(system_error(stat_error, "cannot read the file", pattern));
    return result;
  }
  // The part without wildcards is resolved at once, so that "../data/*.csv" gives tidy paths.
  Folder start{"/", "/", {}};
  std::size_t at = 0;
  while (at + 1 < components.size() && !has_wildcard(components[at])) start.path += components[at++] + "/";
  start.identity = resolved(start.path);
  if (!start.identity.ends_with('/')) start.identity += '/';
  if (pattern.find("/../") != std::string::npos) start.path = start.identity;
  Expander(result).walk(start, components, at);
  return result;
}

}  // namespace tipple
