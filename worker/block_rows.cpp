#include "worker/block_rows.h"

#include <algorithm>

#include "base/check.h"

namespace tipple {

std::uint64_t BlockRows::line(std::uint32_t origin) {
  if (!has_text()) return text_.place.lines_before + origin;
  TIPPLE_CHECK(origin >= counted_, "lines are asked for in order");
  lines_ += static_cast<std::uint64_t>(
      std::count(text_.bytes.begin() + counted_, text_.bytes.begin() + origin, text_.line_end));
  counted_ = origin;
  return text_.place.lines_before + lines_;
}

std::uint32_t BlockRows::end(std::uint32_t origin) {
  TIPPLE_CHECK(has_text(), "a columnar file has no record texts");
  if (!scanner_) scanner_ = text_.format->scanner();
  TIPPLE_CHECK(scanner_->at_record_start(), "the record before has been passed");
  // The block's last record may lack a line end; its scanner is not asked again.
  const auto found = scanner_->scan(text_.bytes.subspan(origin), 0, true);
  std::size_t end = found ? origin + *found : text_.bytes.size();
  if (end > origin && text_.bytes[end - 1] == text_.line_end) --end;
  if (end > origin && text_.line_end == '\n' && text_.bytes[end - 1] == '\r') --end;
  return static_cast<std::uint32_t>(end);
}

}  // namespace tipple
