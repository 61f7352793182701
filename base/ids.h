// Strong types for ids. Each converts to and from its number only when asked to.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tipple {

template <typename Tag, typename Number>
class StrongId {
 public:
  using number_type = Number;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Number value) : value_(value) {}
  [[nodiscard]] constexpr Number value() const { return value_; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Number value_ = 0;
};

using ChunkId = StrongId<struct ChunkIdTag, std::uint32_t>;    // position in the load's ChunkPlan
using WorkerId = StrongId<struct WorkerIdTag, std::uint32_t>;  // rank
using SourceId = StrongId<struct SourceIdTag, std::uint32_t>;  // position in JobSpec::sources
using TableId = StrongId<struct TableIdTag, std::uint32_t>;    // position in JobSpec::tables

// 128 bits, printed as 32 lower-case hexadecimal digits.
struct Id128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const Id128&, const Id128&) = default;
  [[nodiscard]] std::string to_hex() const;
  [[nodiscard]] static Result<Id128> from_hex(std::string_view text);
};

using LoadId = Id128;     // hash(job, mode, input fingerprints, range)
using AttemptId = Id128;  // random: one process group working on a load

// Addition modulo 2^128: the order-free sum that content digests are made of.
[[nodiscard]] Id128 add(const Id128& a, const Id128& b);

// A random id from the kernel.
[[nodiscard]] Id128 random_id();

// SHA-256 of a part file.
using Sha256 = std::array<std::uint8_t, 32>;
[[nodiscard]] std::string to_hex(const Sha256& digest);
[[nodiscard]] Result<Sha256> sha256_from_hex(std::string_view text);

}  // namespace tipple

template <typename Tag, typename Number>
struct std::hash<tipple::StrongId<Tag, Number>> {
  std::size_t operator()(tipple::StrongId<Tag, Number> id) const noexcept { return std::hash<Number>{}(id.value()); }
};
