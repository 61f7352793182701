// CSV, first half: where records and fields end. docs/formats.md says which bytes mean what; in short: a quote is
// special only at a field's start; a line end inside quotes belongs to the field.
//
// One state machine (formats/csv_state.h) defines the language. The SIMD kernels (AVX-512, AVX2, SSE4; chosen at run
// time by Highway) handle 64 bytes at a time and hand every word whose masks do not tell the whole story (blank and
// comment lines) to that state machine, so that the answer never depends on the kernel. Technique: Langdale & Lemire,
// "Parsing gigabytes of JSON per second" (2019), quote masks by prefix XOR.
//
// Thread rule: CsvIndexer is immutable after construction and may be shared; a CsvIndex and a CsvBoundaryScanner have
// one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

// Field ends of the whole records of one block. Buffers are reused from block to block.
class CsvIndex {
 public:
  // Offset in the block of the delimiter or line end (or block end, for a last record without one) that ends each
  // field. Records follow one another; comment and blank lines leave nothing.
  [[nodiscard]] std::span<const std::uint32_t> field_ends() const;
  // For each record: offset of its first byte and position of its first field in field_ends().
  // Only filled when `uniform()` is false (ragged, blank or comment lines); record k otherwise owns fields [k*n,
  // (k+1)*n).
  struct Record {
    std::uint32_t begin;
    std::uint32_t first_field;
  };
  [[nodiscard]] std::span<const Record> records() const;
  [[nodiscard]] std::uint64_t record_count() const;
  // True if every record has exactly the expected number of fields and records touch one another.
  [[nodiscard]] bool uniform() const;
  [[nodiscard]] std::uint32_t fields_per_record() const;  // expected
  [[nodiscard]] std::uint64_t bytes_used() const;         // memory held

 private:
  friend class CsvIndexer;
  void clear(std::uint32_t fields_per_record);
  void reserve(std::size_t ends);  // keeps what is there; does not initialise the rest

  std::unique_ptr<std::uint32_t[]> ends_;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
  std::vector<Record> records_;
  std::uint64_t record_count_ = 0;
  std::uint32_t fields_per_record_ = 0;
  bool uniform_ = true;
};

class CsvIndexer {
 public:
  CsvIndexer(const CsvDialect& dialect, std::uint32_t fields_per_record);
  ~CsvIndexer();
  CsvIndexer(CsvIndexer&&) noexcept;

  struct Split {
    std::size_t whole = 0;    // bytes of whole records from the block's begin: block == whole + partial
    std::uint64_t lines = 0;  // physical line ends in [0, whole)
    bool open_quote =
        false;  // with final: the last record ended inside quotes (it is part of `whole`, and the last record)
  };
  // Precondition: block begins where a record begins; block.size() < 2^32; 64 bytes past the block may be read (any
  // value). `final`: nothing follows, so a last record without a line end is whole. A CR there counts as a CR before a
  // line end: the converter trims it, and a line of nothing else is blank. With fields_per_record 1 a blank line is a
  // record with one empty field.
  [[nodiscard]] Split index(std::span<const char> block, bool final, CsvIndex& out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Record ends only, over a file of any size in pieces: the boundary scan, and the way to skip an over-long record.
// The ends of blank and comment lines count as record ends here: behind each of them a record may begin.
class CsvBoundaryScanner {
 public:
  // Begins where a record begins (`inside_quotes` false), or as a hypothesis inside a quoted field.
  explicit CsvBoundaryScanner(const CsvDialect& dialect, bool inside_quotes = false);
  ~CsvBoundaryScanner();
  CsvBoundaryScanner(CsvBoundaryScanner&&) noexcept;

  // Feeds the next bytes. Returns the offset in `bytes` just past the first line end, at offset `from` or later, that
  // ends a record; all bytes are consumed either way, except with `stop_at_end`: then the state is that just past the
  // returned offset.
  [[nodiscard]] std::optional<std::size_t> scan(std::span<const char> bytes, std::size_t from = 0,
                                                bool stop_at_end = false);
  [[nodiscard]] std::uint64_t lines() const;  // physical line ends consumed so far
  [[nodiscard]] bool at_record_start() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Names of the kernels this machine can run, best first ("avx3_dl", "avx3", "avx2", "sse4", "scalar"); tests run each
// against the others.
[[nodiscard]] std::vector<std::string_view> csv_kernels();
// Forces one of csv_kernels() for the process (tests and benchmarks); empty: back to the best.
void force_csv_kernel(std::string_view name);

}  // namespace tipple
