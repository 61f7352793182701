// The sections of a job file, each from its YamlNode. Internal to the folder: job_file.cpp puts them together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/job_spec.h"
#include "jobs/node_reader.h"
#include "jobs/yaml_tree.h"

namespace tipple {

[[nodiscard]] std::vector<SourceSpec> read_sources(const YamlNode& node, Mistakes& mistakes);

// Parts of a source. `source` is its map, for what is missing from it.
// Where its records come from: exactly one of `path`, `manifest`, `stream` and `table`.
void read_input(const SettingsReader& settings, const YamlNode& source, SourceSpec& spec);
[[nodiscard]] CsvDialect read_csv_dialect(const SettingsReader& settings, const YamlNode& source, bool tabs);
// The text formats besides CSV: lines without a header.
[[nodiscard]] CsvDialect read_line_dialect(const SettingsReader& settings);
// Names by position (CSV without a header), fields by position in the line (fixed width), named groups (log lines).
// Each fills `spec.fields`: what the job file itself knows of the source's fields.
void read_field_names(const SettingsReader& settings, const YamlNode& source, SourceSpec& spec);
void read_fixed_fields(const SettingsReader& settings, SourceSpec& spec);
void read_log_pattern(const SettingsReader& settings, SourceSpec& spec);

// Notes a mistake if a column cannot be filled from `field` of `source`: an unknown field, or a $field that there is
// not.
void check_field(const YamlNode& at, const std::string& field, const SourceSpec& source, Mistakes& mistakes);

// Parts of a table.
void check_column_name(const YamlNode& key, Mistakes& mistakes);
[[nodiscard]] std::optional<DataType> read_type(const YamlNode& node, const std::string& place, Mistakes& mistakes);
// Preconditions: `table` has its sources, field maps and schema mode; `place` is "tables.NAME.columns".
void read_columns(const YamlNode& node, const std::string& place, const std::vector<SourceSpec>& sources,
                  TableSpec& table, Mistakes& mistakes);
struct TableSection {
  const YamlEntry* entry;
  TableSpec table;
  bool right;  // no mistake was noted in it
};
// `sources` as read_sources gave them: tables name them, and their columns name the fields of those without a header.
[[nodiscard]] std::vector<TableSection> read_tables(const YamlNode& node, const std::vector<SourceSpec>& sources,
                                                    Mistakes& mistakes);
[[nodiscard]] std::vector<ModeSpec> read_modes(const YamlNode& node, Mistakes& mistakes);

// A table's `steps`, `checks` and `expect`. `place`: dotted path of the node. One element for each item of the list,
// also for a wrong one, so that positions are those of the file. Expressions are not looked into: jobs/table_schema.h
// does.
[[nodiscard]] std::vector<StepSpec> read_steps(const YamlNode& node, const std::string& place,
                                               const std::vector<SourceSpec>& sources, Mistakes& mistakes);
[[nodiscard]] std::vector<CheckSpec> read_checks(const YamlNode& node, const std::string& place,
                                                 const std::vector<SourceSpec>& sources, Mistakes& mistakes);
[[nodiscard]] TableExpectations read_expectations(const YamlNode& node, const std::string& place, Mistakes& mistakes);

// Fills in the tables' `output` and notes what only the whole job shows. Preconditions: `sources` was read without a
// mistake; `sections` stand in the order of job.tables.
void check_whole_job(const YamlNode& sources, const std::vector<TableSection>& sections, JobSpec& job,
                     Mistakes& mistakes);

}  // namespace tipple
