// `tipple init`: from unknown files to a job file that loads them, with the reason for every decision.
#include <fcntl.h>

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/init_job.h"
#include "cli/invocation.h"
#include "cli/output.h"
#include "formats/infer_input.h"
#include "formats/infer_schema.h"
#include "formats/sniff_header.h"
#include "jobs/job_file.h"
#include "partitioner/glob.h"
#include "worker/memory_budget.h"

namespace tipple {
namespace {

struct InitOptions {
  std::vector<std::string> files;
  std::string output;
  std::string table;
  std::uint32_t threads = 0;
};

// Files that are alike, with all that was read of them.
struct Group {
  InitGroup init;
  std::vector<fs::path> files;
  std::vector<ByteSourceFile> parts;  // the files, or the members of archives
  bool guessed_utf8 = false;
};

Result<std::vector<ByteSourceFile>> parts_of(const fs::path& path) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
  const ByteSourceFile whole{path.string(), stat.size, stat.mtime_ns, {}};
  TIPPLE_TRY(const File file, File::open(path, O_RDONLY));
  char first[64] = {};
  TIPPLE_TRY(const std::size_t got, file.read_at(std::as_writable_bytes(std::span(first)), 0));
  if (detect_compression({first, got}) != Compression::kZip) return std::vector{whole};
  TIPPLE_TRY(const std::vector<ZipMember> members, list_zip_members(path.string()));
  if (members.empty()) return usage_error("the archive has no files", path.string(), "name it without the empty ones");
  std::vector<ByteSourceFile> parts;
  for (const ZipMember& member : members)
    parts.push_back({whole.path, member.compressed_bytes, whole.mtime_ns, member.name});
  return parts;
}

Status add_file(const fs::path& path, std::vector<Group>& groups) {
  TIPPLE_TRY(const std::vector<ByteSourceFile> parts, parts_of(path));
  TIPPLE_TRY(const SniffedFile shape, sniff_file(parts.front()));
  for (std::size_t k = 1; k < parts.size(); ++k) {
    TIPPLE_TRY(const SniffedFile other, sniff_file(parts[k]));
    if (same_shape(shape, other)) continue;
    return usage_error(fmt::format("the archive's files differ: {} is not like {}", parts[k].member, parts[0].member),
                       path.string(), "unpack it and name its files");
  }
  const auto alike = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
    return !is_columnar(shape.source.format) && same_shape(group.init.shape, shape);
  });
  Group& group = alike != groups.end() ? *alike : groups.emplace_back();
  if (group.files.empty()) group.init.shape = shape;
  group.guessed_utf8 = shape.source.encoding == Encoding::kUtf8;
  group.files.push_back(path);
  group.parts.insert(group.parts.end(), parts.begin(), parts.end());
  return {};
}

// Texts that some column of another type has beside its values mean null in the whole source: a job file names them
// once.
std::uint64_t chosen_nulls(const std::vector<InferredField>& fields) {
  std::uint64_t nulls = 0;
  for (const InferredField& field : fields) {
    if (field.facts.is_typed() && !field.mixed) nulls |= field.facts.null_candidates();
  }
  return nulls;
}

std::string note_of(const InferredField& field, const InferredColumn& column) {
  if (field.mixed) return "objects and other values: the JSON text";
  if (!column.ambiguous.empty()) return fmt::format("ambiguous: every value is also one of {}", column.ambiguous);
  if (field.facts.values() == 0)
    return column.nullable ? "no value in the whole input" : "nothing but texts that mean null in other columns";
  if (column.type.kind == TypeKind::kString) {
    return fmt::format("{} to {} bytes", field.facts.width_min(), field.facts.width_max());
  }
  return {};
}

Status infer_text_group(Group& group, unsigned threads) {
  InferOptions options;
  options.null_candidates = common_null_texts();
  options.threads = threads;
  SourceSpec& source = group.init.shape.source;
  TIPPLE_TRY(InferredInput found, infer_input(source, group.parts, options));
  if (found.bad_encoding && group.guessed_utf8) {
    source.encoding = Encoding::kWindows1252;
    group.init.shape.evidence.emplace_back(
        "encoding windows-1252: beyond the sample there are bytes that are not UTF-8");
    TIPPLE_TRY(found, infer_input(source, group.parts, options));
  }
  const std::uint64_t nulls = chosen_nulls(found.fields);
  for (std::size_t k = 0; k < options.null_candidates.size(); ++k) {
    if ((nulls >> k & 1) != 0) group.init.nulls.push_back(options.null_candidates[k]);
  }
  std::vector<std::string> taken;
  for (const InferredField& field : found.fields) {
    const InferredColumn column = column_of(field, nulls, options.null_candidates);
    ColumnSpec& spec = group.init.columns.emplace_back();
    spec.column = {column_name(field.from, taken), column.type, column.nullable};
    spec.from = field.from;
    spec.format = column.format;
    group.init.notes.push_back(note_of(field, column));
  }
  group.init.records = found.records;
  group.init.bad_records = found.bad_records;
  return {};
}

Status infer_group(Group& group, unsigned threads) {
  group.init.files = group.files.size();
  if (!is_columnar(group.init.shape.source.format)) {
    TIPPLE_RETURN_IF_ERROR(infer_text_group(group, threads));
  } else {
    const std::vector<std::string> paths = {group.parts.front().path};
    TIPPLE_TRY(group.init.columns, infer_batch_columns(group.init.shape.source, paths));
    group.init.notes.resize(group.init.columns.size());
  }
  if (!group.init.columns.empty()) return {};
  return usage_error("no fields are in it", group.files.front().string(), "name a file with records");
}

std::string common_prefix(const std::vector<fs::path>& files) {
  std::string prefix = files.front().filename().string();
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    prefix.resize(static_cast<std::size_t>(std::mismatch(prefix.begin(), prefix.end(), name.begin(), name.end()).first -
                                           prefix.begin()));
  }
  return prefix;
}

// A pattern that matches these files and no other; empty if that is not to be had.
std::string pattern_of(const std::vector<fs::path>& files) {
  const std::string prefix = common_prefix(files);
  const std::string ending = files.front().extension().string();
  const fs::path folder = files.front().parent_path();
  if (has_wildcard(folder.string() + prefix)) return {};
  std::string pattern = (folder / (prefix + "*" + ending)).string();
  std::set<std::string> wanted;
  for (const fs::path& file : files) wanted.insert(file.string());
  std::set<std::string> found;
  for (const FoundFile& file : expand_pattern(pattern).files) found.insert(file.path);
  return found == wanted ? pattern : std::string();
}

std::string job_path(const fs::path& path, const fs::path& folder) { return path.lexically_proximate(folder).string(); }

// Names the groups and says how the job file, which will be in `folder`, reaches their files.
void name_groups(std::vector<Group>& groups, const std::string& table, const fs::path& folder) {
  std::vector<std::string> taken;
  for (Group& group : groups) {
    std::string stem = group.files.size() > 1 ? common_prefix(group.files) : group.files.front().filename().string();
    while (group.files.size() > 1 && !stem.empty() && std::isalpha(static_cast<unsigned char>(stem.back())) == 0)
      stem.pop_back();
    if (stem.empty()) stem = group.files.front().filename().string();
    group.init.name = table.empty() ? table_name(stem, taken) : table;
    const std::string pattern = group.files.size() > 1 ? pattern_of(group.files) : std::string();
    if (!pattern.empty()) {
      group.init.paths = {job_path(pattern, folder)};
    } else {
      for (const fs::path& file : group.files) group.init.paths.push_back(job_path(file, folder));
    }
  }
}

std::string group_text(const Group& group) {
  const InitGroup& init = group.init;
  std::string text = fmt::format("{} ({} file{}", init.name, init.files, init.files == 1 ? "" : "s");
  if (init.records > 0) text += fmt::format(", {} records", count_text(init.records));
  if (init.bad_records > 0) text += fmt::format(", {} of them broken", count_text(init.bad_records));
  text += ")\n";
  for (const std::string& line : init.shape.evidence) text += fmt::format("  {}\n", line);
  std::string nulls;
  for (const std::string& null_text : init.nulls) nulls += " " + null_text;
  if (!nulls.empty()) text += fmt::format("  nulls{}: beside the values of columns that are not text\n", nulls);
  std::vector<std::vector<std::string>> rows = {{"  column", "type", "null", ""}};
  for (std::size_t k = 0; k < init.columns.size(); ++k) {
    const Column& column = init.columns[k].column;
    const std::string format = init.columns[k].format.empty() ? "" : " " + init.columns[k].format;
    rows.push_back({"  " + column.name, column.type.to_string() + format, column.nullable ? "yes" : "", init.notes[k]});
  }
  return text + text_table(rows) + "\n";
}

Json group_json(const Group& group) {
  const InitGroup& init = group.init;
  Json columns = Json::array();
  for (std::size_t k = 0; k < init.columns.size(); ++k) {
    const ColumnSpec& spec = init.columns[k];
    columns.push_back({{"name", spec.column.name},
                       {"type", spec.column.type.to_string()},
                       {"nullable", spec.column.nullable},
                       {"from", spec.from},
                       {"format", spec.format},
                       {"note", init.notes[k]}});
  }
  return {{"paths", init.paths},
          {"files", init.files},
          {"format", to_string(init.shape.source.format)},
          {"decisions", init.shape.evidence},
          {"nulls", init.nulls},
          {"records", init.records},
          {"bad_records", init.bad_records},
          {"columns", columns}};
}

Status check_job(const std::string& text, const fs::path& file, const fs::path& folder) {
  const ParsedJob parsed = parse_job(text, file, folder);
  if (parsed.mistakes.empty()) return {};
  const JobFileMistake& mistake = parsed.mistakes.front();
  return usage_error(fmt::format("no job file can say that: {}", mistake.what), file.string(), mistake.hint);
}

Status report(const std::vector<Group>& groups, const InitOptions& options, const std::string& text,
              const Invocation& invocation) {
  if (invocation.json) {
    Json document{{"outcome", options.output.empty() ? "inferred" : "written"}, {"job", options.output}};
    for (const Group& group : groups) document["tables"][group.init.name] = group_json(group);
    if (options.output.empty()) document["text"] = text;
    return print_json(document);
  }
  std::string findings;
  for (const Group& group : groups) findings += group_text(group) + "\n";
  if (!options.output.empty())
    return print_text(fmt::format("{}written: load it with\n  tipple run {}\n", findings, options.output));
  fmt::print(stderr, "{}", findings);
  return print_text(text);
}

Result<int> init(const InitOptions& options, const Invocation& invocation) {
  const fs::path output = options.output.empty() ? fs::path("job.yaml") : fs::path(options.output);
  const fs::path folder = fs::absolute(output).lexically_normal().parent_path();
  std::error_code ignored;
  const auto exists = [&output, &options, &ignored] { return !options.output.empty() && fs::exists(output, ignored); };
  const auto refuse = [&output] {
    return usage_error("the file is there already", output.string(), "move it away, or give --output another name");
  };
  if (exists()) return refuse();
  std::vector<Group> groups;
  for (const std::string& file : options.files) {
    TIPPLE_RETURN_IF_ERROR(add_file(fs::absolute(file).lexically_normal(), groups));
  }
  if (!options.table.empty() && groups.size() > 1) {
    return usage_error(fmt::format("the files have {} shapes, and --table names one table", groups.size()),
                       options.files.front(), "leave --table out, or name files of one shape");
  }
  const unsigned threads =
      thread_count(options.threads > 0 ? std::optional<std::uint32_t>(options.threads) : std::nullopt, 1);
  name_groups(groups, options.table, folder);
  std::vector<InitGroup> tables;
  for (Group& group : groups) {
    TIPPLE_RETURN_IF_ERROR(infer_group(group, threads));
    tables.push_back(group.init);
  }
  const std::string text = init_job_yaml(tables.front().name, tables);
  TIPPLE_RETURN_IF_ERROR(check_job(text, output, folder));
  if (!options.output.empty()) {
    TIPPLE_TRY(const bool created, create_file_exclusive(output, text));
    if (!created) return refuse();
  }
  TIPPLE_RETURN_IF_ERROR(report(groups, options, text, invocation));
  return 0;
}

}  // namespace

void add_init(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* sub = add_verb(app, invocation, "init", "Look into files and write a job file that loads them",
                           "tipple init data/*.csv.gz --output data.yaml");
  sub->add_option("FILE", options->files, "Files: CSV, JSON lines, fixed width, logs, Parquet, HDF5, compressed or not")
      ->required();
  sub->add_option("--output", options->output, "Where to write the job file (default: print it)");
  sub->add_option("--table", options->table, "The table's name (default: by the file's)");
  sub->add_option("--threads", options->threads, "Threads (default: the cores)")->envname("TIPPLE_THREADS");
  bind_verb(sub, invocation, options, init);
}

}  // namespace tipple
