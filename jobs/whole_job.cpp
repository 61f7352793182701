// What only the whole job shows: sources that nobody reads, tables that read each other, what columns, steps and checks
// come to.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "jobs/job_sections.h"
#include "jobs/table_order.h"
#include "jobs/table_schema.h"

namespace tipple {
namespace {

// A source that no table reads would be read for nothing.
void check_all_used(const YamlNode& sources, const JobSpec& job, Mistakes& mistakes) {
  std::set<std::string_view> used;
  for (const TableSpec& table : job.tables) {
    for (const SourceId id : sources_of(table)) used.insert(job.sources[id.value()].name);
  }
  for (const YamlEntry& entry : sources.entries) {
    if (used.contains(entry.key.text)) continue;
    mistakes.add(entry.key, fmt::format("no table reads the source '{}'", entry.key.text),
                 "remove it, or name it in a table's 'from', in a lookup or in a foreign key");
  }
}

const YamlNode* setting(const TableSection& section, std::string_view key) {
  for (const YamlEntry& entry : section.entry->value.entries) {
    if (entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

// Lookups and foreign keys are read whole before the first row comes; a stream ends when it likes.
void check_no_stream(const YamlNode& at, const SourceSpec& source, Mistakes& mistakes) {
  if (source.stream.kind == StreamSpec::Kind::kNone) return;
  mistakes.add(at, fmt::format("the source '{}' is a stream; it cannot be looked things up in", source.name),
               "load it into a table of its own, and name that with a source {table: NAME}");
}

void check_lookups(const TableSection& section, const TableSpec& table, const JobSpec& job, Mistakes& mistakes) {
  for (std::size_t i = 0; i < table.steps.size(); ++i) {
    const auto* lookup = std::get_if<LookupStep>(&table.steps[i]);
    if (lookup != nullptr)
      check_no_stream(setting(section, "steps")->items[i], job.sources[lookup->source.value()], mistakes);
  }
  for (std::size_t i = 0; i < table.checks.size(); ++i) {
    if (table.checks[i].kind != CheckSpec::Kind::kForeignKey) continue;
    check_no_stream(setting(section, "checks")->items[i], job.sources[table.checks[i].source.value()], mistakes);
  }
}

// Where the part of the job file stands that the mistake is about.
const YamlNode& node_of(const TableSchemaMistake& mistake, const TableSection& section) {
  const auto item = [&](std::string_view key) -> const YamlNode& {
    const YamlNode* list = setting(section, key);
    if (list == nullptr) return section.entry->key;
    return mistake.index < list->items.size() ? list->items[mistake.index] : *list;
  };
  switch (mistake.part) {
    case TableSchemaMistake::Part::kColumn: {
      const YamlNode* columns = setting(section, "columns");
      if (columns == nullptr || mistake.index >= columns->entries.size()) return section.entry->key;
      const YamlEntry& column = columns->entries[mistake.index];
      for (const YamlEntry& entry : column.value.entries) {
        if (entry.key.text == "expr") return entry.value;
      }
      return column.key;
    }
    case TableSchemaMistake::Part::kStep:
      return item("steps");
    case TableSchemaMistake::Part::kCheck:
      return item("checks");
    case TableSchemaMistake::Part::kExpectation: {
      const YamlNode* expect = setting(section, "expect");
      if (expect == nullptr) return section.entry->key;
      for (const YamlEntry& entry : expect->entries) {
        if (entry.key.text == "sums" && mistake.index < entry.value.items.size())
          return entry.value.items[mistake.index];
      }
      return *expect;
    }
  }
  TIPPLE_CHECK(false, "unknown part of a table");
}

void resolve_schema(const TableSection& section, const JobSpec& job, TableSpec& table, Mistakes& mistakes) {
  for (TableSchemaMistake& mistake : resolve_table_schema(job, table)) {
    mistakes.add(node_of(mistake, section), std::move(mistake.what), std::move(mistake.hint));
  }
}

// Nothing but the rejects keeps the records of a stream, which come once.
void keep_records_of_streams(JobSpec& job) {
  for (TableSpec& table : job.tables) {
    table.rejects.keep_raw |= std::any_of(table.from.begin(), table.from.end(), [&](SourceId source) {
      return job.sources[source.value()].stream.kind != StreamSpec::Kind::kNone;
    });
  }
}

}  // namespace

void check_whole_job(const YamlNode& sources, const std::vector<TableSection>& sections, JobSpec& job,
                     Mistakes& mistakes) {
  // An unknown name in a `from` has been said already; it is likely the one that is missing here.
  if (std::all_of(sections.begin(), sections.end(), [](const TableSection& section) { return section.right; })) {
    check_all_used(sources, job, mistakes);
  }
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].right) check_lookups(sections[i], job.tables[i], job, mistakes);
  }
  keep_records_of_streams(job);
  const std::vector<TableId> cycle = table_cycle(job);
  if (!cycle.empty()) {
    std::string names;
    for (const TableId id : cycle) names += job.tables[id.value()].name + " -> ";
    names += job.tables[cycle.front().value()].name;
    mistakes.add(sections[cycle.front().value()].entry->key, fmt::format("tables read each other: {}", names),
                 "a table loads after those that it reads");
    return;
  }
  for (const std::vector<TableId>& layer : load_layers(job)) {
    for (const TableId id : layer) {
      TableSpec& table = job.tables[id.value()];
      // The columns of an inferred table are not known yet.
      if (sections[id.value()].right && !table.inferred) resolve_schema(sections[id.value()], job, table, mistakes);
    }
  }
}

}  // namespace tipple
