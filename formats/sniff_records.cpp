#include "formats/sniff_records.h"

#include <algorithm>
#include <map>

#include "formats/csv_field.h"
#include "formats/infer_column.h"

namespace tipple {
namespace {

// How well one field's text is explained: typed values wholly, plain words nearly, text with marks of other dialects
// hardly.
double known_weight(std::string_view text) {
  if (text.empty()) return 0.9;
  ColumnInference facts;
  facts.add(text);
  if (facts.is_typed()) return 1;
  if (text.front() == ' ' || text.back() == ' ') return 0.4;
  const bool marks = text.find_first_of(";|\t\"") != std::string_view::npos;
  const bool commas = text.find(',') != std::string_view::npos;
  return marks ? 0.2 : commas ? 0.6 : 0.8;
}

}  // namespace

std::vector<SniffedRecord> split_sample(std::string_view sample, const CsvDialect& dialect, std::size_t records_max) {
  const CsvRules rules(dialect, /*skip_blank=*/true);
  std::vector<SniffedRecord> records;
  SniffedRecord record;
  std::size_t begin = 0;
  CsvState state = CsvState::kRecordStart;
  const auto end_field = [&](std::size_t end, bool last) {
    std::string_view field = sample.substr(begin, end - begin);
    if (last && field.ends_with('\r')) field.remove_suffix(1);
    record.fields.push_back(field);
  };
  for (std::size_t i = 0; i < sample.size() && records.size() < records_max; ++i) {
    const CsvStep& step = rules.step(state, sample[i]);
    if (step.ends_field) end_field(i, step.ends_record);
    if (step.ends_field || step.ends_skipped) begin = i + 1;
    if (step.ends_record) records.push_back(std::exchange(record, SniffedRecord{}));
    if (step.ends_record || step.ends_skipped) record.begin = i + 1;
    state = step.next;
  }
  const bool nothing = state == CsvState::kRecordStart || state == CsvState::kComment || state == CsvState::kCrAtStart;
  if (!nothing && records.size() < records_max) {
    end_field(sample.size(), true);
    records.push_back(std::move(record));
  }
  return records;
}

RecordShape shape_of(const std::vector<SniffedRecord>& records, const CsvDialect& dialect) {
  RecordShape shape;
  shape.records = records.size();
  std::map<std::size_t, std::size_t> counts;
  for (const SniffedRecord& record : records) ++counts[record.fields.size()];
  for (const auto& [fields, times] : counts) {
    if (times < shape.agreeing) continue;
    shape.agreeing = times;
    shape.fields = fields;
  }
  const CsvFieldReader reader(dialect);
  std::string scratch;
  double known = 0;
  std::size_t looked_at = 0;
  for (const SniffedRecord& record : records) {
    if (record.fields.size() != shape.fields) continue;
    for (const std::string_view field : record.fields) {
      std::string_view text;
      const bool good = reader.read(field, scratch, text).good();
      const bool quoted = !field.empty() && reader.opens_quote(field[0]);
      shape.quoted += quoted && good ? 1 : 0;
      shape.broken += good ? 0 : 1;
      ++looked_at;
      known += !good ? 0 : quoted ? 1 : known_weight(text);
    }
  }
  shape.known_share = looked_at == 0 ? 0 : known / static_cast<double>(looked_at);
  return shape;
}

double score_of(const RecordShape& shape) {
  if (shape.fields < 2 || shape.records == 0) return 0;
  const double agreeing = static_cast<double>(shape.agreeing) / static_cast<double>(shape.records);
  // More fields explain more, but not much more.
  return agreeing * agreeing * shape.known_share * (1 - 1 / (1 + static_cast<double>(shape.fields)));
}

}  // namespace tipple
