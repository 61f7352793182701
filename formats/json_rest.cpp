#include "formats/json_rest.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/json_text.h"

namespace tipple {

std::span<const JsonRest::Field> JsonRest::read(std::string_view record, std::span<const std::uint32_t> unfit) {
  text_ = record;
  at_ = 0;
  fields_.clear();
  ++stamp_;
  for (const std::uint32_t column : unfit) unfit_[column] = {true, false, false, {}};
  skip_space();
  read_object(tree_.root(), {}, false);
  for (const std::uint32_t column : unfit) {
    if (unfit_[column].found) fields_.push_back(std::move(unfit_[column].field));
    unfit_[column].wanted = false;
  }
  drop_repeated();
  return fields_;
}

void JsonRest::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) {
    ++at_;
  }
}

std::string_view JsonRest::take_string() {
  const std::size_t begin = ++at_;
  while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
  return text_.substr(begin, at_++ - begin);
}

std::string_view JsonRest::take_value() {
  const std::size_t begin = at_;
  std::size_t open = 0;
  do {
    const char c = text_[at_];
    if (c == '"') {
      (void)take_string();
    } else if (c == '{' || c == '[') {
      ++open;
      ++at_;
    } else if (c == '}' || c == ']') {
      --open;
      ++at_;
    } else if (open > 0) {
      ++at_;
    } else {  // a number, true, false or null
      while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
    }
  } while (open > 0);
  return text_.substr(begin, at_ - begin);
}

void JsonRest::read_value(const JsonNode& node, const std::string& path, bool covered) {
  const std::size_t begin = at_;
  // As in JsonWalk: of two values that a path leads into the first counts.
  if (node.has_children()) {
    if (visits_[node.id] == stamp_) {
      (void)take_value();
      return;
    }
    visits_[node.id] = stamp_;
  }
  covered = covered || !node.leaves.empty();
  if (text_[at_] == '{' && !node.members.empty()) {
    read_object(node, path, covered);
  } else if (text_[at_] == '[' && !node.elements.empty()) {
    read_array(node, path, covered);
  } else {
    const std::string_view value = take_value();
    if (!covered) fields_.push_back({path, value, false});
  }
  note_unfit(node, path, text_.substr(begin, at_ - begin));
}

void JsonRest::read_object(const JsonNode& node, const std::string& path, bool covered) {
  ++at_;
  std::vector<char> plain;
  for (skip_space(); text_[at_] != '}'; skip_space()) {
    if (text_[at_] == ',') {
      ++at_;
      continue;
    }
    plain.clear();
    (void)append_unescaped(take_string(), plain);  // its escapes are good
    const std::string_view name(plain.data(), plain.size());
    const auto member = node.members.find(name);
    const bool known = member != node.members.end();
    std::string below;
    if (!covered || known) below = (path.empty() ? path : path + ".") + json_path_step(name);
    skip_space();
    ++at_;  // the colon
    skip_space();
    if (known) {
      read_value(*member->second, below, covered);
    } else {
      const std::string_view value = take_value();
      if (!covered) fields_.push_back({std::move(below), value, true});
    }
  }
  ++at_;
}

void JsonRest::read_array(const JsonNode& node, const std::string& path, bool covered) {
  ++at_;
  std::uint32_t position = 0;
  for (skip_space(); text_[at_] != ']'; skip_space()) {
    if (text_[at_] == ',') {
      ++at_;
      continue;
    }
    const auto element = node.elements.find(position);
    const std::string below = fmt::format("{}[{}]", path, position++);
    if (element != node.elements.end()) {
      read_value(*element->second, below, covered);
    } else {
      const std::string_view value = take_value();
      if (!covered) fields_.push_back({below, value, false});
    }
  }
  ++at_;
}

void JsonRest::note_unfit(const JsonNode& node, const std::string& path, std::string_view value) {
  for (const JsonNode::Leaf leaf : node.leaves) {
    Unfit& unfit = unfit_[leaf.column];
    if (!unfit.wanted || (unfit.found && (unfit.exact || !leaf.exact))) continue;
    unfit.found = true;
    unfit.exact = leaf.exact;
    unfit.field = {path, value, false};
  }
}

// In the order of the record, each path once: two columns may have read the same value, and keys may come twice.
void JsonRest::drop_repeated() {
  const auto before = [](const Field& a, const Field& b) { return a.value.data() < b.value.data(); };
  std::sort(fields_.begin(), fields_.end(),
            [&](const Field& a, const Field& b) { return a.path != b.path ? a.path < b.path : before(a, b); });
  const auto same = [](const Field& a, const Field& b) { return a.path == b.path; };
  fields_.erase(std::unique(fields_.begin(), fields_.end(), same), fields_.end());
  std::sort(fields_.begin(), fields_.end(), before);
}

}  // namespace tipple
