// Reject: a record that could not be loaded: where it was, which rule, why. A value, never an exception.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tipple {

struct Reject {
  std::string path;          // input file
  std::uint64_t offset = 0;  // of the record's first byte in the file
  std::uint64_t line = 0;  // physical line of the record's first byte. From 1 in the file once published; while staged,
                           // the number of line ends between the chunk's first owned byte and the record
  std::string column;      // empty when the record as a whole is meant
  std::string rule;    // arity, quote, type, range, not_null, length, encoding, enum, record_bytes, field_bytes, nul
  std::string reason;  // one sentence, with the value's text cut to 64 bytes and made printable
  std::string raw;     // the record's bytes, only if the job asks for them
};

}  // namespace tipple
