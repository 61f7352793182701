#include "formats/log_format.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/limits.h"
#include "formats/csv_utf8.h"
#include "formats/line_batch.h"
#include "formats/line_format.h"

namespace tipple {
namespace {


class LogBinding final : public LineBinding {
 public:
  LogBinding(const RE2& pattern, const std::vector<int>& groups, LineRules rules)
      : LineBinding(rules), pattern_(pattern), groups_(groups) {}

  [[nodiscard]] Status add_table(const SourceSpec& source, const std::vector<std::string>& fields,
                                 const BoundTable& wishes, const std::string& path) {
    TIPPLE_TRY(const auto positions, bind_line_fields(fields, wishes, path));
    TIPPLE_TRY(LineTable lines, LineTable::bind(wishes, line_null_texts(source, positions), fields));
    Table table{std::move(lines), source.csv, {}, 0};
    for (const auto& position : positions) {
      table.groups.push_back(position ? groups_[*position] : kNoGroup);
    }
    if (table.lines.rescue) {
      for (const RescuePlan::Field& field : table.lines.rescue->fields) table.groups.push_back(groups_[field.position]);
    }
    for (const int group : table.groups) table.groups_max = std::max(table.groups_max, group);
    tables_.push_back(std::move(table));
    return {};
  }

  [[nodiscard]] Result<ConvertedBatch> convert(std::size_t table, std::span<const char> block, const RecordIndex& index,
                                               const BlockPlace& place, bool, arrow::MemoryPool* pool) const override {
    const Table& bound = tables_[table];
    LineBatch batch(bound.lines, block, dynamic_cast<const LineIndex&>(index), place, pool);
    thread_local std::vector<std::uint32_t> cells;  // a column after the other, each with a pair for every line
    const std::size_t lines = batch.lines().size();
    cells.resize(bound.groups.size() * lines * 2);
    match_lines(bound, batch, cells.data());
    const auto cells_of = [&](std::size_t position) -> CsvCells {
      return {block.data(), cells.data() + position * lines * 2, 2, batch.row_lines().size()};
    };
    const std::size_t columns = bound.lines.converters.size();
    for (std::size_t column = 0; column < columns; ++column)
      TIPPLE_RETURN_IF_ERROR(batch.convert(column, cells_of(column)));
    if (bound.lines.rescue) {
      TIPPLE_RETURN_IF_ERROR(batch.rescue(bound.dialect, [&](std::size_t k) { return cells_of(columns + k); }));
    }
    return batch.finish();
  }

 private:
  static constexpr int kNoGroup = 0;  // a column that the pattern lacks: group 0 is the whole match
  struct Table {
    LineTable lines;
    CsvDialect dialect;
    std::vector<int> groups;  // by column, and behind them of the fields that may have to be rescued
    int groups_max = 0;
  };

  void match_lines(const Table& table, LineBatch& batch, std::uint32_t* cells) const {
    const char* const block = batch.block();
    const std::size_t lines = batch.lines().size();
    std::vector<re2::StringPiece> parts(static_cast<std::size_t>(table.groups_max) + 1);
    std::size_t row = 0;
    for (std::size_t line = 0; line < lines; ++line) {
      if (!batch.check_size(line)) continue;
      const std::string_view text = batch.text(line);
      const re2::StringPiece piece(text.data(), text.size());
      if (!pattern_.Match(piece, 0, text.size(), RE2::ANCHOR_BOTH, parts.data(), table.groups_max + 1)) {
        reject(batch, line);
        continue;
      }
      for (std::size_t column = 0; column < table.groups.size(); ++column) {
        const int group = table.groups[column];
        const re2::StringPiece part = group == kNoGroup ? re2::StringPiece() : parts[static_cast<std::size_t>(group)];
        const auto begin = static_cast<std::uint32_t>((part.data() == nullptr ? text.data() : part.data()) - block);
        std::uint32_t* const cell = cells + (column * lines + row) * 2;
        cell[0] = begin - 1;  // wraps for the block's first byte
        cell[1] = begin + static_cast<std::uint32_t>(part.size());
      }
      batch.add_row(line);
      ++row;
    }
  }

  static void reject(LineBatch& batch, std::size_t line) {
    const std::string_view text = batch.text(line);
    if (is_valid_utf8(text)) {
      batch.reject(line, "pattern", fmt::format("{} does not match the source's pattern", printable_text(text)));
    } else {
      batch.reject(line, to_string(CsvRule::kEncoding), fmt::format("{} is not valid UTF-8", printable_text(text)));
    }
  }

  const RE2& pattern_;
  const std::vector<int>& groups_;  // by field
  std::vector<Table> tables_;
};

class LogFormat final : public LineFormat {
 public:
  LogFormat(const SourceSpec& source, std::vector<std::string> fields, std::vector<int> groups,
            std::unique_ptr<RE2> pattern)
      : LineFormat(source, std::move(fields)), groups_(std::move(groups)), pattern_(std::move(pattern)) {}

  [[nodiscard]] Result<std::unique_ptr<RecordBinding>> bind(const FileHead& head, const std::vector<BoundTable>& tables,
                                                            const std::string& path) const override {
    auto binding = std::make_unique<LogBinding>(*pattern_, groups_, LineRules{source_.csv.comment, false});
    for (const BoundTable& table : tables)
      TIPPLE_RETURN_IF_ERROR(binding->add_table(source_, head.fields, table, path));
    return std::unique_ptr<RecordBinding>(std::move(binding));
  }

 private:
  std::vector<int> groups_;
  std::unique_ptr<RE2> pattern_;
};

}  // namespace

Result<std::unique_ptr<RecordFormat>> make_log_format(const SourceSpec& source) {
  const std::string where = fmt::format("source {}", printable_text(source.name));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(limits::kPatternMemoryBytesMax);
  auto pattern = std::make_unique<RE2>(source.pattern, options);
  if (!pattern->ok()) {
    return usage_error(fmt::format("the pattern is no regular expression: {}", pattern->error()), where,
                       "patterns are in RE2's syntax, their fields are named groups: (?P<name>...)");
  }
  std::vector<std::string> fields;
  std::vector<int> groups;
  for (const auto& [group, name] : pattern->CapturingGroupNames()) {
    groups.push_back(group);
    fields.push_back(name);
  }
  if (fields.empty())
    return usage_error("the pattern has no named group, so there is no field", where,
                       "name groups as in (?P<name>...)");
  if (fields.size() > limits::kColumnsMax) {
    return usage_error(
        fmt::format("the pattern has {} named groups, at most {} are read", fields.size(), limits::kColumnsMax), where);
  }
  return std::unique_ptr<RecordFormat>(
      std::make_unique<LogFormat>(source, std::move(fields), std::move(groups), std::move(pattern)));
}

}  // namespace tipple
