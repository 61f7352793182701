// What of a JSON record no column takes: fields that none reads, and values that did not fit the columns which read
// them. The slow and complete way, for records of which JsonWalk noted that they may have such.
//
// A field is named by its path, as a column's `from` would name it. Below a path that columns read into (user.name)
// each member counts by itself (user.age), and so does each element of an array of which columns read some. Of fields
// of one name the first counts, as for columns.
//
// Owner: one thread, which reuses it from record to record.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_path.h"

namespace tipple {

class JsonRest {
 public:
  struct Field {
    std::string path;
    std::string_view value;  // as it stands in the record
    bool key = false;  // a key that no column names; else what a key that one reads into holds, or what did not fit
  };

  // `tree` must outlive it.
  explicit JsonRest(const JsonTree& tree) : tree_(tree), unfit_(tree.columns()), visits_(tree.nodes()) {}

  // `record`: a line that JsonReader took for a record. `unfit`: the columns whose value did not fit.
  // Gives the fields in the order of the record, until the next call.
  [[nodiscard]] std::span<const Field> read(std::string_view record, std::span<const std::uint32_t> unfit);

 private:
  // A column whose value did not fit: where the value that it took stands.
  struct Unfit {
    bool wanted = false;
    bool found = false;
    bool exact = false;
    Field field;
  };

  void skip_space();
  [[nodiscard]] std::string_view take_string();  // between the quotes
  [[nodiscard]] std::string_view take_value();   // as it stands
  // `covered`: some column takes the value as a whole.
  void read_value(const JsonNode& node, const std::string& path, bool covered);
  void read_object(const JsonNode& node, const std::string& path, bool covered);
  void read_array(const JsonNode& node, const std::string& path, bool covered);
  void note_unfit(const JsonNode& node, const std::string& path, std::string_view value);
  void drop_repeated();

  const JsonTree& tree_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Unfit> unfit_;  // by column
  std::vector<Field> fields_;
  std::vector<std::uint64_t> visits_;  // by node: the stamp of the last record that had it
  std::uint64_t stamp_ = 0;
};

}  // namespace tipple
