// JSON lines to cells. The tokens of many lines are found at once (formats/json_tokens.h), UTF-8 is checked, and a walk
// over the tokens (formats/json_walk.h) then checks each line's grammar completely, whatever fields are wanted, and
// takes down where those stand.
//
// A line's verdict never depends on its neighbours: a stretch of lines is taken as a whole only if every string in it
// is closed on its own line (a line end between quotes is a fault), and otherwise looked at line by line.
//
// Thread rule: a JsonReader has one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/json_cells.h"
#include "formats/json_path.h"
#include "formats/line_batch.h"

namespace tipple {

class JsonReader {
 public:
  // Adds a row to `batch` and to `cells` (begun with the batch's block and lines) for each line that is an object, and
  // a reject for each other line.
  void read(const JsonTree& tree, LineBatch& batch, JsonCells& cells);

 private:
  std::vector<std::uint32_t> tokens_;
};

}  // namespace tipple
