#include "jobs/job_spec.h"

#include <algorithm>

#include "jobs/job_file.h"

namespace tipple {

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::kDeflate:
      return "deflate";
    case Codec::kZstd:
      return "zstd";
    case Codec::kLz4:
      return "lz4";
    case Codec::kNone:
      return "none";
  }
  TIPPLE_CHECK(false, "unknown codec");
}

std::string_view to_string(WriteMode mode) {
  switch (mode) {
    case WriteMode::kReplace:
      return "replace";
    case WriteMode::kAppend:
      return "append";
  }
  TIPPLE_CHECK(false, "unknown write mode");
}

std::string_view to_string(SourceFormat format) {
  switch (format) {
    case SourceFormat::kCsv:
      return "csv";
    case SourceFormat::kJsonLines:
      return "jsonl";
    case SourceFormat::kFixedWidth:
      return "fixed";
    case SourceFormat::kLog:
      return "log";
    case SourceFormat::kParquet:
      return "parquet";
    case SourceFormat::kHdf5:
      return "hdf5";
    case SourceFormat::kTable:
      return "table";
  }
  TIPPLE_CHECK(false, "unknown source format");
}

bool is_columnar(SourceFormat format) {
  switch (format) {
    case SourceFormat::kCsv:
    case SourceFormat::kJsonLines:
    case SourceFormat::kFixedWidth:
    case SourceFormat::kLog:
      return false;
    case SourceFormat::kParquet:
    case SourceFormat::kHdf5:
    case SourceFormat::kTable:
      return true;
  }
  TIPPLE_CHECK(false, "unknown source format");
}

std::string_view to_string(SchemaMode mode) {
  switch (mode) {
    case SchemaMode::kDeclared:
      return "declared";
    case SchemaMode::kFreeze:
      return "freeze";
    case SchemaMode::kEvolve:
      return "evolve";
    case SchemaMode::kRescue:
      return "rescue";
  }
  TIPPLE_CHECK(false, "unknown schema mode");
}

std::string_view to_string(PartFormat format) {
  switch (format) {
    case PartFormat::kHdf5:
      return "hdf5";
    case PartFormat::kParquet:
      return "parquet";
  }
  TIPPLE_CHECK(false, "unknown part format");
}

Schema TableSpec::schema() const {
  if (!output.empty()) return output;
  Schema schema;
  schema.reserve(columns.size());
  for (const ColumnSpec& spec : columns) schema.push_back(spec.column);
  return schema;
}

bool TableSpec::needs_pipeline() const {
  return !steps.empty() || !checks.empty() ||
         std::any_of(columns.begin(), columns.end(), [](const ColumnSpec& column) { return !column.expr.empty(); });
}

Result<ModeSpec> JobSpec::mode(std::string_view mode_name) const {
  TIPPLE_CHECK(!modes.empty(), "a job without modes");
  const std::string_view wanted = mode_name.empty() ? "full" : mode_name;
  std::vector<std::string> known;
  std::string list;
  for (const ModeSpec& mode_spec : modes) {
    if (mode_spec.name == wanted) return mode_spec;
    known.push_back(mode_spec.name);
    list += (list.empty() ? "" : ", ") + mode_spec.name;
  }
  if (mode_name.empty() && modes.size() == 1) return modes.front();
  if (mode_name.empty())
    return usage_error("the job has several modes", file.string(), "choose one with --mode: " + list);
  const std::string nearest = nearest_name(mode_name, known);
  return usage_error("the job has no mode '" + std::string(mode_name) + "'", file.string(),
                     nearest.empty() ? "its modes are " + list : "did you mean '" + nearest + "'?");
}

}  // namespace tipple
