// The sections of a job file, each from its YamlNode. Internal to the folder: job_file.cpp puts them together.
#pragma once

#include <string>
#include <vector>

#include "jobs/job_spec.h"
#include "jobs/node_reader.h"
#include "jobs/yaml_tree.h"

namespace tipple {

[[nodiscard]] std::vector<SourceSpec> read_sources(const YamlNode& node, Mistakes& mistakes);
// `sources` as read_sources gave them: tables name them, and their columns name the fields of those without a header.
[[nodiscard]] std::vector<TableSpec> read_tables(const YamlNode& node, const std::vector<SourceSpec>& sources, Mistakes& mistakes);
[[nodiscard]] std::vector<ModeSpec> read_modes(const YamlNode& node, Mistakes& mistakes);

}  // namespace tipple
