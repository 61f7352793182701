// What stands before a CSV file's first data record, and which of its fields a table wants.
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/csv_convert.h"
#include "formats/csv_field.h"
#include "formats/csv_state.h"
#include "jobs/job_file.h"
#include "jobs/rescued_column.h"

namespace tipple {
namespace {

constexpr std::ptrdiff_t kHeaderBytesMax = limits::kRecordBytesMax;
constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

// A reader over the head; the head is small, so one byte at a time.
class HeadReader {
 public:
  HeadReader(std::string_view bytes, bool complete, const CsvDialect& dialect)
      : bytes_(bytes), complete_(complete), rules_(dialect, /*skip_blank=*/true) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::uint64_t lines() const {
    const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    return static_cast<std::uint64_t>(std::count(bytes_.begin(), end, rules_.line_end()));
  }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

  // False: the bytes may break it off.
  bool skip_bom() {
    if (bytes_.starts_with(kUtf8Bom)) at_ = kUtf8Bom.size();
    return complete_ || bytes_.size() >= kUtf8Bom.size() || !kUtf8Bom.starts_with(bytes_);
  }

  // Past the next line end. False: there is none yet.
  bool skip_line() {
    const std::size_t end = bytes_.find(rules_.line_end(), at_);
    if (end == std::string_view::npos) {
      at_ = bytes_.size();
      return complete_;
    }
    at_ = end + 1;
    return true;
  }

  // Past the first record that is no blank or comment line; its fields as they stand in the file (none at the end of
  // the file). False: it does not end yet.
  bool take_record(std::vector<std::string_view>& fields) {
    std::size_t begin = at_;
    CsvState state = CsvState::kRecordStart;
    while (at_ < bytes_.size()) {
      const CsvStep& step = rules_.step(state, bytes_[at_++]);
      state = step.next;
      if (step.ends_field) fields.push_back(bytes_.substr(begin, at_ - 1 - begin));
      if (step.ends_field || step.ends_skipped) begin = at_;
      if (step.ends_record) return true;
    }
    const bool nothing =
        state == CsvState::kRecordStart || state == CsvState::kComment || state == CsvState::kCrAtStart;
    if (!nothing) fields.push_back(bytes_.substr(begin));
    return complete_;
  }

 private:
  std::string_view bytes_;
  bool complete_;
  CsvRules rules_;
  std::size_t at_ = 0;
};

Result<std::vector<std::string>> header_names(const std::vector<std::string_view>& fields, const CsvDialect& dialect,
                                              const std::string& path) {
  const CsvFieldReader reader(dialect);
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> positions;
  if (fields.size() > limits::kColumnsMax) {
    return usage_error(fmt::format("the header has {} names, at most {} are read", fields.size(), limits::kColumnsMax),
                       path, "check the dialect's delimiter");
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::string_view field = fields[i];
    if (i + 1 == fields.size()) field = field.substr(0, reader.trimmed_size(field));
    std::string scratch;
    std::string_view text;
    if (const CsvVerdict verdict = reader.read(field, scratch, text); !verdict.good()) {
      return usage_error(fmt::format("name {} of the header is {}: {}", i + 1, printable_text(field), verdict.note),
                         path, "check the dialect's quote and escape");
    }
    if (text.empty()) {
      return usage_error(fmt::format("name {} of the header is empty", i + 1), path,
                         "name the columns in the source's `fields`, with `header: false` and `skip_rows: 1`");
    }
    const auto [first, is_new] = positions.emplace(text, i);
    if (!is_new) {
      return usage_error(fmt::format("the header names {} twice, in positions {} and {}", printable_text(text),
                                     first->second + 1, i + 1),
                         path, "name the columns in the source's `fields`, with `header: false` and `skip_rows: 1`");
    }
    names.emplace_back(text);
  }
  return names;
}

}  // namespace

Result<FileHead> read_csv_head(std::span<const char> bytes, bool complete, const CsvDialect& dialect,
                               const std::vector<std::string>& fields, const std::string& path) {
  if (!dialect.header && fields.empty()) {
    return usage_error("the source has no header and no names", path, "name its columns in the source's `fields`");
  }
  const auto incomplete = [&]() -> Result<FileHead> {
    if (bytes.size() > limits::kRecordBytesMax) {
      return usage_error(fmt::format("the head does not end within {} bytes", limits::kRecordBytesMax), path,
                         "check the dialect's quote, newline and skip_rows");
    }
    FileHead more;
    more.data_begin = bytes.size() + 1;
    return more;
  };

  HeadReader reader({bytes.data(), bytes.size()}, complete, dialect);
  if (!reader.skip_bom()) return incomplete();
  for (std::uint32_t row = 0; row < dialect.skip_rows && !(complete && reader.at_end()); ++row) {
    if (!reader.skip_line()) return incomplete();
  }
  FileHead head;
  if (!dialect.header) {
    head.fields = fields;
  } else {
    std::vector<std::string_view> names;
    if (!reader.take_record(names)) return incomplete();
    if (!names.empty() && names.back().data() + names.back().size() - names.front().data() > kHeaderBytesMax) {
      return usage_error(fmt::format("the header has more than {} bytes", kHeaderBytesMax), path,
                         "check the dialect's quote and newline");
    }
    TIPPLE_TRY(head.fields, header_names(names, dialect, path));
  }
  head.data_begin = reader.at();
  head.lines = reader.lines();
  return head;
}

Result<std::vector<std::uint32_t>> bind_csv_columns(const FileHead& head, const std::vector<ColumnSpec>& columns,
                                                    const std::string& path, bool absent_is_null) {
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (std::size_t i = 0; i < head.fields.size(); ++i) known.emplace(head.fields[i], static_cast<std::uint32_t>(i));
  std::vector<std::uint32_t> positions;
  positions.reserve(columns.size());
  for (const ColumnSpec& spec : columns) {
    if (is_rescued_column(spec)) {
      positions.push_back(kAbsentField);
      continue;
    }
    const std::string& wanted = spec.field();
    const auto found = known.find(wanted);
    if (found == known.end() && absent_is_null && spec.column.nullable) {
      positions.push_back(kAbsentField);
      continue;
    }
    if (found == known.end()) {
      const std::string nearest = nearest_name(wanted, head.fields);
      return usage_error(fmt::format("no field {} in the file{}", printable_text(wanted),
                                     head.fields.empty() ? ", which has no header" : ""),
                         path,
                         nearest.empty() ? std::string() : fmt::format("did you mean {}?", printable_text(nearest)));
    }
    positions.push_back(found->second);
  }
  return positions;
}

}  // namespace tipple
