#include "formats/sniff_file.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "formats/csv_utf8.h"
#include "formats/sniff_dialect.h"
#include "formats/sniff_fixed.h"
#include "formats/sniff_log.h"
#include "formats/text_encoding.h"

namespace tipple {
namespace {

constexpr std::size_t kSampleBytes = limits::kMiB;
constexpr std::size_t kElsewhereBytes = 64 * limits::kKiB;  // from the middle, and from the end
constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";
constexpr std::size_t kTriedJsonLines = 50;
// Delimited text with a few broken records is not laid out in columns because some of its spaces stand below others.
constexpr double kFixedScoreLead = 0.05;

struct Sample {
  std::string head;       // raw text, decompressed
  bool complete = false;  // that is all of it
  std::string more;
};

Result<std::string> read_text(ByteSource& text, std::uint64_t offset, std::size_t bytes) {
  std::string out(bytes, '\0');
  TIPPLE_TRY(const std::size_t got, text.read(out, offset));
  out.resize(got);
  return out;
}

// Of a text with random access; whole lines of it.
Result<std::string> read_elsewhere(ByteSource& text, std::uint64_t size) {
  std::string out;
  for (const std::uint64_t at : {size / 2, size - kElsewhereBytes}) {
    TIPPLE_TRY(std::string piece, read_text(text, at, kElsewhereBytes));
    const std::size_t first = piece.find('\n');
    const std::size_t last = piece.rfind('\n');
    if (first < last) out.append(piece, first + 1, last - first);
  }
  return out;
}

Result<Sample> take_sample(const ByteSourceFile& file, const SourceSpec& source) {
  TIPPLE_TRY(const std::unique_ptr<ByteSource> text, open_byte_source(file, source, 1, 4 * kSampleBytes));
  Sample sample;
  TIPPLE_TRY(sample.head, read_text(*text, 0, kSampleBytes));
  sample.complete = sample.head.size() < kSampleBytes;
  if (text->random_access() && file.size > kSampleBytes + 2 * kElsewhereBytes) {
    TIPPLE_TRY(sample.more, read_elsewhere(*text, file.size));
  }
  return sample;
}

// Without the last line if that is broken off.
void keep_whole_lines(std::string& text, bool complete) {
  if (complete) return;
  const std::size_t end = text.find_last_of("\r\n");
  if (end != std::string::npos) text.resize(end + 1);
}

struct EncodingChoice {
  Encoding encoding = Encoding::kUtf8;
  std::string why;
};

EncodingChoice choose_encoding(const Sample& sample) {
  const std::string_view head = sample.head;
  if (head.starts_with(kUtf8Bom)) return {Encoding::kUtf8, "it begins with UTF-8's byte order mark"};
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF"))
    return {Encoding::kUtf16, "it begins with UTF-16's byte order mark"};
  std::size_t nuls[2] = {};
  for (std::size_t i = 0; i < head.size(); ++i) nuls[i % 2] += head[i] == '\0' ? 1 : 0;
  const std::size_t half = head.size() / 2;
  if (half > 0 && nuls[1] > half / 2 && nuls[0] < half / 20)
    return {Encoding::kUtf16Le, "every second byte is 0, beginning with the second"};
  if (half > 0 && nuls[0] > half / 2 && nuls[1] < half / 20)
    return {Encoding::kUtf16Be, "every second byte is 0, beginning with the first"};
  std::string whole = sample.head;
  keep_whole_lines(whole, sample.complete);
  if (is_valid_utf8(whole) && is_valid_utf8(sample.more)) {
    return {Encoding::kUtf8,
            is_ascii_without_nul(whole) ? "there is nothing beyond ASCII in the sample" : "the sample is valid UTF-8"};
  }
  return {Encoding::kWindows1252, "the sample is not UTF-8, and has no byte order mark"};
}

bool is_binary(std::string_view text) {
  const auto controls =
      static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x09; }));
  return controls > text.size() / 100;
}

enum class JsonKind : std::uint8_t { kNone, kLines, kDocument };

JsonKind json_kind(std::string_view text) {
  std::size_t tried = 0;
  std::size_t objects = 0;
  for (std::size_t at = 0; at < text.size() && tried < kTriedJsonLines;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    ++tried;
    if (line[line.find_first_not_of(" \t")] == '{' && nlohmann::json::accept(line.begin(), line.end())) ++objects;
  }
  if (tried > 0 && 2 * objects > tried) return JsonKind::kLines;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '[' && text[first] != '{')) return JsonKind::kNone;
  const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
  const bool likely =
      second != std::string_view::npos && (text[second] == '"' || text[second] == '{' || text[second] == '[');
  return likely ? JsonKind::kDocument : JsonKind::kNone;
}

Error no_source(std::string what, const ByteSourceFile& file, std::string hint) {
  return usage_error(std::move(what), file.path, std::move(hint));
}

void take_evidence(std::vector<std::string> evidence, SniffedFile& out) {
  std::move(evidence.begin(), evidence.end(), std::back_inserter(out.evidence));
}

void take_fixed(SniffedFixed fixed, SniffedFile& out) {
  out.source.format = SourceFormat::kFixedWidth;
  out.source.csv.header = false;
  out.source.csv.skip_rows = fixed.skip_rows;
  out.source.csv.comment = fixed.comment;
  for (const FixedField& field : fixed.fields) out.fields.push_back(field.name);
  out.source.fields = out.fields;
  out.source.fixed = std::move(fixed.fields);
  take_evidence(std::move(fixed.evidence), out);
}

void take_dialect(SniffedDialect dialect, SniffedFile& out) {
  out.evidence.emplace_back("format csv: text that is neither JSON lines nor a known log, and has delimiters");
  out.source.csv = dialect.dialect;
  out.fields = std::move(dialect.fields);
  if (!dialect.dialect.header) out.source.fields = out.fields;
  take_evidence(std::move(dialect.evidence), out);
}

Result<SniffedFile> sniff_text(const ByteSourceFile& file, SniffedFile out) {
  TIPPLE_TRY(Sample sample, take_sample(file, out.source));
  if (sample.head.empty()) return no_source("the file is empty", file, "name it without the empty ones");
  const EncodingChoice encoding = choose_encoding(sample);
  out.evidence.push_back(fmt::format("encoding {}: {}", encoding_name(encoding.encoding), encoding.why));
  out.source.encoding = encoding.encoding;
  if (encoding.encoding != Encoding::kUtf8) {
    TIPPLE_TRY(sample, take_sample(file, out.source));
  }
  if (is_binary(sample.head)) {
    return no_source("the file is neither text nor in a format that is known", file,
                     "formats: CSV, JSON lines, fixed width, logs, Parquet, HDF5; compressed with gzip, bzip2, xz, "
                     "zstd, lz4 or zip");
  }
  keep_whole_lines(sample.head, sample.complete);
  std::string_view head = sample.head;
  if (head.starts_with(kUtf8Bom)) head.remove_prefix(kUtf8Bom.size());
  switch (json_kind(head)) {
    case JsonKind::kLines:
      out.source.format = SourceFormat::kJsonLines;
      out.source.csv.header = false;
      out.evidence.emplace_back("format jsonl: the lines are JSON objects");
      return out;
    case JsonKind::kDocument:
      return no_source("the file is one JSON document, not JSON lines", file,
                       "write one record a line, as `jq -c '.[]'` does");
    case JsonKind::kNone:
      break;
  }
  if (std::optional<SniffedLog> log = sniff_log(head)) {
    out.source.format = SourceFormat::kLog;
    out.source.csv.header = false;
    out.source.pattern = std::move(log->pattern);
    out.evidence.push_back(std::move(log->evidence));
    return out;
  }
  SniffedDialect dialect = sniff_dialect(head, sample.more);
  std::optional<SniffedFixed> fixed = sniff_fixed(head, sample.more);
  if (fixed && fixed->score > dialect.score + kFixedScoreLead) {
    take_fixed(std::move(*fixed), out);
  } else {
    take_dialect(std::move(dialect), out);
  }
  return out;
}

}  // namespace

Result<SniffedFile> sniff_file(const ByteSourceFile& file) {
  TIPPLE_TRY(const File opened, File::open(file.path, O_RDONLY));
  char first[64] = {};
  TIPPLE_TRY(const std::size_t got, opened.read_at(std::as_writable_bytes(std::span(first)), 0));
  const std::string_view magic(first, got);
  SniffedFile out;
  if (magic.starts_with("PAR1")) {
    out.source.format = SourceFormat::kParquet;
    out.evidence.emplace_back("format parquet: it begins with PAR1");
    return out;
  }
  if (magic.starts_with("\x89HDF\r\n\x1a\n")) {
    out.source.format = SourceFormat::kHdf5;
    out.evidence.emplace_back("format hdf5: it begins with HDF5's signature");
    return out;
  }
  out.compression = file.member.empty() ? detect_compression({first, got}) : Compression::kZip;
  if (out.compression != Compression::kNone) {
    out.evidence.push_back(fmt::format("compression {}: by the file's first bytes", to_string(out.compression)));
  }
  return sniff_text(file, std::move(out));
}

bool same_shape(const SniffedFile& a, const SniffedFile& b) {
  return a.source.format == b.source.format && a.source.encoding == b.source.encoding && a.source.csv == b.source.csv &&
         a.source.fixed == b.source.fixed && a.source.pattern == b.source.pattern && a.fields == b.fields;
}

}  // namespace tipple
