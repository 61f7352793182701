// split: a text into several columns. explode: a text that is a list into several rows.
#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/csv_rule.h"
#include "jobs/table_schema.h"
#include "transforms/step_arrays.h"
#include "transforms/step_json_list.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

// The element at `rest`'s begin, which is left behind the separator. `more`: a separator followed.
std::string_view take_element(std::string_view& rest, std::string_view separator, bool& more) {
  const std::size_t end = separator.size() == 1 ? rest.find(separator.front()) : rest.find(separator);
  more = end != std::string_view::npos;
  const std::string_view element = rest.substr(0, end);
  rest = more ? rest.substr(end + separator.size()) : std::string_view();
  return element;
}

class SplitColumnStep : public TableStep {
 public:
  SplitColumnStep(const SplitStep& step, int position, std::shared_ptr<arrow::Schema> schema)
      : separator_(step.separator), count_(step.into.size()), position_(position), schema_(std::move(schema)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    const auto values = batch.column(position_);
    const TextView texts(*values);
    std::vector<TextBuilder> builders;
    for (std::size_t i = 0; i < count_; ++i) {
      TIPPLE_TRY(auto builder,
                 TextBuilder::make(values->length(), texts.bytes() / static_cast<std::int64_t>(count_) + 64, pool));
      builders.push_back(std::move(builder));
    }
    for (std::int64_t row = 0; row < values->length(); ++row) {
      bool more = !texts.is_null(row);
      std::string_view rest = more ? texts[row] : std::string_view();
      for (std::size_t i = 0; i < count_; ++i) {
        if (!more) {
          builders[i].append_null();
        } else if (i + 1 == count_) {
          builders[i].append(rest);  // with the separators in it: nothing is lost
        } else {
          builders[i].append(take_element(rest, separator_, more));
        }
      }
    }
    auto columns = batch.rows().columns();
    for (TextBuilder& builder : builders) {
      TIPPLE_TRY(auto column, builder.finish());
      columns.push_back(std::move(column));
    }
    batch.set_columns(schema_, std::move(columns));
    return {};
  }

 private:
  std::string separator_;
  std::size_t count_;
  int position_;
  std::shared_ptr<arrow::Schema> schema_;
};

class ExplodeColumnStep : public TableStep {
 public:
  ExplodeColumnStep(const ExplodeStep& step, const StepPlace& at)
      : name_(step.column),
        separator_(step.separator),
        position_(find_column(at.input, step.column)),
        replaces_(step.into == step.column),
        schema_(arrow_schema(at.output)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    Elements elements;
    std::vector<RowFault> faults;
    TIPPLE_RETURN_IF_ERROR(collect(batch, elements, faults));
    TIPPLE_TRY(auto values, elements.array(pool));
    TIPPLE_RETURN_IF_ERROR(batch.repeat(elements.sources, pool));
    auto columns = batch.rows().columns();
    if (replaces_) {
      columns[static_cast<std::size_t>(position_)] = std::move(values);
    } else {
      columns.push_back(std::move(values));
    }
    batch.set_columns(schema_, std::move(columns));
    return batch.reject(std::move(faults), pool);
  }

 private:
  // A row's text times its elements: what the row comes to when its other columns are repeated.
  static constexpr std::uint64_t kRowBytesMax = limits::kRecordBytesMax;
  static constexpr std::uint64_t kBatchBytesMax = 1 * limits::kGiB;

  struct Elements {
    std::string text;
    std::vector<std::uint32_t> ends;  // in `text`, by new row
    std::vector<bool> null;
    std::vector<std::uint32_t> sources;

    void add(std::uint32_t row, std::string_view element) {
      text += element;
      push(row, false);
    }
    void add_null(std::uint32_t row) { push(row, true); }
    void push(std::uint32_t row, bool is_null) {
      ends.push_back(static_cast<std::uint32_t>(text.size()));
      null.push_back(is_null);
      sources.push_back(row);
    }
    // Back to `rows` rows.
    void cut(std::size_t rows) {
      ends.resize(rows);
      null.resize(rows);
      sources.resize(rows);
      text.resize(rows == 0 ? 0 : ends.back());
    }
    Result<std::shared_ptr<arrow::Array>> array(arrow::MemoryPool* pool) const {
      TIPPLE_TRY(auto builder, TextBuilder::make(static_cast<std::int64_t>(ends.size()),
                                                 static_cast<std::int64_t>(text.size()), pool));
      std::size_t begin = 0;
      for (std::size_t i = 0; i < ends.size(); ++i) {
        if (null[i]) {
          builder.append_null();
        } else {
          builder.append(std::string_view(text).substr(begin, ends[i] - begin));
        }
        begin = ends[i];
      }
      return builder.finish();
    }
  };

  // Bytes of one row in all columns but the list's own where that is replaced.
  std::uint64_t row_bytes(const StepBatch& batch, std::int64_t row) const {
    std::uint64_t bytes = 0;
    for (int i = 0; i < batch.rows().num_columns(); ++i) {
      if (replaces_ && i == position_) continue;
      const auto& column = *batch.column(i);
      bytes += column.type_id() == arrow::Type::STRING ? TextView(column)[row].size() + 4 : 16;
    }
    return bytes;
  }

  Status collect(const StepBatch& batch, Elements& elements, std::vector<RowFault>& faults) const {
    const auto values = batch.column(position_);
    const TextView texts(*values);
    std::uint64_t batch_bytes = 0;
    const auto fault = [&](std::int64_t row, std::size_t first, std::string_view rule, std::string reason) {
      const auto position = static_cast<std::uint32_t>(first);
      elements.cut(first);
      elements.add_null(static_cast<std::uint32_t>(row));
      faults.push_back({position, name_, std::string(rule), std::move(reason)});
    };
    for (std::int64_t row = 0; row < values->length(); ++row) {
      const std::size_t first = elements.sources.size();
      const bool nothing = texts.is_null(row) || texts[row].empty();
      if (!nothing && !add_elements(static_cast<std::uint32_t>(row), texts[row], elements)) {
        fault(row, first, "json", fmt::format("{} is not a JSON array", printable_text(texts[row])));
        continue;
      }
      if (elements.sources.size() == first) elements.add_null(static_cast<std::uint32_t>(row));
      const std::size_t count = elements.sources.size() - first;
      if (count == 1) continue;
      const std::uint64_t bytes = count * row_bytes(batch, row);
      if (bytes > kRowBytesMax) {
        fault(row, first, "explode",
              fmt::format("its {} elements would make rows of {} bytes, more than {}", count, bytes, kRowBytesMax));
        continue;
      }
      batch_bytes += bytes;
      if (batch_bytes > kBatchBytesMax) {
        return usage_error(
            fmt::format("the lists in '{}' make more than {} bytes of rows out of one block", name_, kBatchBytesMax),
            {}, "drop columns before explode, or filter long lists out");
      }
    }
    return {};
  }

  bool add_elements(std::uint32_t row, std::string_view text, Elements& elements) const {
    if (separator_.empty()) {
      return visit_json_array(text, [&](const JsonElement& element) {
        if (element.null) {
          elements.add_null(row);
        } else {
          elements.add(row, element.text);
        }
      });
    }
    bool more = true;
    while (more) elements.add(row, take_element(text, separator_, more));
    return true;
  }

  std::string name_;
  std::string separator_;
  int position_;
  bool replaces_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

MadeStep make_step(const SplitStep& step, const StepPlace& at) {
  return std::unique_ptr<TableStep>(
      std::make_unique<SplitColumnStep>(step, find_column(at.input, step.column), arrow_schema(at.output)));
}

MadeStep make_step(const ExplodeStep& step, const StepPlace& at) {
  return std::unique_ptr<TableStep>(std::make_unique<ExplodeColumnStep>(step, at));
}

}  // namespace tipple
