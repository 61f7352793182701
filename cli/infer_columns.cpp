#include "cli/infer_columns.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "formats/infer_input.h"
#include "formats/infer_schema.h"
#include "jobs/table_schema.h"
#include "warehouse/schema_evolution.h"

namespace tipple {
namespace {

Error nothing_to_infer(const JobSpec& job, const SourceSpec& source, const char* why) {
  return usage_error(fmt::format("the columns of source '{}' cannot be inferred: {}", source.name, why),
                     job.file.string(), "name them under the table's `columns`");
}

Status check_input(const JobSpec& job, const SourceSpec& source, const SourceExtents& input) {
  if (source.stream.kind != StreamSpec::Kind::kNone)
    return nothing_to_infer(job, source, "it is a stream, which can be read only once");
  if (input.extents.empty()) return nothing_to_infer(job, source, "it has no files");
  return {};
}

Result<std::vector<InferredField>> text_fields(const SourceSpec& source, const SourceExtents& input, unsigned threads) {
  std::vector<ByteSourceFile> files;
  for (const Extent& extent : input.extents)
    files.push_back({extent.path, extent.size, extent.mtime_ns, extent.member});
  InferOptions options;
  options.threads = threads;
  TIPPLE_TRY(InferredInput inferred, infer_input(source, files, options));
  return std::move(inferred.fields);
}

Result<std::vector<ColumnSpec>> batch_columns(const SourceSpec& source, const SourceExtents& input) {
  std::vector<std::string> paths;
  for (const Extent& extent : input.extents) paths.push_back(extent.path);
  return infer_batch_columns(source, paths);
}

// The column that a table fills from `field`, by its field map; the field's own name where the map says nothing.
std::string mapped_name(const FieldMap& map, const std::string& field) {
  for (const auto& [column, from] : map) {
    if (from == field) return column;
  }
  return field;
}

// Columns of a fan-in, joined by name.
Result<std::vector<ColumnSpec>> join_columns(std::vector<ColumnSpec> columns, const std::vector<ColumnSpec>& more,
                                             const std::string& where) {
  const auto find = [](std::vector<ColumnSpec>& among, const std::string& name) {
    return std::find_if(among.begin(), among.end(), [&](const ColumnSpec& spec) { return spec.column.name == name; });
  };
  std::vector<ColumnSpec> all = more;
  for (ColumnSpec& spec : columns) {
    if (find(all, spec.column.name) == all.end()) spec.column.nullable = true;
  }
  for (const ColumnSpec& spec : more) {
    const auto mine = find(columns, spec.column.name);
    if (mine == columns.end()) {
      columns.push_back(spec);
      columns.back().column.nullable = true;
      continue;
    }
    const std::optional<DataType> wider = widen_type(mine->column.type, spec.column.type);
    if (!wider || mine->format != spec.format) {
      return usage_error(fmt::format("the column '{}' is {} in one source and {} in another", spec.column.name,
                                     mine->column.type.to_string(), spec.column.type.to_string()),
                         where, "name the table's columns under `columns`");
    }
    mine->column.type = *wider;
    mine->column.nullable = mine->column.nullable || spec.column.nullable;
  }
  return columns;
}

class TableInference {
 public:
  TableInference(const JobSpec& job, const std::vector<SourceExtents>& inputs, unsigned threads)
      : job_(job), inputs_(inputs), threads_(threads) {}

  Result<std::vector<ColumnSpec>> columns(const TableSpec& table) {
    // Texts are joined as facts, which is exact; what columnar files say joins that as types.
    std::optional<std::vector<InferredField>> fields;
    std::optional<std::vector<ColumnSpec>> columns;
    for (std::size_t k = 0; k < table.from.size(); ++k) {
      const SourceSpec& source = job_.sources[table.from[k].value()];
      const FieldMap map = k < table.field_maps.size() ? table.field_maps[k] : FieldMap();
      TIPPLE_TRY(const SourceExtents* input, input_of(table.from[k]));
      if (is_columnar(source.format)) {
        TIPPLE_TRY(std::vector<ColumnSpec> mine, batch_columns(source, *input));
        for (ColumnSpec& spec : mine) rename(spec, mapped_name(map, spec.from));
        if (!columns) {
          columns = std::move(mine);
        } else {
          TIPPLE_TRY(columns, join_columns(*std::move(columns), mine, "table " + table.name));
        }
      } else {
        TIPPLE_TRY(std::vector<InferredField> mine, fields_of(table.from[k], *input));
        if (table.from.size() > 1) {
          for (InferredField& field : mine) field.from = mapped_name(map, field.from);
        }
        fields = fields ? join_fields(*std::move(fields), mine) : std::move(mine);
      }
    }
    if (fields) {
      std::vector<ColumnSpec> mine = columns_of(*fields);
      if (!columns) return mine;
      return join_columns(std::move(mine), *columns, "table " + table.name);
    }
    return *std::move(columns);
  }

 private:
  static void rename(ColumnSpec& spec, const std::string& name) {
    if (name != spec.from) spec.column.name = spec.from = name;
  }

  Result<const SourceExtents*> input_of(SourceId source) const {
    const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                    [&](const SourceExtents& input) { return input.source == source; });
    const SourceSpec& spec = job_.sources[source.value()];
    if (found == inputs_.end()) return nothing_to_infer(job_, spec, "it has no files");
    TIPPLE_RETURN_IF_ERROR(check_input(job_, spec, *found));
    return &*found;
  }

  // Several tables may read one source, which is read once.
  Result<std::vector<InferredField>> fields_of(SourceId source, const SourceExtents& input) {
    const auto known = fields_.find(source);
    if (known != fields_.end()) return known->second;
    TIPPLE_TRY(std::vector<InferredField> fields, text_fields(job_.sources[source.value()], input, threads_));
    fields_.emplace(source, fields);
    return fields;
  }

  const JobSpec& job_;
  const std::vector<SourceExtents>& inputs_;
  unsigned threads_;
  std::map<SourceId, std::vector<InferredField>> fields_;
};

}  // namespace

Result<JobSpec> infer_columns(JobSpec job, const std::vector<SourceExtents>& inputs, unsigned threads) {
  const JobSpec& whole = job;
  TableInference inference(whole, inputs, threads);
  for (TableSpec& table : job.tables) {
    if (!table.inferred || table.raw) continue;
    TIPPLE_TRY(table.columns, inference.columns(table));
    if (table.columns.empty())
      return nothing_to_infer(job, job.sources[table.from.front().value()], "it has no fields");
    table.output.clear();
    const std::vector<TableSchemaMistake> mistakes = resolve_table_schema(job, table);
    if (!mistakes.empty()) return usage_error(mistakes.front().what, "table " + table.name, mistakes.front().hint);
  }
  return job;
}

}  // namespace tipple
