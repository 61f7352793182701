#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <type_traits>

namespace tipple {
namespace {

static_assert(!std::is_convertible_v<std::uint32_t, ChunkId>, "a number becomes an id only when asked to");
static_assert(!std::is_convertible_v<ChunkId, std::uint32_t>);
static_assert(!std::is_constructible_v<ChunkId, WorkerId>, "ids of different things do not mix");

TEST(Id128, ComesBackFromItsDigits) {
  const Id128 id{0x0123456789abcdef, 0xfedcba9876543210};
  EXPECT_EQ(id.to_hex(), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(Id128::from_hex(id.to_hex()).value(), id);
  EXPECT_EQ(Id128{}.to_hex(), std::string(32, '0'));
}

TEST(Id128, OtherTextsAreNoIds) {
  for (const char* text : {"", "0", "0123456789abcdeffedcba987654321", "0123456789abcdeffedcba98765432100",
                           "0123456789ABCDEFfedcba9876543210", "0123456789abcdeffedcba987654321g"}) {
    EXPECT_FALSE(Id128::from_hex(text).ok()) << text;
  }
}

TEST(Id128, SumsCarryAndWrap) {
  EXPECT_EQ(add({0, ~0ull}, {0, 1}), (Id128{1, 0}));
  EXPECT_EQ(add({~0ull, ~0ull}, {0, 1}), (Id128{0, 0}));
  const Id128 a = random_id(), b = random_id(), c = random_id();
  EXPECT_EQ(add(add(a, b), c), add(c, add(b, a)));
}

TEST(Id128, RandomOnesDiffer) {
  std::set<Id128> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_id());
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(Sha256Text, ComesBackFromItsDigits) {
  Sha256 digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(i * 37);
  EXPECT_EQ(to_hex(digest).size(), 64u);
  EXPECT_EQ(sha256_from_hex(to_hex(digest)).value(), digest);
  EXPECT_FALSE(sha256_from_hex("00").ok());
  EXPECT_FALSE(sha256_from_hex(std::string(64, 'x')).ok());
}

}  // namespace
}  // namespace tipple
