#include "formats/parquet_dictionary.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/base/test_seed.h"

namespace tipple {
namespace {

constexpr std::size_t kMany = 1 << 20;

TEST(ParquetDictionary, WordsAreNumberedByFirstAppearance) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  WordDictionary<std::uint64_t> dictionary;
  for (int round = 0; round < 3; ++round) {  // the second and third in used memory
    dictionary.clear(kMany);
    std::vector<std::uint64_t> words(50'000);
    for (std::uint64_t& word : words) word = random() % 9'000 * 1'000'000;
    std::vector<std::uint32_t> codes(words.size());
    ASSERT_TRUE(dictionary.add(std::span<const std::uint64_t>(words), codes.data()));
    std::map<std::uint64_t, std::uint32_t> expected;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto found = expected.emplace(words[i], static_cast<std::uint32_t>(expected.size())).first;
      ASSERT_EQ(codes[i], found->second) << i;
      ASSERT_EQ(dictionary.entries()[codes[i]], words[i]) << i;
    }
    EXPECT_EQ(dictionary.entries().size(), expected.size());
  }
}

TEST(ParquetDictionary, TooManyEntriesGiveUp) {
  WordDictionary<std::uint32_t> dictionary;
  dictionary.clear(3);
  std::vector<std::uint32_t> codes(4);
  const std::array<std::uint32_t, 5> words{1, 2, 3, 1, 4};
  EXPECT_TRUE(dictionary.add(std::span(words).first(4), codes.data()));
  EXPECT_FALSE(dictionary.add(std::span(words).last(1), codes.data()));
}

// Words whose hashes begin alike: multiples of the inverse of the hash's factor.
TEST(ParquetDictionary, CollidingWordsGiveUpInsteadOfSearchingOnAndOn) {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15U;
  std::uint64_t inverse = kFactor;  // Newton's iteration doubles the right bits
  for (int i = 0; i < 6; ++i) inverse *= 2 - kFactor * inverse;
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 1; i <= 1'000; ++i) words.push_back(i * inverse);
  WordDictionary<std::uint64_t> dictionary;
  dictionary.clear(kMany);
  std::vector<std::uint32_t> codes(words.size());
  EXPECT_FALSE(dictionary.add(std::span<const std::uint64_t>(words), codes.data()));
  EXPECT_LE(dictionary.entries().size(), std::size_t{CodeTable::kProbesMax} + 1);
}

TEST(ParquetDictionary, TextsOfEveryLengthAreTold) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::string> kinds{"", std::string(1, '\0'), std::string(2, '\0'), "a", std::string("a\0", 2)};
  for (std::size_t size = 1; size < 40; ++size) {
    kinds.push_back(std::string(size, 'x'));
    kinds.push_back(std::string(size, 'x') + "y");
    kinds.push_back("y" + std::string(size, 'x'));
  }
  arrow::StringBuilder builder;
  std::vector<std::string> values;
  for (int i = 0; i < 5'000; ++i) {
    if (random() % 10 == 0) {
      ASSERT_TRUE(builder.AppendNull().ok());
    } else {
      values.push_back(kinds[random() % kinds.size()]);
      ASSERT_TRUE(builder.Append(values.back()).ok());
    }
  }
  const auto array = builder.Finish().ValueOrDie();
  TextDictionary dictionary;
  dictionary.clear(kMany);
  std::vector<std::uint32_t> codes(5'000);
  std::uint32_t* end = codes.data();
  ASSERT_TRUE(dictionary.add(*array->data(), 0, 1'000, end));
  ASSERT_TRUE(dictionary.add(*array->Slice(1'000)->data(), 0, 4'000, end));
  ASSERT_EQ(static_cast<std::size_t>(end - codes.data()), values.size());
  std::map<std::string, std::uint32_t> expected;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto found = expected.emplace(values[i], static_cast<std::uint32_t>(expected.size())).first;
    ASSERT_EQ(codes[i], found->second) << i;
    ASSERT_EQ(dictionary.entries()[codes[i]], values[i]);
  }
  std::size_t bytes = 0;
  for (const auto& [text, code] : expected) bytes += 4 + text.size();
  EXPECT_EQ(dictionary.bytes(), bytes);
}

TEST(ParquetDictionary, TooManyBytesOfTextGiveUp) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.AppendValues({"abcd", "abcd", "efgh"}).ok());
  const auto array = builder.Finish().ValueOrDie();
  TextDictionary dictionary;
  dictionary.clear(15);
  std::vector<std::uint32_t> codes(3);
  std::uint32_t* end = codes.data();
  EXPECT_TRUE(dictionary.add(*array->data(), 0, 2, end));
  EXPECT_FALSE(dictionary.add(*array->data(), 2, 1, end));
}

}  // namespace
}  // namespace tipple
