#include "formats/json_format.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "formats/json_records.h"
#include "formats/json_rest.h"
#include "formats/json_text.h"
#include "formats/line_batch.h"
#include "formats/line_format.h"
#include "jobs/rescued_column.h"

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
    for (const ColumnSpec& spec : wishes.columns) {
      froms.push_back(is_rescued_column(spec) ? std::string() : spec.field());
    }
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
    if (bound.lines.rescue) TIPPLE_RETURN_IF_ERROR(rescue(bound, cells.leftovers(), batch));
    std::optional<NewField> new_field;
    if (bound.lines.wishes.new_fields) new_field = find_new_field(bound.tree, cells.leftovers(), batch);
    ConvertedBatch result = batch.finish();
    result.new_field = std::move(new_field);
    return result;
  }

 private:
  struct Table {
    LineTable lines;
    JsonTree tree;
  };

  // An object for each row with something that no column takes. `leftovers`: JsonCells'.
  [[nodiscard]] static Status rescue(const Table& bound, const std::vector<std::uint32_t>& leftovers,
                                     LineBatch& batch) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> misfits;  // row and column of values that did not fit
    std::vector<std::uint32_t> rows = leftovers;
    for (std::uint32_t column = 0; column < batch.unfit().size(); ++column) {
      for (const std::uint32_t row : batch.unfit()[column]) misfits.emplace_back(row, column);
      rows.insert(rows.end(), batch.unfit()[column].begin(), batch.unfit()[column].end());
    }
    std::sort(misfits.begin(), misfits.end());
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    JsonRest rest(bound.tree);
    RescueBuilder objects;
    std::vector<char> value;
    std::vector<std::uint32_t> unfit;
    auto misfit = misfits.begin();
    for (const std::uint32_t row : rows) {
      unfit.clear();
      for (; misfit != misfits.end() && misfit->first == row; ++misfit) unfit.push_back(misfit->second);
      if (batch.row_faults().is_bad(row)) continue;
      for (const JsonRest::Field& field : rest.read(batch.text(batch.row_lines()[row]), unfit)) {
        if (field.value == "null") continue;
        value.clear();
        append_minified(field.value, value);
        objects.add(row, rescued_key(field.path)).append(value.data(), value.size());
      }
    }
    return batch.rescue(objects);
  }

  [[nodiscard]] static std::optional<NewField> find_new_field(const JsonTree& tree,
                                                              const std::vector<std::uint32_t>& leftovers,
                                                              const LineBatch& batch) {
    JsonRest rest(tree);
    for (const std::uint32_t row : leftovers) {
      const std::uint32_t line = batch.row_lines()[row];
      for (const JsonRest::Field& field : rest.read(batch.text(line), {})) {
        if (field.key) return NewField{field.path, batch.lines()[line].begin};
      }
    }
    return std::nullopt;
  }

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
