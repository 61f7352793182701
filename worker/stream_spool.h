// StreamSpool: the stretches of a stream as files. A stretch is written as records come, sealed (synced, renamed, its
// folder synced), and from then on survives a crash like any input file; what was not sealed is gone with the process.
//
//   <folder>/00000000000000000007.open    being written        <folder>/00000000000000000007.spool    sealed
//   <folder>/00000000000000000008.torn    a record that broke off: loaded as one reject
//
// A stretch begins with the head of its stream (a CSV header), so that each file can be read alone.
// Owner: one StreamReader. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace tipple {

inline constexpr std::string_view kSealedEnding = ".spool";
inline constexpr std::string_view kTornEnding = ".torn";

class StreamSpool {
 public:
  // Creates the folder if need be, removes stretches that an earlier process left open, and numbers on from those that
  // it sealed.
  [[nodiscard]] static Result<StreamSpool> open(const std::filesystem::path& folder);

  // Appends whole records to the open stretch, or begins one with `head`. Precondition: an open stretch has the same
  // head.
  [[nodiscard]] Status append(const std::string& head, std::span<const char> records);
  // The open stretch's head; nothing when none is open.
  [[nodiscard]] const std::optional<std::string>& open_head() const { return head_; }
  // Makes the open stretch durable and gives its path.
  [[nodiscard]] Result<std::filesystem::path> seal();
  // Bytes of a record that broke off, durable at once.
  [[nodiscard]] Result<std::filesystem::path> seal_torn(std::span<const char> bytes);

  // Sealed stretches, oldest first, whoever sealed them.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> sealed() const;

 private:
  explicit StreamSpool(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path path_of(std::string_view ending) const;
  [[nodiscard]] Result<std::filesystem::path> link_sealed(std::string_view ending);

  std::filesystem::path folder_;
  std::uint64_t sequence_ = 0;  // of the open stretch, or of the next one
  std::optional<std::string> head_;
  File file_;
};

}  // namespace tipple
