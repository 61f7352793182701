// A job file's YAML as a plain tree that remembers where everything stood. yaml-cpp stands behind it, in yaml_tree.cpp
// only.
//
// Thread rule: pure. Invariant: no aliases, anchors or tags, at most limits::kJobFileDepthMax levels, keys are texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_file.h"

namespace tipple {

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kText, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;             // kText: "x" or 'x', not x
  std::string text;                // kText; kNull: as written ("null", "~", or nothing)
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMap, in file order; keys may repeat
  int line = 1;                    // both from 1
  int column = 1;
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

// The text's only document; a null root if there are mistakes. Never throws for any bytes.
struct YamlTree {
  YamlNode root;
  std::vector<JobFileMistake> mistakes;
};
[[nodiscard]] YamlTree parse_yaml(std::string_view text);

}  // namespace tipple
