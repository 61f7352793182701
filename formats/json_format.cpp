#include "formats/json_format.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "formats/json_records.h"
#include "formats/line_batch.h"
#include "formats/line_format.h"

namespace tipple {
namespace {

// The source's null texts, and null itself. An empty string is a text of its own; in a column of another type it is a
// null text like any.
std::vector<std::vector<std::string>> json_null_texts(const SourceSpec& source, const BoundTable& wishes) {
  std::vector<std::vector<std::string>> texts;
  for (const ColumnSpec& spec : wishes.columns) {
    std::vector<std::string>& column = texts.emplace_back(source.csv.null_texts);
    const TypeKind kind = spec.column.type.kind;
    if (kind == TypeKind::kString || kind == TypeKind::kFixedString) std::erase(column, "");
    column.push_back(json_null_text());
  }
  return texts;
}

class JsonBinding final : public LineBinding {
 public:
  JsonBinding() : LineBinding(LineRules{std::nullopt, true}) {}

  [[nodiscard]] Status add_table(const SourceSpec& source, const BoundTable& wishes) {
    TIPPLE_TRY(LineTable lines, LineTable::bind(wishes, json_null_texts(source, wishes)));
    std::vector<std::string> froms;
    for (const ColumnSpec& spec : wishes.columns) froms.push_back(spec.from.empty() ? spec.column.name : spec.from);
    tables_.push_back({std::move(lines), JsonTree(froms)});
    return {};
  }

  [[nodiscard]] Result<ConvertedBatch> convert(std::size_t table, std::span<const char> block, const RecordIndex& index,
                                               const BlockPlace& place, bool, arrow::MemoryPool* pool) const override {
    thread_local JsonReader reader;
    thread_local JsonCells cells;
    const Table& bound = tables_[table];
    LineBatch batch(bound.lines, block, dynamic_cast<const LineIndex&>(index), place, pool);
    if (!cells.begin(block, batch.lines().size(), bound.tree.columns())) {
      return environment_error("a block of JSON lines has more than 4 GiB", std::string(place.path),
                               "load with smaller chunks");
    }
    reader.read(bound.tree, batch, cells);
    cells.finish();
    for (std::uint32_t column = 0; column < bound.tree.columns(); ++column) {
      const std::size_t faults = batch.row_faults().faults().size();
      TIPPLE_RETURN_IF_ERROR(batch.convert(column, cells.column(column, batch.row_lines().size())));
      name_nulls(batch.row_faults(), faults, column, cells);
    }
    return batch.finish();
  }

 private:
  struct Table {
    LineTable lines;
    JsonTree tree;
  };

  // The converter saw null's text, which is nobody's business.
  static void name_nulls(CsvFaults& faults, std::size_t first, std::uint32_t column, const JsonCells& cells) {
    for (std::size_t i = first; i < faults.faults().size(); ++i) {
      CsvFaults::Fault& fault = faults.faults()[i];
      if (cells.is_null(fault.row, column))
        fault.reason = "the field is null or absent, and the column is not nullable";
    }
  }

  std::vector<Table> tables_;
};

class JsonFormat final : public LineFormat {
 public:
  using LineFormat::LineFormat;

  [[nodiscard]] Result<std::unique_ptr<RecordBinding>> bind(const FileHead&, const std::vector<BoundTable>& tables,
                                                            const std::string&) const override {
    auto binding = std::make_unique<JsonBinding>();
    for (const BoundTable& table : tables) TIPPLE_RETURN_IF_ERROR(binding->add_table(source_, table));
    return std::unique_ptr<RecordBinding>(std::move(binding));
  }
};

}  // namespace

Result<std::unique_ptr<RecordFormat>> make_json_format(const SourceSpec& source) {
  return std::unique_ptr<RecordFormat>(std::make_unique<JsonFormat>(source, std::vector<std::string>()));
}

}  // namespace tipple
