// StreamReader: reads one stream source, or all clients of a listening socket, cuts what comes into stretches of whole
// records and spools them. A reader thread of its own; the pipe or socket is left unread (its writer waits) while too
// much is spooled and not yet loaded.
//
// A client of a socket is told "ack N\n" when N of its bytes, counted from its first, are sealed. A stream that ends
// within a record leaves a torn stretch, which is loaded as one reject; standard input is a file as a rule, and its
// last record needs no line end. Owner: whoever loads the stretches. Thread rule: public functions from one thread; the
// reader's own thread is inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jobs/job_spec.h"
#include "partitioner/stream_cutter.h"

namespace tipple {

struct StreamReaderConfig {
  std::filesystem::path folder;  // of the spool
  StreamLimits limits;
  std::uint64_t spool_bytes_max = std::uint64_t{4} << 30;  // sealed and not released: more stops the reading
  std::uint64_t record_bytes_max = 0;  // a longer record ends the stream with an Error; 0: the common limit
  bool ends_with_clients = true;       // a listening socket: over when there was a client and all have left
};

class StreamReader {
 public:
  // Opens the stream and starts to read. `source` and `clock` must outlive the reader.
  [[nodiscard]] static Result<std::unique_ptr<StreamReader>> start(const SourceSpec& source, StreamReaderConfig config,
                                                                   const Clock& clock);
  ~StreamReader();

  // Sealed stretches that were not released, oldest first: also those of an earlier process.
  [[nodiscard]] std::vector<std::filesystem::path> sealed() const;
  // They are loaded: their files go.
  [[nodiscard]] Status release(const std::vector<std::filesystem::path>& stretches);
  // Seals what is whole and ends.
  void stop();
  // No more stretches will be sealed.
  [[nodiscard]] bool ended() const;
  // Why the stream ended before its end.
  [[nodiscard]] std::optional<Error> error() const;
  // Sleeps until a stretch is sealed, the stream has ended, or `at_most` has passed.
  void wait(Duration at_most) const;

 private:
  struct Impl;
  explicit StreamReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
