#include <algorithm>
#include <cctype>
#include <cstddef>

#include "jobs/job_file.h"

namespace tipple {
namespace {

// Longer texts are not typing mistakes, and the table below would be large.
constexpr std::size_t kComparedBytesMax = 256;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Optimal string alignment distance, letters of either case being equal: insertions, deletions, substitutions, and
// swaps of neighbours, each counting 1.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = last[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view text, const std::vector<std::string>& known) {
  if (text.empty() || text.size() > kComparedBytesMax) return {};
  // A third of the letters may be wrong; more, or all of them, is another word.
  std::size_t best = std::min(text.size(), std::max<std::size_t>(1, text.size() / 3) + 1);
  std::string nearest;
  for (const std::string& name : known) {
    if (name.size() > kComparedBytesMax) continue;
    const std::size_t distance = edit_distance(text, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace tipple
