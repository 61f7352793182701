#include "worker/frozen_schema.h"

#include <algorithm>
#include <optional>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/batch_source.h"
#include "formats/csv_rule.h"

namespace tipple {
namespace {

constexpr std::size_t kCountBytes = limits::kMiB;

Error new_field_error(const TableSpec& table, const std::string& field, std::string where) {
  return Error{ErrorKind::kQuality,
               fmt::format("the field {} is new: no column of the table '{}' takes it, and its schema is frozen",
                           printable_text(field), table.name),
               std::move(where), "add a column for it, or say 'schema: declared' to leave such fields out"};
}

// `unread(columns)`: the fields of the file that none of them reads.
template <typename Unread>
Status check_frozen(const SourceTables& tables, const std::string& file, Unread unread) {
  for (std::size_t i = 0; i < tables.specs.size(); ++i) {
    if (tables.specs[i]->schema_mode != SchemaMode::kFreeze) continue;
    const std::vector<std::string> fields = unread(tables.stages[i].bound().columns);
    if (!fields.empty()) return new_field_error(*tables.specs[i], fields.front(), file);
  }
  return {};
}

// Line ends of the segment's file in [0, end); nothing if they cannot be counted.
std::optional<std::uint64_t> lines_before(InputSegment& segment, std::uint64_t end) {
  if (end > kFrozenLineBytesMax || !segment.text->random_access()) return std::nullopt;
  std::vector<char> bytes(kCountBytes);
  std::uint64_t lines = 0;
  for (std::uint64_t at = 0; at < end;) {
    const std::span<char> piece(bytes.data(), std::min<std::uint64_t>(bytes.size(), end - at));
    const Result<std::size_t> got = segment.read(piece, at);
    if (!got.ok() || *got == 0) return std::nullopt;
    lines += static_cast<std::uint64_t>(
        std::count(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got), segment.line_end));
    at += *got;
  }
  return lines;
}

}  // namespace

Status check_frozen_head(const SourceTables& tables, const std::vector<std::string>& fields, const std::string& file) {
  return check_frozen(tables, file, [&](const std::vector<ColumnSpec>& columns) {
    std::vector<std::string> unread;
    for (const std::string& field : fields) {
      if (std::none_of(columns.begin(), columns.end(), [&](const ColumnSpec& column) { return column.from == field; }))
        unread.push_back(field);
    }
    return unread;
  });
}

Status check_frozen_schema(const SourceTables& tables, const arrow::Schema& schema, const std::string& file) {
  return check_frozen(tables, file, [&](const std::vector<ColumnSpec>& columns) {
    std::vector<std::string> unread;
    for (const auto& field : unread_fields(schema, columns)) unread.push_back(field->name());
    return unread;
  });
}

Error frozen_record_error(const TableSpec& table, const NewField& field, const Block& block) {
  InputSegment& segment = *block.segment;
  const std::uint64_t offset = block.offset + field.origin;
  std::optional<std::uint64_t> lines;
  if (segment.spec.begin == 0) {
    const std::span<const char> content = block.slab->content();
    lines = block.lines_before +
            static_cast<std::uint64_t>(std::count(content.begin(), content.begin() + field.origin, segment.line_end));
  } else {
    lines = lines_before(segment, offset);
  }
  std::string where =
      lines ? fmt::format("{}, line {}", segment.name, *lines + 1) : fmt::format("{}, byte {}", segment.name, offset);
  return new_field_error(table, field.name, std::move(where));
}

}  // namespace tipple
