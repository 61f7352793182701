#include "jobs/yaml_tree.h"

#include <array>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/limits.h"

namespace tipple {
namespace {

// Ends the parse from within an event. Thrown here, caught in parse_yaml.
struct Refused {
  JobFileMistake mistake;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string what, std::string hint = {}) {
  throw Refused{{mark.line + 1, mark.column + 1, std::move(what), std::move(hint)}};
}

// Builds the tree. The depth is checked before yaml-cpp descends (it recurses), so its stack stays small for any input.
class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make_node(YamlNode::Kind::kNull, mark, {}, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not allowed in a job file", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make_node(YamlNode::Kind::kText, mark, tag, anchor);
    node.quoted = tag == "!";
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make_node(YamlNode::Kind::kList, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make_node(YamlNode::Kind::kMap, mark, tag, anchor), mark);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] YamlNode take_root() { return std::move(root_); }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map, when its value comes next
  };

  static YamlNode make_node(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                            YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) refuse(mark, "anchors are not allowed in a job file", "write the value out");
    // yaml-cpp's own tags: "?" for plain, "!" for quoted.
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, "tags are not allowed in a job file", "remove '" + tag + "'");
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void open(YamlNode node, const YAML::Mark& mark) {
    if (levels_.size() >= static_cast<std::size_t>(limits::kJobFileDepthMax)) {
      refuse(mark, fmt::format("more than {} levels of nesting", limits::kJobFileDepthMax));
    }
    levels_.push_back({std::move(node), {}});
  }

  void close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::kList) {
      level.node.items.push_back(std::move(node));
    } else if (level.key) {
      level.node.entries.push_back({std::move(*level.key), std::move(node)});
      level.key.reset();
    } else {
      level.key = std::move(node);
    }
  }

  std::vector<Level> levels_;
  YamlNode root_;
};

// Finds control characters and what is not UTF-8 before yaml-cpp does: it replaces them silently.
std::optional<JobFileMistake> find_bad_character(std::string_view text) {
  int line = 1;
  int column = 1;
  const auto mistake = [&](std::string what) {
    return JobFileMistake{line, column, std::move(what), "a job file is UTF-8 text"};
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return mistake("a byte that is not UTF-8");
    if (length == 1 && (lead < 0x20 || lead == 0x7F) && lead != '\t' && lead != '\n' && lead != '\r') {
      return mistake(fmt::format("a control character (0x{:02X})", lead));
    }
    std::uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return mistake("a byte that is not UTF-8");
      code = code << 6 | (next & 0x3Fu);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return mistake("a byte that is not UTF-8");
    }
    i += length;
    ++column;
    if (lead == '\n') {
      ++line;
      column = 1;
    }
  }
  return std::nullopt;
}

// yaml-cpp does not say how a null was written; `nulls: [NULL]` means the text.
void restore_null_texts(YamlNode& node, const std::vector<std::string_view>& lines) {
  if (node.kind == YamlNode::Kind::kNull && node.line >= 1 && static_cast<std::size_t>(node.line) <= lines.size()) {
    std::string_view rest = lines[static_cast<std::size_t>(node.line) - 1];
    for (int column = 1; column < node.column && !rest.empty(); ++column) {
      do rest.remove_prefix(1);
      while (!rest.empty() && (static_cast<unsigned char>(rest.front()) & 0xC0) == 0x80);
    }
    for (const std::string_view written : {"null", "Null", "NULL", "~"}) {
      if (rest.starts_with(written)) node.text = written;
    }
  }
  for (YamlNode& item : node.items) restore_null_texts(item, lines);
  for (YamlEntry& entry : node.entries) {
    restore_null_texts(entry.key, lines);
    restore_null_texts(entry.value, lines);
  }
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    lines.push_back(text.substr(0, end));
  }
  lines.push_back(text);
  return lines;
}

void check_keys(const YamlNode& node, std::vector<JobFileMistake>& mistakes) {
  for (const YamlNode& item : node.items) check_keys(item, mistakes);
  for (const YamlEntry& entry : node.entries) {
    const bool is_text =
        entry.key.kind == YamlNode::Kind::kText || (entry.key.kind == YamlNode::Kind::kNull && !entry.key.text.empty());
    if (!is_text) mistakes.push_back({entry.key.line, entry.key.column, "a key must be a text", {}});
    check_keys(entry.value, mistakes);
  }
}

}  // namespace

YamlTree parse_yaml(std::string_view text) {
  YamlTree tree;
  if (text.size() > limits::kJobFileBytesMax) {
    tree.mistakes.push_back(
        {0, 0, fmt::format("{} bytes, more than the limit of {}", text.size(), limits::kJobFileBytesMax), {}});
    return tree;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto mistake = find_bad_character(text)) {
    tree.mistakes.push_back(std::move(*mistake));
    return tree;
  }
  try {
    // yaml-cpp takes the end of the file for a missing closing quote; it refuses a document's end there.
    std::istringstream stream(std::string(text) + "\n...\n");
    YAML::Parser parser(stream);
    TreeBuilder builder;
    parser.HandleNextDocument(builder);
    YamlNode root = builder.take_root();
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      const YamlNode extra = second.take_root();
      tree.mistakes.push_back(
          {extra.line, extra.column, "a second document begins here", "a job file is one YAML document"});
      return tree;
    }
    restore_null_texts(root, split_lines(text));
    if (root.kind == YamlNode::Kind::kNull && root.text.empty()) {
      tree.mistakes.push_back({0, 0, "the job file is empty", "see docs/job-file.md for an example"});
    }
    check_keys(root, tree.mistakes);
    if (tree.mistakes.empty()) tree.root = std::move(root);
  } catch (const Refused& refused) {
    tree.mistakes.push_back(refused.mistake);
  } catch (const YAML::Exception& error) {
    const bool placed = !error.mark.is_null();
    tree.mistakes.push_back(
        {placed ? error.mark.line + 1 : 0, placed ? error.mark.column + 1 : 0, "not valid YAML: " + error.msg, {}});
  }
  return tree;
}

}  // namespace tipple
