#include "cli/infer_columns.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/infer_input.h"
#include "formats/infer_schema.h"
#include "formats/json_path.h"
#include "jobs/load_job.h"
#include "jobs/table_schema.h"
#include "transforms/table_pipeline.h"
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

std::vector<ByteSourceFile> files_of(const SourceExtents& input) {
  std::vector<ByteSourceFile> files;
  for (const Extent& extent : input.extents)
    files.push_back({extent.path, extent.size, extent.mtime_ns, extent.member});
  return files;
}

Result<std::vector<InferredField>> text_fields(const SourceSpec& source, const SourceExtents& input, unsigned threads) {
  InferOptions options;
  options.threads = threads;
  TIPPLE_TRY(InferredInput inferred, infer_input(source, files_of(input), options));
  return std::move(inferred.fields);
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

bool reads(const std::vector<ColumnSpec>& columns, const std::string& field) {
  return std::any_of(columns.begin(), columns.end(), [&](const ColumnSpec& spec) { return spec.field() == field; });
}

// Fields of a text that none of `read` reads.
std::vector<InferredField> unread_of(std::vector<InferredField> fields, const SourceSpec& source,
                                     const std::vector<ColumnSpec>& read) {
  if (source.format == SourceFormat::kJsonLines) {
    std::vector<std::string> froms;
    for (const ColumnSpec& spec : read) froms.push_back(spec.field());
    const JsonTree tree(froms);
    std::erase_if(fields, [&](const InferredField& field) {
      const auto path = parse_json_path(field.from);
      return path && tree.takes(*path);
    });
  } else {
    std::erase_if(fields, [&](const InferredField& field) { return reads(read, field.from); });
  }
  return fields;
}

class TableInference {
 public:
  TableInference(const JobSpec& job, const std::vector<SourceExtents>& inputs, unsigned threads)
      : job_(job), inputs_(inputs), threads_(threads) {}

  // Of all fields of an inferred table's sources; for a table with columns of its own, of the fields that none reads.
  Result<std::vector<ColumnSpec>> columns(const TableSpec& table) {
    // Texts are joined as facts, which is exact; what columnar files say joins that as types.
    std::optional<std::vector<InferredField>> fields;
    std::optional<std::vector<ColumnSpec>> columns;
    for (std::size_t k = 0; k < table.from.size(); ++k) {
      const SourceSpec& source = job_.sources[table.from[k].value()];
      const FieldMap map = k < table.field_maps.size() ? table.field_maps[k] : FieldMap();
      TIPPLE_TRY(const SourceExtents* input, input_of(table, table.from[k]));
      if (input == nullptr) continue;
      const std::vector<ColumnSpec> read =
          table.inferred ? std::vector<ColumnSpec>() : TablePipeline::input_columns(job_, table, table.from[k]);
      if (is_columnar(source.format)) {
        TIPPLE_TRY(std::vector<ColumnSpec> mine, batch_columns(table, source, *input, read));
        for (ColumnSpec& spec : mine) rename(spec, mapped_name(map, spec.from));
        if (!columns) {
          columns = std::move(mine);
        } else {
          TIPPLE_TRY(columns, join_columns(*std::move(columns), mine, "table " + table.name));
        }
      } else {
        TIPPLE_TRY(const bool all_read, reads_all(source, *input, read));
        if (all_read) continue;
        TIPPLE_TRY(std::vector<InferredField> mine, fields_of(table.from[k], *input));
        mine = unread_of(std::move(mine), source, read);
        // Of what type a field is shows with its first value.
        if (!table.inferred) {
          std::erase_if(mine, [](const InferredField& field) { return field.facts.values() == 0 && !field.mixed; });
        }
        if (table.from.size() > 1) {
          for (InferredField& field : mine) field.from = mapped_name(map, field.from);
        }
        fields = fields ? join_fields(*std::move(fields), mine) : std::move(mine);
      }
    }
    std::vector<ColumnSpec> found = fields ? columns_of(*fields) : std::vector<ColumnSpec>();
    if (!columns) return found;
    if (!fields) return *std::move(columns);
    return join_columns(std::move(found), *columns, "table " + table.name);
  }

 private:
  static void rename(ColumnSpec& spec, const std::string& name) {
    if (name != spec.from) spec.column.name = spec.from = name;
  }

  // Nothing: there is no input, and the table does not depend on any for its columns.
  Result<const SourceExtents*> input_of(const TableSpec& table, SourceId source) const {
    const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                    [&](const SourceExtents& input) { return input.source == source; });
    if (!table.inferred) return found == inputs_.end() || found->extents.empty() ? nullptr : &*found;
    const SourceSpec& spec = job_.sources[source.value()];
    if (found == inputs_.end()) return nothing_to_infer(job_, spec, "it has no files");
    TIPPLE_RETURN_IF_ERROR(check_input(job_, spec, *found));
    return &*found;
  }

  // Do the heads of the files say already that there is nothing new?
  static Result<bool> reads_all(const SourceSpec& source, const SourceExtents& input,
                                const std::vector<ColumnSpec>& read) {
    if (read.empty() || source.format == SourceFormat::kJsonLines) return false;
    TIPPLE_TRY(const std::vector<std::string> names, read_field_names(source, files_of(input)));
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return reads(read, name); });
  }

  // The files of a table that evolves need not have the same columns.
  static Result<std::vector<ColumnSpec>> batch_columns(const TableSpec& table, const SourceSpec& source,
                                                       const SourceExtents& input,
                                                       const std::vector<ColumnSpec>& read) {
    std::vector<std::string> paths;
    for (const Extent& extent : input.extents) paths.push_back(extent.path);
    if (table.schema_mode != SchemaMode::kEvolve) return infer_batch_columns(source, paths, read);
    std::optional<std::vector<ColumnSpec>> columns;
    for (const std::string& path : paths) {
      TIPPLE_TRY(std::vector<ColumnSpec> mine, infer_batch_columns(source, {&path, 1}, read));
      if (!columns) {
        columns = std::move(mine);
      } else {
        TIPPLE_TRY(columns, join_columns(*std::move(columns), mine, path));
      }
    }
    return *std::move(columns);
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

// The names that the table's columns have before, between and behind its steps.
std::vector<std::string> used_names(const TableSpec& table) {
  std::vector<std::string> names;
  Schema schema;
  const auto use = [&] {
    for (const Column& column : schema) names.push_back(column.name);
  };
  for (const ColumnSpec& spec : table.columns) schema.push_back(spec.column);
  use();
  for (const StepSpec& step : table.steps) {
    std::vector<StepMistake> ignored;  // the job file has none
    schema = schema_after(step, schema, ignored);
    use();
  }
  return names;
}

// A type with room for what later loads bring: any text, and in HDF5 tables, whose one-file view cannot show a decimal
// with more digits, numbers with a point that a float64 holds as exactly.
DataType growing_type(const DataType& found, PartFormat format) {
  constexpr int kFloat64Digits = 15;
  DataType type;
  if (found.kind == TypeKind::kFixedString || found.kind == TypeKind::kEnum) return type;
  if (found.kind != TypeKind::kDecimal || format != PartFormat::kHdf5 || found.precision > kFloat64Digits) return found;
  type.kind = TypeKind::kFloat64;
  return type;
}

Status add_found(std::vector<ColumnSpec> found, const JobSpec& job, TableSpec& table) {
  if (table.inferred) {
    table.columns = std::move(found);
    if (table.columns.empty())
      return nothing_to_infer(job, job.sources[table.from.front().value()], "it has no fields");
  } else {
    std::vector<std::string> taken = used_names(table);
    for (ColumnSpec& spec : found) {
      spec.column.name = column_name(spec.from, taken);
      spec.column.nullable = true;
      spec.column.type = growing_type(spec.column.type, table.part_format);
      table.columns.push_back(std::move(spec));
    }
    if (table.columns.size() > limits::kColumnsMax) {
      return usage_error(fmt::format("with the fields that no column names it has {} columns, more than {}",
                                     table.columns.size(), limits::kColumnsMax),
                         "table " + table.name, "say 'schema: declared' to leave such fields out");
    }
  }
  table.output.clear();
  const std::vector<TableSchemaMistake> mistakes = resolve_table_schema(job, table);
  if (!mistakes.empty()) return usage_error(mistakes.front().what, "table " + table.name, mistakes.front().hint);
  return {};
}

}  // namespace

Result<JobSpec> infer_columns(JobSpec job, const std::vector<SourceExtents>& inputs, unsigned threads) {
  TableInference inference(job, inputs, threads);
  for (TableSpec& table : job.tables) {
    if (!finds_columns(table)) continue;
    TIPPLE_TRY(std::vector<ColumnSpec> found, inference.columns(table));
    if (!table.inferred && found.empty()) continue;
    TIPPLE_RETURN_IF_ERROR(add_found(std::move(found), job, table));
  }
  return job;
}

}  // namespace tipple
