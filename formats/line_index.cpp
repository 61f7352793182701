#include "formats/line_index.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "formats/line_kernels.h"

namespace tipple {
namespace {

constexpr std::size_t kRunBytes =
    8192;  // line ends are found this many bytes at a time: their offsets stay in the first-level cache
constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

}  // namespace

void LineIndex::reserve(std::size_t lines) {
  if (lines <= capacity_) return;
  const std::size_t capacity = std::max(lines, capacity_ * 2);
  auto larger = std::make_unique_for_overwrite<Line[]>(capacity);
  std::copy_n(lines_.get(), count_, larger.get());
  lines_ = std::move(larger);
  capacity_ = capacity;
}

// Precondition: room for one more line.
inline void LineSplitter::add_line(std::span<const char> block, std::size_t begin, std::size_t end,
                                   LineIndex& out) const {
  if (end > begin && block[end - 1] == '\r') --end;
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  if (begin == end || rules_.comment == block[begin]) return;
  if (rules_.spaces_are_blank && is_space(block[begin]) && std::all_of(&block[begin], block.data() + end, is_space))
    return;
  out.lines_[out.count_++] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

RecordBinding::Split LineSplitter::split(std::span<const char> block, bool final, LineIndex& out) const {
  TIPPLE_CHECK(block.size() < std::numeric_limits<std::uint32_t>::max(), "a block of 4 GiB or more");
  out.count_ = 0;
  RecordBinding::Split split;
  std::uint32_t ends[kRunBytes];
  for (std::size_t at = 0; at < block.size(); at += kRunBytes) {
    const std::size_t count = find_line_ends(block.data(), at, std::min(at + kRunBytes, block.size()), ends);
    split.lines += count;
    out.reserve(out.count_ + count);
    for (std::size_t i = 0; i < count; ++i) {
      add_line(block, split.whole, ends[i], out);
      split.whole = ends[i] + std::size_t{1};
    }
  }
  if (final && split.whole < block.size()) {
    out.reserve(out.count_ + 1);
    add_line(block, split.whole, block.size(), out);
    split.whole = block.size();
  }
  return split;
}

std::optional<std::size_t> LineScanner::scan(std::span<const char> bytes, std::size_t from, bool stop_at_end) {
  std::optional<std::size_t> found;
  if (from < bytes.size()) {
    const void* const end = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
    if (end != nullptr) found = static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data()) + 1;
  }
  const auto consumed = bytes.first(found && stop_at_end ? *found : bytes.size());
  lines_ += static_cast<std::uint64_t>(std::count(consumed.begin(), consumed.end(), '\n'));
  if (!consumed.empty()) at_start_ = consumed.back() == '\n';
  return found;
}

std::optional<std::size_t> find_line_start(std::span<const char> bytes, char before) {
  if (bytes.empty()) return std::nullopt;
  if (before == '\n') return 0;
  const void* const end = std::memchr(bytes.data(), '\n', bytes.size());
  if (end == nullptr || static_cast<const char*>(end) == &bytes.back()) return std::nullopt;
  return static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data()) + 1;
}

Result<FileHead> read_line_head(std::span<const char> bytes, bool complete, std::uint32_t skip_rows,
                                const std::string& path) {
  const std::string_view text(bytes.data(), bytes.size());
  const auto incomplete = [&]() -> Result<FileHead> {
    if (text.size() > limits::kRecordBytesMax) {
      return usage_error(
          fmt::format("the first {} lines do not end within {} bytes", skip_rows, limits::kRecordBytesMax), path,
          "check the source's skip_rows");
    }
    FileHead more;
    more.data_begin = text.size() + 1;
    return more;
  };
  FileHead head;
  if (text.starts_with(kUtf8Bom)) {
    head.data_begin = kUtf8Bom.size();
  } else if (!complete && text.size() < kUtf8Bom.size() && kUtf8Bom.starts_with(text)) {
    return incomplete();
  }
  for (std::uint32_t row = 0; row < skip_rows; ++row) {
    const std::size_t end = text.find('\n', head.data_begin);
    if (end == std::string_view::npos) {
      if (!complete) return incomplete();
      head.data_begin = text.size();
      break;
    }
    head.data_begin = end + 1;
    ++head.lines;
  }
  return head;
}

}  // namespace tipple
