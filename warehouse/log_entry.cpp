#include "warehouse/log_entry.h"

#include <nlohmann/json.hpp>

#include "formats/sha256.h"
#include "warehouse/log_stats.h"

namespace tipple {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kChecksumKey = R"("tipple.checksum":")";
constexpr std::string_view kEntryEnd = "\"}}\n";
constexpr std::size_t kDigestDigits = 64;
constexpr const char* kDamagedHint = "restore the file from a backup; older versions of the table can still be read";
constexpr const char* kTransactionPrefix = "tipple:";

// ---- printing

// The nearest type of Delta's schema language. "tipple.schema" in the configuration is exact.
std::string delta_type(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return "byte";
    case TypeKind::kInt16:
    case TypeKind::kUint8:
      return "short";
    case TypeKind::kInt32:
    case TypeKind::kUint16:
      return "integer";
    case TypeKind::kInt64:
    case TypeKind::kUint32:
    case TypeKind::kTime:
      return "long";
    case TypeKind::kUint64:
      return "decimal(20,0)";
    case TypeKind::kFloat32:
      return "float";
    case TypeKind::kFloat64:
      return "double";
    case TypeKind::kDecimal:
      return type.to_string();
    case TypeKind::kBool:
      return "boolean";
    case TypeKind::kDate:
      return "date";
    case TypeKind::kTimestamp:
      return type.zoned ? "timestamp" : "timestamp_ntz";
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      return "string";
  }
  TIPPLE_CHECK(false, "unknown column type");
}

// Types that Delta shows as another one. Labels of enums may be many: they stand in "tipple.schema" alone.
bool is_disguised(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kTime:
    case TypeKind::kFixedString:
      return true;
    default:
      return false;
  }
}

std::string delta_schema(const Schema& schema, PartFormat format) {
  Json fields = Json::array();
  for (const Column& column : schema) {
    Json metadata = Json::object();
    if (format == PartFormat::kParquet && is_disguised(column.type)) metadata["tipple.type"] = column.type.to_string();
    fields.push_back({{"name", column.name},
                      {"type", delta_type(column.type)},
                      {"nullable", column.nullable},
                      {"metadata", std::move(metadata)}});
  }
  return Json{{"type", "struct"}, {"fields", std::move(fields)}}.dump();
}

// Names that are not UTF-8 are shown with replacement characters rather than not at all.
std::string printed(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void print_line(std::string& out, const char* action, Json body) {
  out += printed(Json{{action, std::move(body)}});
  out += '\n';
}

Json protocol_json(bool timestamp_ntz) {
  if (!timestamp_ntz) return {{"minReaderVersion", kReaderVersion}, {"minWriterVersion", kWriterVersion}};
  // What writer version 2 implies has to be said where features are listed.
  return {{"minReaderVersion", kFeatureReaderVersion},
          {"minWriterVersion", kFeatureWriterVersion},
          {"readerFeatures", {kTimestampNtzFeature}},
          {"writerFeatures", {kTimestampNtzFeature, "appendOnly", "invariants"}}};
}

Json metadata_json(const TableMetadata& metadata, std::int64_t timestamp_ms) {
  Json format{{"provider", "hdf5"}, {"options", {{"codec", to_string(metadata.codec)}}}};
  Json configuration{{"tipple.schema", schema_to_json(metadata.schema)}};
  if (metadata.format == PartFormat::kParquet) {  // Delta keeps no options there
    format = {{"provider", "parquet"}, {"options", Json::object()}};
    configuration["tipple.codec"] = to_string(metadata.codec);
  }
  return {{"id", metadata.id},
          {"format", std::move(format)},
          {"schemaString", delta_schema(metadata.schema, metadata.format)},
          {"partitionColumns", Json::array()},
          {"configuration", std::move(configuration)},
          {"createdTime", timestamp_ms}};
}

// Bounds as Delta's readers take them: of the type that they see in the schema, which has no times of day, and no
// infinities.
std::vector<ColumnStats> delta_stats(std::vector<ColumnStats> columns, const Schema& schema) {
  const auto drop = [](std::string& bound, TypeKind kind) {
    const bool number = kind == TypeKind::kFloat32 || kind == TypeKind::kFloat64;
    if (kind == TypeKind::kTime || (number && bound.starts_with('"'))) bound.clear();
  };
  for (std::size_t i = 0; i < columns.size(); ++i) {
    drop(columns[i].min_json, schema[i].type.kind);
    drop(columns[i].max_json, schema[i].type.kind);
  }
  return columns;
}

Json add_json(const LoggedPart& part, const Schema& schema, PartFormat format, std::int64_t timestamp_ms) {
  const auto columns = format == PartFormat::kParquet ? delta_stats(part.columns, schema) : part.columns;
  return {{"path", part.path},
          {"partitionValues", Json::object()},
          {"size", part.bytes},
          {"modificationTime", timestamp_ms},
          {"dataChange", true},
          {"stats", print_part_stats(part.rows, columns, schema)},
          {"tags",
           {{"tipple.sha256", to_hex(part.sha256)},
            {"tipple.content_digest", part.content_digest.to_hex()},
            {"tipple.rows", std::to_string(part.rows)}}}};
}

Json commit_json(const LogEntry& entry) {
  const CommitInfo& info = entry.commit;
  Json own{{"version", entry.version},         {"load", info.load.to_hex()},
           {"attempt", info.attempt.to_hex()}, {"rows_in", info.rows.rows_in},
           {"rows_out", info.rows.rows_out},   {"rejected", info.rows.rejected},
           {"filtered", info.rows.filtered},   {"deduplicated", info.rows.deduplicated}};
  if (info.rows.added != 0) own["added"] = info.rows.added;  // few tables have it
  return {{"timestamp", info.timestamp_ms},
          {"operation", "WRITE"},
          {"operationParameters", {{"mode", info.mode}, {"write", to_string(info.write)}, {"job", info.job}}},
          {"engineInfo", info.engine},
          {"tipple", std::move(own)},
          {"tipple.checksum", ""}};
}

// ---- parsing

// Reads fields of one JSON object and remembers the first that is missing or of another kind.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  const Json& object(const char* name) {
    static const Json empty = Json::object();
    const Json* found = find(name, &Json::is_object);
    return found == nullptr ? empty : *found;
  }
  std::string text(const char* name) {
    const Json* found = find(name, &Json::is_string);
    return found == nullptr ? std::string() : found->get<std::string>();
  }
  [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }
  std::uint64_t number(const char* name) {
    const Json* found = find(name, &Json::is_number_unsigned);
    return found == nullptr ? 0 : found->get<std::uint64_t>();
  }
  std::int64_t signed_number(const char* name) {
    const Json* found = find(name, &Json::is_number_integer);
    return found == nullptr ? 0 : found->get<std::int64_t>();
  }
  template <typename T>
  T value(const char* name, Result<T> parsed) {
    if (parsed.ok()) return std::move(parsed).value();
    fault(name);
    return T{};
  }
  void fault(const char* name) {
    if (fault_.empty()) fault_ = name;
  }
  void take(const Fields& other) {
    if (fault_.empty()) fault_ = other.fault_;
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  const Json* find(const char* name, bool (Json::*is_kind)() const noexcept) {
    const auto found = object_.find(name);
    if (found != object_.end() && ((*found).*is_kind)()) return &*found;
    fault(name);
    return nullptr;
  }
  const Json& object_;
  std::string fault_;
};

Result<Codec> parse_codec(const std::string& name) {
  for (const Codec codec : {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone}) {
    if (to_string(codec) == name) return codec;
  }
  return environment_error("unknown codec '" + name + "'");
}

Result<WriteMode> parse_write_mode(const std::string& name) {
  for (const WriteMode mode : {WriteMode::kReplace, WriteMode::kAppend}) {
    if (to_string(mode) == name) return mode;
  }
  return environment_error("unknown write mode '" + name + "'");
}

Result<std::uint64_t> parse_count(const std::string& text) {
  if (text.empty() || text.size() > 19 || text.find_first_not_of("0123456789") != std::string::npos) {
    return environment_error("not a number");
  }
  return static_cast<std::uint64_t>(std::stoull(text));
}

// A part lies below the table's folder, whoever wrote the log.
bool is_inside(const std::string& path) {
  const std::filesystem::path relative(path);
  if (path.empty() || path.find('\0') != std::string::npos || relative.is_absolute()) return false;
  for (const auto& step : relative) {
    if (step == "..") return false;
  }
  return true;
}

class EntryParser {
 public:
  EntryParser(const std::string& where, const Schema& schema_before) : where_(where), schema_(schema_before) {}

  Result<LogEntry> parse(std::string_view bytes) {
    std::size_t line = 0;
    while (!bytes.empty()) {
      ++line;
      const std::size_t end = bytes.find('\n');
      const std::string_view text = bytes.substr(0, end);
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
      if (const std::string fault = parse_line(text); !fault.empty()) {
        if (fault == kNewerProtocol) {
          return environment_error("the table was written by a newer version of Tipple", where_, "upgrade tipple");
        }
        return environment_error("log entry is broken: " + fault, where_ + ":" + std::to_string(line), kDamagedHint);
      }
    }
    if (!committed_) return environment_error("log entry is broken: it has no commitInfo", where_, kDamagedHint);
    return std::move(entry_);
  }

 private:
  static constexpr std::string_view kNewerProtocol = "newer protocol";

  // What is wrong with the line; empty if nothing is.
  std::string parse_line(std::string_view text) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || line.size() != 1 || !line.begin()->is_object()) return "not an action";
    const std::string action = line.begin().key();
    if (committed_) return "an action follows commitInfo";
    Fields body(*line.begin());
    if (action == "protocol") {
      const bool known = knows_protocol(body, *line.begin());
      if (body.fault().empty() && !known) return std::string(kNewerProtocol);
    } else if (action == "metaData") {
      if (entry_.metadata || !entry_.added.empty()) return "metaData stands after parts, or twice";
      metadata(body);
    } else if (action == "add") {
      add(body);
    } else if (action == "remove") {
      entry_.removed.push_back(body.text("path"));
    } else if (action == "commitInfo") {
      commit(body);
    } else if (action != "txn") {  // txn repeats the load id of commitInfo for readers of Delta's protocol
      return "unknown action '" + action.substr(0, 32) + "'";
    }
    return body.fault().empty() ? std::string() : action + " lacks a right '" + body.fault() + "'";
  }

  bool knows_protocol(Fields& body, const Json& protocol) {
    const std::uint64_t reader = body.number("minReaderVersion");
    if (reader != static_cast<std::uint64_t>(kFeatureReaderVersion))
      return reader <= static_cast<std::uint64_t>(kReaderVersion);
    const auto features = protocol.find("readerFeatures");
    if (features == protocol.end() || !features->is_array()) {
      body.fault("readerFeatures");
      return false;
    }
    for (const Json& feature : *features) {
      if (feature != kTimestampNtzFeature) return false;
      entry_.timestamp_ntz = true;
    }
    return true;
  }

  void metadata(Fields& body) {
    TableMetadata metadata;
    metadata.id = body.text("id");
    Fields format(body.object("format"));
    const std::string provider = format.text("provider");
    if (provider != "hdf5" && provider != "parquet") body.fault("provider");
    metadata.format = provider == "parquet" ? PartFormat::kParquet : PartFormat::kHdf5;
    Fields options(format.object("options"));
    Fields configuration(body.object("configuration"));
    metadata.codec = metadata.format == PartFormat::kHdf5
                         ? options.value("codec", parse_codec(options.text("codec")))
                         : configuration.value("tipple.codec", parse_codec(configuration.text("tipple.codec")));
    metadata.schema = configuration.value("tipple.schema", schema_from_json(configuration.text("tipple.schema")));
    for (const Fields* part : {&format, &options, &configuration}) body.take(*part);
    schema_ = metadata.schema;
    entry_.format = metadata.format;
    entry_.metadata = std::move(metadata);
  }

  void add(Fields& body) {
    LoggedPart part;
    part.path = body.text("path");
    if (!is_inside(part.path)) body.fault("path");
    part.bytes = body.number("size");
    Fields tags(body.object("tags"));
    part.sha256 = tags.value("tipple.sha256", sha256_from_hex(tags.text("tipple.sha256")));
    part.content_digest = tags.value("tipple.content_digest", Id128::from_hex(tags.text("tipple.content_digest")));
    part.rows = tags.value("tipple.rows", parse_count(tags.text("tipple.rows")));
    body.take(tags);
    part.columns = body.value("stats", parse_part_stats(body.text("stats"), schema_));
    entry_.added.push_back(std::move(part));
  }

  void commit(Fields& body) {
    CommitInfo& info = entry_.commit;
    info.timestamp_ms = body.signed_number("timestamp");
    info.engine = body.text("engineInfo");
    Fields parameters(body.object("operationParameters"));
    info.mode = parameters.text("mode");
    info.job = parameters.text("job");
    info.write = parameters.value("write", parse_write_mode(parameters.text("write")));
    Fields own(body.object("tipple"));
    entry_.version = own.number("version");
    info.load = own.value("load", Id128::from_hex(own.text("load")));
    info.attempt = own.value("attempt", Id128::from_hex(own.text("attempt")));
    info.rows = {own.number("rows_in"),  own.number("rows_out"),     own.number("rejected"),
                 own.number("filtered"), own.number("deduplicated"), own.has("added") ? own.number("added") : 0};
    body.take(parameters);
    body.take(own);
    committed_ = true;
  }

  const std::string& where_;
  Schema schema_;
  LogEntry entry_;
  bool committed_ = false;
};

// The digest's place in a whole entry; nothing if the bytes do not end as an entry does.
std::optional<std::size_t> find_digest(std::string_view bytes) {
  const std::size_t tail = kChecksumKey.size() + kDigestDigits + kEntryEnd.size();
  if (bytes.size() < tail || !bytes.ends_with(kEntryEnd)) return std::nullopt;
  if (bytes.substr(bytes.size() - tail, kChecksumKey.size()) != kChecksumKey) return std::nullopt;
  return bytes.size() - kEntryEnd.size() - kDigestDigits;
}

}  // namespace

std::string print_log_entry(const LogEntry& entry, const Schema& schema) {
  std::string out;
  const std::int64_t now_ms = entry.commit.timestamp_ms;
  if (entry.version == 0 || entry.timestamp_ntz) print_line(out, "protocol", protocol_json(entry.timestamp_ntz));
  if (entry.metadata) print_line(out, "metaData", metadata_json(*entry.metadata, now_ms));
  print_line(out, "txn",
             {{"appId", kTransactionPrefix + entry.commit.load.to_hex()}, {"version", 1}, {"lastUpdated", now_ms}});
  for (const std::string& path : entry.removed) {
    print_line(out, "remove", {{"path", path}, {"deletionTimestamp", now_ms}, {"dataChange", true}});
  }
  for (const LoggedPart& part : entry.added) print_line(out, "add", add_json(part, schema, entry.format, now_ms));
  out += printed(Json{{"commitInfo", commit_json(entry)}});
  TIPPLE_CHECK(out.ends_with("\"\"}}"), "the checksum is the entry's last field");
  out.resize(out.size() - 3);
  out += to_hex(sha256_of(out));
  out += kEntryEnd;
  return out;
}

Result<LogEntry> parse_log_entry(std::string_view bytes, const std::string& where, const Schema& schema_before) {
  const auto digest = find_digest(bytes);
  if (!digest) {
    return environment_error("log entry is damaged, or another program wrote it: it does not end in a checksum (" +
                                 std::to_string(bytes.size()) + " bytes)",
                             where, kDamagedHint);
  }
  if (bytes.substr(*digest, kDigestDigits) != to_hex(sha256_of(bytes.substr(0, *digest)))) {
    return environment_error("log entry is damaged: its checksum does not match its bytes", where, kDamagedHint);
  }
  return EntryParser(where, schema_before).parse(bytes);
}

std::string with_right_checksum(std::string bytes) {
  if (const auto digest = find_digest(bytes)) {
    bytes.replace(*digest, kDigestDigits, to_hex(sha256_of(std::string_view(bytes).substr(0, *digest))));
  }
  return bytes;
}

}  // namespace tipple
