#include "formats/sniff_fixed.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/csv_utf8.h"
#include "formats/infer_column.h"
#include "formats/infer_schema.h"
#include "formats/sniff_header.h"
#include "formats/sniff_records.h"

namespace tipple {
namespace {

constexpr std::size_t kLinesMax = 2000;       // of the sample, and of what is from elsewhere
constexpr std::size_t kLinesMin = 3;          // fewer may have spaces in the same places by chance
constexpr std::size_t kCharactersMax = 4096;  // of a line
constexpr std::size_t kPreambleLinesMax = 6;
constexpr std::string_view kMarks = ",;|:";

struct SampleLine {
  std::string_view text;
  std::uint32_t number = 0;            // of the line in the sample, from 0
  std::vector<std::uint32_t> offsets;  // of its characters, and its size
  [[nodiscard]] std::size_t characters() const { return offsets.size() - 1; }
  [[nodiscard]] bool has_text_at(std::size_t k) const { return k < characters() && text[offsets[k]] != ' '; }
  [[nodiscard]] std::string_view between(std::size_t begin, std::size_t end) const {
    const std::size_t from = offsets[std::min(begin, characters())];
    return text.substr(from, offsets[std::min(end, characters())] - from);
  }
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? text.substr(0, 0)
                                         : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::uint32_t> character_offsets(std::string_view text) {
  std::vector<std::uint32_t> offsets;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (begins_character(text[at])) offsets.push_back(static_cast<std::uint32_t>(at));
  }
  offsets.push_back(static_cast<std::uint32_t>(text.size()));
  return offsets;
}

// Lines that are not blank.
std::vector<SampleLine> lines_of(std::string_view text) {
  std::vector<SampleLine> lines;
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < text.size() && lines.size() < kLinesMax; ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trimmed(line).empty()) lines.push_back({line, number, character_offsets(line)});
  }
  return lines;
}

// "----  ------": what some programs print below a header.
bool is_rule(const SampleLine& line) { return line.text.find_first_not_of("-=+ ") == std::string_view::npos; }

// Characters from `begin` to before `end`.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class FixedSniffer {
 public:
  FixedSniffer(std::vector<SampleLine> lines, std::vector<SampleLine> more)
      : lines_(std::move(lines)), more_(std::move(more)) {}

  std::optional<SniffedFixed> run() {
    drop_comments(lines_);
    drop_comments(more_);
    const auto is_odd = [](const SampleLine& line) {
      return line.characters() > kCharactersMax || line.text.find('\t') != std::string_view::npos;
    };
    if (std::any_of(lines_.begin(), lines_.end(), is_odd) || std::any_of(more_.begin(), more_.end(), is_odd))
      return std::nullopt;
    // Lines of another kind in front of the records would fill the places that are spaces in all of these.
    for (std::size_t first = 0; first <= kPreambleLinesMax && first + kLinesMin <= lines_.size(); ++first)
      try_from(first);
    if (best_.fields.empty()) return std::nullopt;
    return std::move(best_);
  }

 private:
  void drop_comments(std::vector<SampleLine>& lines) {
    const auto is_comment = [](const SampleLine& line) { return line.text.front() == '#'; };
    if (std::erase_if(lines, is_comment) > 0) comment_ = '#';
  }

  void try_from(std::size_t first) {
    if (is_rule(lines_[first])) return;
    first_ = first;
    std::vector<Run> runs = join_times(runs_of_text());
    if (runs.size() < 2 || runs.size() <= best_.fields.size()) return;
    const std::vector<SniffedRecord> records = cut(runs);
    CsvDialect plain;
    plain.quote.reset();
    const double score = score_of(shape_of(records, plain));
    if (score <= best_.score || has_delimiters(records) || !has_values(records)) return;
    best_ = describe(runs, records, plain);
    best_.score = score;
  }

  // Where some record has text, or a rule.
  std::vector<Run> runs_of_text() const {
    std::vector<bool> used;
    const auto add = [&used](const SampleLine& line) {
      used.resize(std::max(used.size(), line.characters()));
      for (std::size_t k = 0; k < line.characters(); ++k) used[k] = used[k] || line.has_text_at(k);
    };
    for_each_record(add);
    if (is_ruled()) add(lines_[first_ - 1]);  // its dashes stand over the whole field
    std::vector<Run> runs;
    for (std::size_t k = 0; k < used.size(); ++k) {
      if (!used[k]) continue;
      if (runs.empty() || runs.back().end != k) runs.push_back({k, k});
      runs.back().end = k + 1;
    }
    return runs;
  }

  // Is there a header with a rule below it above the first record?
  bool is_ruled() const { return first_ >= 2 && is_rule(lines_[first_ - 1]); }

  template <typename Visit>
  void for_each_record(Visit visit) const {
    for (std::size_t k = first_; k < lines_.size(); ++k) visit(lines_[k]);
    for (const SampleLine& line : more_) visit(line);
  }

  // A date and a time with a space between them are one field. (Of numbers no two make one.)
  std::vector<Run> join_times(std::vector<Run> runs) const {
    for (std::size_t k = 0; k + 1 < runs.size();) {
      const Run both{runs[k].begin, runs[k + 1].end};
      if (runs[k + 1].begin == runs[k].end + 1 && is_typed(both)) {
        runs[k] = both;
        runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(k) + 1);
      } else {
        ++k;
      }
    }
    return runs;
  }

  // The first record may be a header.
  bool is_typed(const Run& run) const {
    ColumnInference facts;
    for (std::size_t k = first_ + 1; k < lines_.size(); ++k) {
      const std::string_view text = trimmed(lines_[k].between(run.begin, run.end));
      if (!text.empty()) facts.add(text);
    }
    return facts.is_typed();
  }

  std::vector<SniffedRecord> cut(const std::vector<Run>& runs) const {
    std::vector<SniffedRecord> records;
    for (std::size_t k = first_; k < lines_.size(); ++k) {
      SniffedRecord& record = records.emplace_back();
      for (const Run& run : runs) record.fields.push_back(trimmed(lines_[k].between(run.begin, run.end)));
    }
    return records;
  }

  // Do all texts of a field end with the same mark, as before the spaces of "1, 2"?
  static bool has_delimiters(const std::vector<SniffedRecord>& records) {
    for (std::size_t k = 0; k < records[0].fields.size(); ++k) {
      char mark = '\0';
      bool same = true;
      for (const SniffedRecord& record : records) {
        const std::string_view text = record.fields[k];
        if (text.empty()) continue;
        same = same && (mark == '\0' || mark == text.back());
        mark = text.back();
      }
      if (same && mark != '\0' && kMarks.find(mark) != std::string_view::npos) return true;
    }
    return false;
  }

  // Prose has spaces, too, but a table has numbers or dates.
  static bool has_values(const std::vector<SniffedRecord>& records) {
    for (std::size_t k = 0; k < records[0].fields.size(); ++k) {
      ColumnInference facts;
      for (std::size_t row = 1; row < records.size(); ++row) {
        if (!records[row].fields[k].empty()) facts.add(records[row].fields[k]);
      }
      if (facts.is_typed()) return true;
    }
    return false;
  }

  // Does every text of the run end where it ends?
  bool is_right_aligned(const Run& run) const {
    bool right = true;
    for (std::size_t k = first_; k < lines_.size(); ++k) {
      const bool empty = trimmed(lines_[k].between(run.begin, run.end)).empty();
      right = right && (empty || lines_[k].has_text_at(run.end - 1));
    }
    return right;
  }

  SniffedFixed describe(const std::vector<Run>& runs, const std::vector<SniffedRecord>& records,
                        const CsvDialect& plain) const {
    SniffedFixed found;
    found.comment = comment_;
    std::string header_note;
    std::vector<std::string> names = numbered_names(runs.size());
    std::size_t data = first_;
    const SniffedHeader header = sniff_header(records, plain, runs.size());
    if (is_ruled()) {
      std::vector<std::string> texts;
      for (const Run& run : runs) texts.emplace_back(trimmed(lines_[first_ - 2].between(run.begin, run.end)));
      names = usable_names(texts);
      header_note = "header yes: the line above the one of dashes";
    } else {
      if (header.present) names = usable_names(header.texts);
      if (header.present) ++data;
      header_note = fmt::format("header {}: {}", header.present ? "yes" : "no", header.why);
    }
    found.skip_rows = data < lines_.size() ? lines_[data].number : lines_.back().number + 1;
    // What is between two fields belongs to the one that would grow into it: to a number on its left, to a text on its
    // right.
    std::size_t begin = 0;
    for (std::size_t k = 0; k < runs.size(); ++k) {
      if (k + 1 == runs.size()) {
        found.fields.push_back({names[k], static_cast<std::uint32_t>(begin), 0});
        break;
      }
      const bool next_grows = is_right_aligned(runs[k + 1]);
      const std::size_t end = next_grows || is_right_aligned(runs[k]) ? runs[k].end : runs[k + 1].begin;
      found.fields.push_back({names[k], static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
      begin = next_grows ? end : runs[k + 1].begin;
    }
    found.evidence.push_back(
        fmt::format("format fixed: {} of {} sampled lines have spaces in the same places, which part {} fields",
                    lines_.size() - first_ + more_.size(), lines_.size() + more_.size(), runs.size()));
    if (found.comment) found.evidence.emplace_back("comment '#': lines begin with it");
    found.evidence.push_back(header_note);
    if (found.skip_rows > 0)
      found.evidence.push_back(fmt::format("skip_rows {}: the lines before the first record", found.skip_rows));
    return found;
  }

  std::vector<SampleLine> lines_;
  std::vector<SampleLine> more_;
  std::optional<char> comment_;
  std::size_t first_ = 0;  // of lines_: the first record that is tried
  SniffedFixed best_;
};

}  // namespace

std::optional<SniffedFixed> sniff_fixed(std::string_view sample, std::string_view more) {
  return FixedSniffer(lines_of(sample), lines_of(more)).run();
}

}  // namespace tipple
