#include "formats/sniff_header.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/csv_field.h"
#include "formats/infer_column.h"
#include "formats/infer_schema.h"

namespace tipple {
namespace {

bool is_value(std::string_view text) {
  ColumnInference facts;
  facts.add(text);
  return facts.is_typed();
}

class HeaderSniffer {
 public:
  HeaderSniffer(const std::vector<SniffedRecord>& records, const CsvDialect& dialect, std::size_t fields)
      : records_(records), reader_(dialect), fields_(fields) {}

  SniffedHeader run() {
    SniffedHeader header;
    for (const std::string_view field : records_[0].fields) header.texts.push_back(text_of(field));
    header.present = is_header(header.texts, header.why);
    return header;
  }

 private:
  std::string text_of(std::string_view field) const {
    std::string scratch;
    std::string_view text;
    return reader_.read(field, scratch, text).good() ? std::string(text) : std::string();
  }

  // A column's values below the first record, as far as they are sampled.
  ColumnInference facts_below(std::size_t field) const {
    ColumnInference facts;
    for (std::size_t row = 1; row < records_.size(); ++row) {
      if (field >= records_[row].fields.size() || records_[row].fields.size() != fields_) continue;
      const std::string text = text_of(records_[row].fields[field]);
      const auto& nulls = common_null_texts();
      if (!text.empty() && std::find(nulls.begin(), nulls.end(), text) == nulls.end()) facts.add(text);
    }
    return facts;
  }

  bool is_header(const std::vector<std::string>& names, std::string& why) const {
    std::size_t named = 0;
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (names[k].empty()) continue;
      ++named;
      if (!is_value(names[k])) continue;
      // A number over numbers is one of them; over texts it may be a name.
      if (facts_below(k).is_typed()) {
        why = fmt::format("the first record has the value {} where the others have values, too",
                          printable_text(names[k]));
        return false;
      }
    }
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (names[k].empty() || is_value(names[k]) || !facts_below(k).is_typed()) continue;
      why = fmt::format("{} stands over values of another type", printable_text(names[k]));
      return true;
    }
    std::vector<std::string> sorted = names;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end() || named < names.size()) {
      why = "all is text, and the first record has a text twice or an empty one";
      return false;
    }
    for (std::size_t row = 1; row < records_.size(); ++row) {
      for (std::size_t k = 0; k < names.size() && k < records_[row].fields.size(); ++k) {
        if (text_of(records_[row].fields[k]) != names[k]) continue;
        why = fmt::format("all is text, and {} of the first record comes again below", printable_text(names[k]));
        return false;
      }
    }
    why = "all is text, and the first record's texts are distinct and come up nowhere below";
    return true;
  }

  const std::vector<SniffedRecord>& records_;
  const CsvFieldReader reader_;
  std::size_t fields_;
};

}  // namespace

const std::vector<std::string>& common_null_texts() {
  static const std::vector<std::string> kTexts = {"NA",  "N/A", "n/a", "#N/A", "null", "NULL", "Null", "None", "none",
                                                  "nan", "NaN", "NAN", "-",    "--",   "\\N",  "?",    "."};
  return kTexts;
}

SniffedHeader sniff_header(const std::vector<SniffedRecord>& records, const CsvDialect& dialect, std::size_t fields) {
  return HeaderSniffer(records, dialect, fields).run();
}

std::vector<std::string> usable_names(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const std::string wish = texts[k].empty() ? fmt::format("column_{}", k + 1) : texts[k];
    std::string name = wish;
    for (int number = 2; std::find(names.begin(), names.end(), name) != names.end(); ++number) {
      name = fmt::format("{}_{}", wish, number);
    }
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> numbered_names(std::size_t count) { return usable_names(std::vector<std::string>(count)); }

}  // namespace tipple
