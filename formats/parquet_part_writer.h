// Writes one Parquet part (docs/format-parquet.md): create, append row groups in order, close.
//
// Bytes depend on the schema, the codec, the attributes and the rows of each row group alone, never on how a row group
// is cut into slices, on threads or on time. Thread rule: one owner; append() encodes the columns on the threads of the
// caller's TBB arena. After any error the part is worthless: discard() it and redo the chunk. fsync and hashing are the
// caller's (hdf5_part_writer.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "formats/part_encoder.h"
#include "jobs/job_spec.h"

namespace tipple {

class ParquetPartWriter {
 public:
  // Creates `path` exclusively. `attributes`: further key-value metadata of the file. kDeflate is Parquet's gzip, kLz4
  // its LZ4_RAW.
  [[nodiscard]] static Result<ParquetPartWriter> create(const std::filesystem::path& path, const Schema& schema,
                                                        const PartCoding& coding,
                                                        const std::map<std::string, std::string>& attributes);
  ParquetPartWriter(ParquetPartWriter&&) noexcept;
  ParquetPartWriter& operator=(ParquetPartWriter&&) noexcept;
  ~ParquetPartWriter();  // discards what was not closed

  // One row group of the file, in sequence. Of `group` only `rows` and `slices` count.
  [[nodiscard]] Status append(const RowGroup& group);
  [[nodiscard]] Status close();
  void discard();  // closes and unlinks
  [[nodiscard]] std::uint64_t rows() const;

 private:
  struct Impl;
  explicit ParquetPartWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
