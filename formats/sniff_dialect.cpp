#include "formats/sniff_dialect.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "formats/sniff_header.h"
#include "formats/sniff_records.h"

namespace tipple {
namespace {

constexpr std::size_t kTriedRecords = 200;    // under each of the candidates
constexpr std::size_t kJudgedRecords = 5000;  // under the winner
constexpr std::size_t kPreambleMax = 50;      // records in front of the header
constexpr std::string_view kDelimiters = ",;\t|: ";

std::string mark(char c) {
  if (c == '\t') return "tab";
  return fmt::format("'{}'", c);
}

bool has_lines_with(std::string_view text, char first) {
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1) {
    if (text[at] == first) return true;
  }
  return false;
}

// Candidates in order of preference: the first of equals wins.
std::vector<CsvDialect> candidates(std::string_view sample, const CsvDialect& base) {
  std::vector<CsvDialect> all;
  const bool backslashed = sample.find("\\\"") != std::string_view::npos;
  for (const char delimiter : kDelimiters) {
    CsvDialect dialect = base;
    dialect.delimiter = delimiter;
    all.push_back(dialect);
    if (backslashed) {
      dialect.escape = '\\';
      all.push_back(dialect);
      dialect.escape.reset();
    }
    dialect.quote = '\'';
    all.push_back(dialect);
    dialect.quote.reset();
    all.push_back(dialect);
  }
  return all;
}

struct Choice {
  CsvDialect dialect;
  double score = 0;
};

Choice choose(std::string_view sample, const CsvDialect& base) {
  Choice best{base, 0};
  for (const CsvDialect& dialect : candidates(sample, base)) {
    const RecordShape shape = shape_of(split_sample(sample, dialect, kTriedRecords), dialect);
    // Another quote than the ordinary one, or none, must be seen to matter.
    const bool odd = dialect.quote != base.quote || dialect.escape.has_value();
    if (dialect.quote == '\'' && shape.quoted == 0) continue;
    const double mine = score_of(shape) - (odd ? 1e-3 : 0);
    if (mine > best.score + 1e-9) best = {dialect, mine};
  }
  return best;
}

class DialectSniffer {
 public:
  DialectSniffer(std::string_view sample, std::string_view more) : sample_(sample), more_(more) {}

  SniffedDialect run() {
    CsvDialect base;
    if (sample_.find('\n') == std::string_view::npos && sample_.find('\r') != std::string_view::npos)
      base.newline = CsvDialect::Newline::kCr;
    Choice best = choose(sample_, base);
    // "#chrom start end" is a header if it has as many fields as the records.
    if (has_lines_with(sample_, '#') && !all_agree(best.dialect)) {
      CsvDialect commented = base;
      commented.comment = '#';
      const Choice other = choose(sample_, commented);
      if (other.score > best.score) best = other;
    }
    out_.dialect = best.dialect;
    out_.score = best.score;
    records_ = split_sample(sample_, out_.dialect, kJudgedRecords);
    shape_ = shape_of(records_, out_.dialect);
    skip_preamble();
    note_dialect();
    find_header();
    return std::move(out_);
  }

 private:
  bool all_agree(const CsvDialect& dialect) const {
    const RecordShape shape = shape_of(split_sample(sample_, dialect, kJudgedRecords), dialect);
    return shape.agreeing == shape.records;
  }

  // Records in front of the first that has as many fields as most.
  void skip_preamble() {
    std::size_t first = 0;
    while (first < records_.size() && records_[first].fields.size() != shape_.fields) ++first;
    if (first == 0 || first > kPreambleMax || first == records_.size()) return;
    skip_to(first);
    note(fmt::format("skip_rows {}: the lines before the first with {} fields", out_.dialect.skip_rows, shape_.fields));
  }

  // Lines up to the record are skipped, and so not looked at any more.
  void skip_to(std::size_t record) {
    const char line_end = out_.dialect.newline == CsvDialect::Newline::kCr ? '\r' : '\n';
    const std::string_view before =
        sample_.substr(0, record < records_.size() ? records_[record].begin : sample_.size());
    out_.dialect.skip_rows = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), line_end));
    records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(record));
    shape_ = shape_of(records_, out_.dialect);
  }

  void note(std::string line) { out_.evidence.push_back(std::move(line)); }

  void note_dialect() {
    const std::size_t elsewhere = records_elsewhere();
    note(fmt::format("delimiter {}: {} of {} sampled records have {} field{}{}", mark(out_.dialect.delimiter),
                     shape_.agreeing, shape_.records, shape_.fields, shape_.fields == 1 ? "" : "s",
                     elsewhere == 0 ? "" : fmt::format(", and so have {} from the middle and the end", elsewhere)));
    if (!out_.dialect.quote) {
      note("quote none: quotes stand in fields where they close nothing");
    } else if (shape_.quoted > 0) {
      note(fmt::format("quote {}: {} fields begin and end with it", mark(*out_.dialect.quote), shape_.quoted));
    } else {
      note(fmt::format("quote {}: no field has one; it is what most files use", mark(*out_.dialect.quote)));
    }
    if (out_.dialect.escape) note("escape '\\': quotes in quoted fields follow a backslash");
    if (out_.dialect.comment) note("comment '#': without the lines that begin with it the records agree better");
    if (out_.dialect.newline == CsvDialect::Newline::kCr)
      note("newline cr: there are carriage returns and no line feeds");
  }

  std::size_t records_elsewhere() const {
    const auto records = split_sample(more_, out_.dialect, kJudgedRecords);
    return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [&](const SniffedRecord& record) {
      return record.fields.size() == shape_.fields;
    }));
  }

  void find_header() {
    if (records_.empty()) {
      out_.fields = numbered_names(1);
      out_.dialect.header = false;
      return note("header none: there are no records");
    }
    const SniffedHeader header = sniff_header(records_, out_.dialect, shape_.fields);
    note(fmt::format("header {}: {}", header.present ? "yes" : "no", header.why));
    out_.dialect.header = header.present;
    out_.fields = header.present ? usable_names(header.texts) : numbered_names(shape_.fields);
    out_.renamed = header.present && out_.fields != header.texts;
    if (!out_.renamed) return;
    // Names that a load refuses are replaced, and then the header is a line to skip.
    out_.dialect.header = false;
    skip_to(1);
    note("fields: the header has an empty name or one twice, so it is skipped, and the names are given here");
  }

  std::string_view sample_;
  std::string_view more_;
  SniffedDialect out_;
  std::vector<SniffedRecord> records_;
  RecordShape shape_;
};

}  // namespace

SniffedDialect sniff_dialect(std::string_view sample, std::string_view more) {
  return DialectSniffer(sample, more).run();
}

}  // namespace tipple
