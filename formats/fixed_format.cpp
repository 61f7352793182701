#include "formats/fixed_format.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/fixed_cells.h"
#include "formats/line_format.h"

namespace tipple {
namespace {

bool holds_text(const DataType& type) {
  return type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString || type.kind == TypeKind::kEnum;
}

class FixedBinding final : public LineBinding {
 public:
  FixedBinding(const SourceSpec& source, LineRules rules)
      : LineBinding(rules), source_(source), layout_(source.fixed) {}

  [[nodiscard]] Status add_table(const std::vector<std::string>& fields, const BoundTable& wishes,
                                 const std::string& path) {
    TIPPLE_TRY(auto positions, bind_line_fields(fields, wishes, path));
    TIPPLE_TRY(LineTable table, LineTable::bind(wishes, line_null_texts(source_, positions), fields));
    tables_.push_back({std::move(table), std::move(positions)});
    return {};
  }

  [[nodiscard]] Result<ConvertedBatch> convert(std::size_t table, std::span<const char> block, const RecordIndex& index,
                                               const BlockPlace& place, bool, arrow::MemoryPool* pool) const override {
    const Table& bound = tables_[table];
    LineBatch batch(bound.lines, block, dynamic_cast<const LineIndex&>(index), place, pool);
    FixedRows rows(layout_, batch);
    thread_local std::vector<std::uint32_t> scratch;
    scratch.resize(batch.row_lines().size() * 2);
    for (std::size_t column = 0; column < bound.fields.size(); ++column) {
      if (bound.fields[column]) {
        rows.find_cells(*bound.fields[column], column, holds_text(bound.lines.wishes.columns[column].column.type),
                        scratch.data());
      } else {
        for (std::size_t i = 0; i < scratch.size(); ++i)
          scratch[i] = i % 2;  // an empty cell in every row: its only null text
      }
      TIPPLE_RETURN_IF_ERROR(batch.convert(column, {block.data(), scratch.data(), 2, batch.row_lines().size()}));
    }
    if (bound.lines.rescue) TIPPLE_RETURN_IF_ERROR(rescue(bound, batch, rows));
    return batch.finish();
  }

 private:
  struct Table {
    LineTable lines;
    std::vector<std::optional<std::uint32_t>> fields;  // by column
  };

  [[nodiscard]] Status rescue(const Table& bound, LineBatch& batch, FixedRows& rows) const {
    const std::vector<RescuePlan::Field>& fields = bound.lines.rescue->fields;
    std::vector<std::vector<std::uint32_t>> cells(fields.size());
    return batch.rescue(source_.csv, [&](std::size_t k) -> CsvCells {
      cells[k].resize(batch.row_lines().size() * 2);
      // As a text: that the line ends inside a field breaks only columns that must have all of it.
      rows.find_cells(fields[k].position, bound.lines.rescue->column, true, cells[k].data());
      return {batch.block(), cells[k].data(), 2, batch.row_lines().size()};
    });
  }

  const SourceSpec& source_;
  FixedLayout layout_;
  std::vector<Table> tables_;
};

class FixedFormat final : public LineFormat {
 public:
  using LineFormat::LineFormat;

  [[nodiscard]] Result<std::unique_ptr<RecordBinding>> bind(const FileHead& head, const std::vector<BoundTable>& tables,
                                                            const std::string& path) const override {
    auto binding = std::make_unique<FixedBinding>(source_, LineRules{source_.csv.comment, false});
    for (const BoundTable& table : tables) TIPPLE_RETURN_IF_ERROR(binding->add_table(head.fields, table, path));
    return std::unique_ptr<RecordBinding>(std::move(binding));
  }
};

}  // namespace

Result<std::unique_ptr<RecordFormat>> make_fixed_format(const SourceSpec& source) {
  const auto fault = [&](std::string what) {
    return usage_error(fmt::format("source {}: {}", printable_text(source.name), what));
  };
  if (source.fixed.empty()) return fault("fixed width has no fields");
  if (source.fixed.size() > limits::kColumnsMax) {
    return fault(fmt::format("has {} fields, at most {} are read", source.fixed.size(), limits::kColumnsMax));
  }
  std::vector<std::string> names;
  std::set<std::string_view> known;
  for (const FixedField& field : source.fixed) {
    const std::string name = printable_text(field.name);
    if (!known.insert(field.name).second) return fault(fmt::format("the field {} is there twice", name));
    if (field.width > limits::kFieldBytesMax || field.begin > limits::kRecordBytesMax) {
      return fault(fmt::format("the field {} is too wide or too far right: at most {} characters, at most {} before it",
                               name, limits::kFieldBytesMax, limits::kRecordBytesMax));
    }
    names.push_back(field.name);
  }
  return std::unique_ptr<RecordFormat>(std::make_unique<FixedFormat>(source, std::move(names)));
}

}  // namespace tipple
