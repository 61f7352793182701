#include "warehouse/log_stats.h"

#include <map>
#include <nlohmann/json.hpp>

namespace tipple {
namespace {

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Appends ,"<name>":{"<column>":<value>,...}, without the columns that have no value.
template <typename ValueOf>
void append_values(std::string& out, const char* name, const std::vector<ColumnStats>& columns, const Schema& schema,
                   ValueOf value_of) {
  out += std::string(",\"") + name + "\":{";
  bool first = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string value = value_of(columns[i]);
    if (value.empty()) continue;
    if (!first) out += ',';
    first = false;
    out += json_text(schema[i].name) + ":" + value;
  }
  out += '}';
}

// Hands on each scalar of the two outer levels as it was written.
class StatsReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit StatsReader(const Schema& schema) : columns_(schema.size()) {
    for (std::size_t i = 0; i < schema.size(); ++i) positions_.emplace(schema[i].name, i);
  }
  [[nodiscard]] bool any() const { return any_; }
  std::vector<ColumnStats> take() { return std::move(columns_); }

  bool null() override { return true; }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return scalar(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 2 && outer_ == "nullCount") {
      if (ColumnStats* column = find()) column->null_count = value;
      return true;
    }
    return scalar(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override { return scalar(text); }
  bool string(string_t& value) override { return scalar(json_text(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth_ <= 2; }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return false; }
  bool end_array() override { return false; }
  bool key(string_t& name) override {
    (depth_ == 1 ? outer_ : inner_) = name;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  ColumnStats* find() {
    const auto found = positions_.find(inner_);
    if (found == positions_.end()) return nullptr;
    any_ = true;
    return &columns_[found->second];
  }
  bool scalar(std::string text) {
    if (depth_ != 2) return depth_ == 1;
    if (outer_ == "minValues") {
      if (ColumnStats* column = find()) column->min_json = std::move(text);
    } else if (outer_ == "maxValues") {
      if (ColumnStats* column = find()) column->max_json = std::move(text);
    }
    return true;
  }

  std::map<std::string, std::size_t> positions_;
  std::vector<ColumnStats> columns_;
  std::string outer_;
  std::string inner_;
  int depth_ = 0;
  bool any_ = false;
};

}  // namespace

std::string print_part_stats(std::uint64_t rows, const std::vector<ColumnStats>& columns, const Schema& schema) {
  TIPPLE_CHECK(columns.empty() || columns.size() == schema.size(), "statistics of each column or of none");
  std::string out = "{\"numRecords\":" + std::to_string(rows);
  append_values(out, "minValues", columns, schema, [](const ColumnStats& column) { return column.min_json; });
  append_values(out, "maxValues", columns, schema, [](const ColumnStats& column) { return column.max_json; });
  append_values(out, "nullCount", columns, schema,
                [](const ColumnStats& column) { return std::to_string(column.null_count); });
  out += '}';
  return out;
}

Result<std::vector<ColumnStats>> parse_part_stats(std::string_view text, const Schema& schema) {
  StatsReader reader(schema);
  if (!nlohmann::json::sax_parse(text, &reader))
    return environment_error("the part's statistics are not as Tipple writes them");
  if (!reader.any()) return std::vector<ColumnStats>();
  return reader.take();
}

}  // namespace tipple
