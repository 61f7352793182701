// Nasty little CSV files with two columns, `id` (int32) and `text` (string, nullable), and what a load of each must
// count.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple::testing_load {

struct CorpusFile {
  std::string name;
  std::string content;
  CsvDialect dialect = {};
  std::uint64_t records = 0;  // rows and rejects
  std::uint64_t rejects = 0;
  friend void PrintTo(const CorpusFile& file, std::ostream* out) { *out << file.name; }
};

inline std::vector<CorpusFile> corpus() {
  CsvDialect comments;
  comments.comment = '#';
  CsvDialect no_header_cr;
  no_header_cr.newline = CsvDialect::Newline::kCr;
  CsvDialect skipping;
  skipping.skip_rows = 2;
  const std::string long_field(300, 'q');
  return {
      {"plain", "id,text\n1,a\n2,b\n3,c\n", {}, 3, 0},
      {"no_final_newline", "id,text\n1,a\n2,b", {}, 2, 0},
      {"crlf", "id,text\r\n1,a\r\n2,b\r\n3,\r\n", {}, 3, 0},
      {"carriage_returns", "id,text\r1,a\r2,b\r3,c\r", no_header_cr, 3, 0},
      {"bom", "\xEF\xBB\xBFid,text\n1,a\n2,b\n", {}, 2, 0},
      {"empty", "", {}, 0, 0},
      {"header_only", "id,text\n", {}, 0, 0},
      {"header_without_newline", "id,text", {}, 0, 0},
      {"quoted_newlines", "id,text\n1,\"a\nb\nc\"\n2,\"\n\n\n\"\n3,\"x,\"\"y\"\"\n4,5\n\"\n6,z\n", {}, 4, 0},
      {"long_quoted_field", "id,text\n1,\"" + long_field + "\n7,8\n" + long_field + "\"\n2,b\n", {}, 2, 0},
      {"records_inside_quotes", "id,text\n1,\"\n2,b\n3,c\n4,d\n5,e\n6,f\n\"\n7,g\n", {}, 2, 0},
      {"blank_lines", "id,text\n\n\n1,a\n\n\r\n2,b\n\n\n", {}, 2, 0},
      {"comments", "id,text\n#one\n1,a\n# \"two\n#\n2,b\n#three\n#four", comments, 2, 0},
      {"only_comments", "id,text\n#one\n#two\n#three\n", comments, 0, 0},
      {"skipped_rows", "made by\nsome \"tool\nid,text\n1,a\n2,b\n", skipping, 2, 0},
      {"ragged", "id,text\n1,a\n2\n3,c,d\n4,e\n,\n", {}, 5, 3},
      {"bad_values", "id,text\nx,a\n2,b\n\"3\"4,c\n99999999999999,d\n5,e\n", {}, 5, 3},
      {"unterminated_quote", "id,text\n1,a\n2,\"b\n3,c\n4,d\n", {}, 2, 1},
      {"quote_in_bare_field", "id,text\n1,12\" monitor\n2,5\" disk\n3,c\n", {}, 3, 0},
  };
}

}  // namespace tipple::testing_load
