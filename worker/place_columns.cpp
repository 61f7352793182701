#include "worker/place_columns.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "base/check.h"
#include "formats/arrow_types.h"

namespace tipple {
namespace {

constexpr std::size_t kReadPastBytes = 64;  // what a converter may read past a field

// Texts that stand for themselves: nothing is a quote, nothing is null.
const CsvDialect& plain_dialect() {
  static const CsvDialect dialect = [] {
    CsvDialect plain;
    plain.quote.reset();
    plain.null_texts.clear();
    return plain;
  }();
  return dialect;
}

// VALUE of the first part KEY=VALUE of a path; of a file's name without its ending. Absent: no such part.
std::optional<std::string> path_value(const std::filesystem::path& path, const std::string& key) {
  const std::string begin = key + "=";
  for (const auto& part : path.parent_path()) {
    if (part.string().starts_with(begin)) return part.string().substr(begin.size());
  }
  std::string name = path.filename().string();
  if (!name.starts_with(begin)) return std::nullopt;
  name = name.substr(begin.size());
  return name.substr(0, name.find('.'));
}

std::string listed_name(const std::string& path, const std::filesystem::path& folder) {
  if (folder.empty()) return path;
  const std::filesystem::path relative = std::filesystem::path(path).lexically_relative(folder);
  return relative.empty() || *relative.begin() == ".." ? path : relative.string();
}

// Texts back to back, as cells for a CSV converter.
class TextCells {
 public:
  void add(std::uint64_t number) {
    ends_.push_back(static_cast<std::uint32_t>(text_.size()) - 1);
    fmt::format_to(std::back_inserter(text_), "{}", number);
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
  void add(std::string_view text) {
    ends_.push_back(static_cast<std::uint32_t>(text_.size()) - 1);
    text_ += text;
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
  [[nodiscard]] CsvCells cells() {
    text_.append(kReadPastBytes, '\0');
    return {text_.data(), ends_.data(), 2, ends_.size() / 2};
  }

 private:
  std::string text_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace

bool is_place_column(const ColumnSpec& column) {
  const std::string& field = column.field();
  return field == kFileField || field == kLineField || field == kOffsetField || field == kRecordField ||
         field.starts_with(kPathFieldPrefix);
}

Result<PlaceColumns> PlaceColumns::make(const std::vector<ColumnSpec>& columns) {
  PlaceColumns made;
  made.count_ = columns.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!is_place_column(columns[i])) continue;
    const std::string& field = columns[i].field();
    PlaceColumn column{i, Kind::kFile, {}, columns[i], nullptr};
    if (field.starts_with(kPathFieldPrefix)) {
      column.kind = Kind::kPath;
      column.key = field.substr(kPathFieldPrefix.size());
    } else if (field != kFileField) {
      column.kind = field == kLineField ? Kind::kLine : field == kOffsetField ? Kind::kOffset : Kind::kRecord;
    }
    TIPPLE_TRY(column.converter, make_csv_column(plain_dialect(), columns[i], static_cast<std::uint32_t>(i)));
    made.columns_.push_back(std::move(column));
  }
  return made;
}

bool PlaceColumns::by_row() const {
  return std::any_of(columns_.begin(), columns_.end(), [](const PlaceColumn& column) {
    return column.kind != Kind::kFile && column.kind != Kind::kPath;
  });
}

bool PlaceColumns::needs_text() const {
  return std::any_of(columns_.begin(), columns_.end(),
                     [](const PlaceColumn& column) { return column.kind == Kind::kRecord; });
}

Result<FileValues> PlaceColumns::values_of(const std::string& path, const std::filesystem::path& folder) const {
  FileValues values;
  for (const PlaceColumn& column : columns_) {
    std::string text;
    if (column.kind == Kind::kFile) {
      text = listed_name(path, folder);
    } else if (column.kind == Kind::kPath) {
      const auto found = path_value(path, column.key);
      if (!found) {
        return usage_error(fmt::format("the path has no part {}=..., which the column {} comes from", column.key,
                                       printable_text(column.spec.column.name)),
                           path, "load files of such folders only, or drop the column");
      }
      text = *found;
    } else {
      values.push_back(nullptr);
      continue;
    }
    TextCells cells;
    cells.add(text);
    CsvFaults faults(1);
    TIPPLE_TRY(const auto array, column.converter->convert(cells.cells(), faults, arrow::default_memory_pool()));
    if (!faults.empty()) {
      return usage_error(fmt::format("the column {} comes from the path: {}", printable_text(column.spec.column.name),
                                     faults.faults().front().reason),
                         path, "give the column another type");
    }
    auto scalar = arrow::MakeArray(array)->GetScalar(0);
    if (!scalar.ok()) return from_arrow(scalar.status(), path);
    values.push_back(std::move(scalar).ValueOrDie());
  }
  return values;
}

Result<std::shared_ptr<arrow::ArrayData>> PlaceColumns::by_row(const PlaceColumn& column,
                                                               const std::vector<std::uint32_t>& origins,
                                                               const BlockText& text, CsvFaults& faults,
                                                               arrow::MemoryPool* pool) const {
  BlockRows rows(text);
  if (column.kind == Kind::kRecord) {
    std::vector<std::uint32_t> ends;
    ends.reserve(2 * origins.size());
    for (const std::uint32_t origin : origins) {
      ends.push_back(origin - 1);  // wraps for the block's first byte
      ends.push_back(rows.end(origin));
    }
    return column.converter->convert({rows.bytes(), ends.data(), 2, origins.size()}, faults, pool);
  }
  TextCells cells;
  for (const std::uint32_t origin : origins)
    cells.add(column.kind == Kind::kLine ? rows.line(origin) + 1 : rows.offset(origin));
  return column.converter->convert(cells.cells(), faults, pool);
}

Status PlaceColumns::complete(const arrow::RecordBatch& read, const FileValues& values,
                              const std::vector<std::uint32_t>& origins, const BlockText& text, CsvFaults& faults,
                              std::vector<std::shared_ptr<arrow::ArrayData>>& out, arrow::MemoryPool* pool) const {
  int next_read = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (next == columns_.size() || columns_[next].position != i) {
      out.push_back(read.column_data(next_read++));
      continue;
    }
    if (values[next]) {
      auto array = arrow::MakeArrayFromScalar(*values[next], read.num_rows(), pool);
      if (!array.ok()) return from_arrow(array.status(), "a column of constant values");
      out.push_back((*array)->data());
    } else {
      TIPPLE_TRY(auto array, by_row(columns_[next], origins, text, faults, pool));
      out.push_back(std::move(array));
    }
    ++next;
  }
  return {};
}

}  // namespace tipple
