// Synthetic input files for the simulator: record starts instead of bytes, with line ends inside "quotes" that mislead
// a guess.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/task.h"
#include "partitioner/chunk_plan.h"

namespace tipple::simulation {

using Random = std::mt19937_64;

// A number in [0, below).
inline std::uint64_t pick(Random& random, std::uint64_t below) { return random() % below; }
inline bool chance(Random& random, double probability) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53 < probability;
}

struct Line {
  std::uint64_t start = 0;
  bool quoted = false;  // the line end before it stands inside quotes: no record starts here
  bool blank = false;   // outside quotes, but no record: part of the chain, not of the rows
};

// A record is named by its file and where it starts.
using RecordName = std::pair<std::string, std::uint64_t>;

struct ModelFile {
  std::string path;
  std::uint64_t size = 0;
  std::uint64_t data_begin = 0;
  std::vector<Line> lines;  // in order; the header is not among them

  static ModelFile make(Random& random, std::string path, std::uint64_t bytes_max, double quoted, double blank) {
    ModelFile file;
    file.path = std::move(path);
    file.data_begin = chance(random, 0.5) ? pick(random, 20) : 0;
    file.size = file.data_begin;
    const std::uint64_t size = pick(random, bytes_max + 1);
    while (file.size < size) {
      Line line;
      line.start = file.size;
      line.quoted = !file.lines.empty() && !file.lines.back().blank && chance(random, quoted);
      line.blank = !line.quoted && chance(random, blank);
      file.lines.push_back(line);
      file.size += line.blank ? 1 : 1 + pick(random, chance(random, 0.05) ? 100 : 12);
    }
    return file;
  }

  // The first line start at or after `offset` (the size, if there is none); `any_line`: also inside quotes.
  [[nodiscard]] std::uint64_t boundary(std::uint64_t offset, bool any_line) const {
    auto line = std::lower_bound(lines.begin(), lines.end(), offset,
                                 [](const Line& a, std::uint64_t at) { return a.start < at; });
    while (line != lines.end() && line->quoted && !any_line) ++line;
    return line == lines.end() ? size : line->start;
  }
  [[nodiscard]] bool inside_quotes(std::uint64_t offset) const {
    return boundary(offset, true) == offset && boundary(offset, false) != offset;
  }

  [[nodiscard]] std::vector<RecordName> records(std::uint64_t begin, std::uint64_t end) const {
    std::vector<RecordName> names;
    for (const Line& line : lines) {
      if (!line.quoted && !line.blank && line.start >= begin && line.start < end) names.emplace_back(path, line.start);
    }
    return names;
  }

  // What a worker finds in [begin, end): the range as worker/chunk_runner reports it, and the records that it would
  // load.
  struct Parsed {
    RecordRange range;
    std::vector<RecordName> rows;
  };
  [[nodiscard]] Parsed parse(const TaskSegment& segment, std::optional<std::uint64_t> known_start) const {
    Parsed parsed;
    RecordRange& range = parsed.range;
    std::uint64_t start = segment.begin;
    if (segment.begin < data_begin || (segment.begin == 0)) {
      start = data_begin;
    } else if (known_start) {
      start = *known_start;
    } else {
      range.guessed = true;
      start = boundary(segment.begin, true);
    }
    if (range.guessed && start < segment.end && inside_quotes(start)) {
      range.any = true;
      range.start = start;
      range.end = std::max(boundary(segment.end, true), start + 1);
      parsed.rows = {{path + " (misread)", start}};
      return parsed;
    }
    parsed.rows = records(start, segment.end);
    range.any = !parsed.rows.empty();
    if (range.any) range.start = start;
    if (range.any || !range.guessed) range.end = boundary(std::max(start, segment.end), false);
    return parsed;
  }
};

}  // namespace tipple::simulation
