#include "formats/part_numbers.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "base/fault_point.h"
#include "base/file.h"
#include "base/limits.h"
#include "formats/sha256.h"

namespace tipple {
namespace {

constexpr std::size_t kBlockBytes = limits::kMiB;
constexpr std::uint64_t kWidth = sizeof(std::int64_t);

// The bytes of a block that lie in a run.
struct Overlap {
  std::span<std::byte> bytes;
  std::uint64_t offset = 0;  // of the first one, in the file
  const NumberRun* run = nullptr;
};

std::uint64_t end_of(const NumberRun& run) { return run.offset + run.rows * kWidth; }

// `next`: the first of the ascending runs that may reach into the block.
std::vector<Overlap> overlaps_of(const std::vector<NumberRun>& runs, std::size_t& next, std::span<std::byte> block,
                                 std::uint64_t offset) {
  const std::uint64_t block_end = offset + block.size();
  while (next < runs.size() && end_of(runs[next]) <= offset) ++next;
  std::vector<Overlap> overlaps;
  for (std::size_t i = next; i < runs.size() && runs[i].offset < block_end; ++i) {
    const std::uint64_t begin = std::max(offset, runs[i].offset);
    const std::uint64_t end = std::min(block_end, end_of(runs[i]));
    overlaps.push_back({block.subspan(begin - offset, end - begin), begin, &runs[i]});
  }
  return overlaps;
}

// A block may begin and end within a number.
void fill(const Overlap& overlap, std::int64_t first) {
  std::uint64_t at = overlap.offset - overlap.run->offset;
  std::span<std::byte> left = overlap.bytes;
  std::int64_t number = first + static_cast<std::int64_t>(overlap.run->first_row + at / kWidth);
  while (!left.empty()) {
    const std::size_t skipped = at % kWidth;
    const std::size_t taken = std::min<std::size_t>(kWidth - skipped, left.size());
    std::memcpy(left.data(), reinterpret_cast<const char*>(&number) + skipped, taken);
    left = left.subspan(taken);
    at += taken;
    ++number;
  }
}

}  // namespace

Result<NumberedFile> write_numbers(const std::filesystem::path& from, const std::filesystem::path& to,
                                   std::vector<NumberRun> runs, std::int64_t first) {
  std::sort(runs.begin(), runs.end(), [](const NumberRun& a, const NumberRun& b) { return a.offset < b.offset; });
  const bool in_place = from == to;
  TIPPLE_TRY(const File input, File::open(from, O_RDONLY));
  TIPPLE_TRY(File output, File::open(to, in_place ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL));
  const std::unique_ptr<std::byte[]> buffer(new std::byte[kBlockBytes]);
  Sha256Stream zeros;
  Sha256Stream numbered;
  NumberedFile file;
  for (std::size_t next = 0;;) {
    TIPPLE_TRY(const std::size_t got, input.read_at({buffer.get(), kBlockBytes}, file.bytes));
    if (got == 0) break;
    const std::span<std::byte> block(buffer.get(), got);
    const std::vector<Overlap> overlaps = overlaps_of(runs, next, block, file.bytes);
    for (const Overlap& overlap : overlaps) std::fill(overlap.bytes.begin(), overlap.bytes.end(), std::byte{0});
    zeros.add(block);
    for (const Overlap& overlap : overlaps) fill(overlap, first);
    numbered.add(block);
    // Also what seems to be there already: what an earlier sync failed to write may still stand in the page cache.
    if (!in_place) TIPPLE_RETURN_IF_ERROR(output.write_at(block, file.bytes));
    for (const Overlap& overlap : overlaps) {
      if (in_place) TIPPLE_RETURN_IF_ERROR(output.write_at(overlap.bytes, overlap.offset));
      fault_point("part-numbered");
    }
    file.bytes += got;
  }
  if (!runs.empty() && file.bytes < end_of(runs.back()))
    return environment_error("is shorter than its numbers", from.string());
  TIPPLE_RETURN_IF_ERROR(output.sync());
  TIPPLE_RETURN_IF_ERROR(output.close());
  file.zeros_sha256 = zeros.finish();
  file.sha256 = numbered.finish();
  return file;
}

}  // namespace tipple
