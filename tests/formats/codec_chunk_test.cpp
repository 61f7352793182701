// Shuffle and codecs: inverses of each other, equal to HDF5's definition, safe on foreign bytes.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "formats/codec_chunk.h"
#include "formats/codec_deflate.h"
#include "formats/codec_shuffle.h"

namespace tipple {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes random_bytes(std::size_t size, std::mt19937_64& random, unsigned values = 256) {
  Bytes bytes(size);
  // Few values come in runs, so that a codec without entropy coding shrinks them too.
  for (std::size_t i = 0; i < size;) {
    const auto byte = static_cast<std::uint8_t>(random() % values);
    for (std::uint64_t run = values < 256 ? 1 + random() % 30 : 1; run > 0 && i < size; --run) bytes[i++] = byte;
  }
  return bytes;
}

// Each thread has a compressor of its own, at an address of its own (see kFirstBytes in codec_deflate.cpp).
TEST(CodecDeflate, GivesTheSameBytesOnEveryThread) {
  constexpr int kThreads = 12;
  std::mt19937_64 random(7);
  std::vector<Bytes> inputs;
  for (int i = 0; i < 2'000; ++i) {
    Bytes bytes(1 + random() % 4'000);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % (2 + i % 20));
    inputs.push_back(std::move(bytes));
  }
  std::vector<std::vector<Bytes>> outputs(kThreads);
  std::vector<std::thread> threads;
  for (auto& output : outputs) {
    threads.emplace_back([&] {
      for (const Bytes& input : inputs) {
        Bytes out(deflate_bound(input.size()));
        out.resize(deflate(input, out.data(), out.size()));
        output.push_back(std::move(out));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& output : outputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) ASSERT_EQ(output[i], outputs[0][i]) << "input " << i;
  }
}

// Stretches of all kinds, so that stored and compressed blocks follow one another in every order.
Bytes patchwork(std::size_t size, std::mt19937_64& random) {
  Bytes bytes;
  while (bytes.size() < size) {
    const std::size_t stretch = std::min<std::size_t>(size - bytes.size(), 1 + random() % 90'000);
    const auto kind = random() % 5;
    for (std::size_t i = 0; i < stretch; ++i) {
      switch (kind) {
        case 0:
          bytes.push_back(0);
          break;
        case 1:
          bytes.push_back(static_cast<std::uint8_t>(i));
          break;
        case 2:
          bytes.push_back(static_cast<std::uint8_t>(random() % 200));
          break;
        default:
          bytes.push_back(static_cast<std::uint8_t>(random()));
          break;
      }
    }
  }
  return bytes;
}

TEST(CodecDeflate, StoredAndCompressedBlocksMakeOneStream) {
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200; ++i) {
    std::size_t size = random() % 600'000;
    if (i < 40)
      size = static_cast<std::size_t>(i % 4 + 1) * 32'768 - 2 + static_cast<std::size_t>(i / 8);  // about whole pieces
    const Bytes in = patchwork(size, random);
    Bytes out(deflate_bound(in.size()));
    const std::size_t written = deflate(in, out.data(), out.size());
    ASSERT_GT(written, 0U) << size;
    Bytes back(in.size());
    ASSERT_TRUE(inflate({out.data(), written}, back).ok()) << size;
    ASSERT_EQ(back, in);
    ASSERT_EQ(deflate(in, out.data(), written - 1), 0U) << "one byte too few";
  }
}

TEST(CodecDeflate, EmptyInputIsAStream) {
  Bytes out(deflate_bound(0));
  const std::size_t written = deflate({}, out.data(), out.size());
  ASSERT_GT(written, 0U);
  EXPECT_TRUE(inflate({out.data(), written}, {}).ok());
}

// Evenly spread bytes are stored only if nothing repeats: the low byte of a running number shrinks to nothing.
TEST(CodecDeflate, CountersAndHalvesOfPiecesStillShrink) {
  std::mt19937_64 random(11);
  Bytes counter(262'144), half = random_bytes(262'144, random);
  for (std::size_t i = 0; i < counter.size(); ++i) counter[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < half.size(); ++i) {
    if (i / 10'000 % 2 == 0) half[i] = 7;
  }
  Bytes out(deflate_bound(counter.size()));
  EXPECT_LT(deflate(counter, out.data(), out.size()), counter.size() / 20);
  EXPECT_LT(deflate(half, out.data(), out.size()), half.size() * 6 / 10);
}

TEST(CodecShuffle, IsHdf5sDefinitionForEveryWidthAndCount) {
  std::mt19937_64 random(1);
  for (std::size_t width = 1; width <= 40; ++width) {
    for (const std::size_t count : {0, 1, 15, 16, 17, 33, 100}) {
      const Bytes elements = random_bytes(width * count, random);
      Bytes planes(width * count), back(width * count);
      shuffle(width, elements.data(), count, planes.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < width; ++j)
          ASSERT_EQ(planes[j * count + i], elements[i * width + j]) << width << " " << count;
      }
      unshuffle(width, planes.data(), count, back.data());
      ASSERT_EQ(back, elements);
    }
  }
}

TEST(CodecShuffle, SlicesMakeTheWhole) {
  std::mt19937_64 random(2);
  for (const std::size_t width : {2, 3, 4, 8, 11, 16, 20}) {
    const std::size_t count = 1'000;
    const Bytes elements = random_bytes(width * count, random);
    Bytes whole(width * count), sliced(width * count);
    shuffle(width, elements.data(), count, whole.data(), count);
    for (std::size_t at = 0; at < count;) {
      const std::size_t rows = std::min<std::size_t>(count - at, 1 + random() % 90);
      shuffle(width, elements.data() + at * width, rows, sliced.data() + at, count);
      at += rows;
    }
    EXPECT_EQ(sliced, whole) << width;
  }
}

class EachCodec : public testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(Codecs, EachCodec, testing::Values(Codec::kDeflate, Codec::kZstd, Codec::kLz4));

TEST_P(EachCodec, GivesBackWhatItTook) {
  std::mt19937_64 random(3);
  CodecScratch scratch;
  for (const std::size_t size : {100, 1'000, 65'536, 524'288, 1'048'576, 3'000'001}) {
    const Bytes in = random_bytes(size, random, 5);
    const auto compressed = compress_chunk(GetParam(), in, scratch);
    ASSERT_TRUE(compressed) << size;
    EXPECT_LT(compressed->size(), size);
    Bytes out(size);
    ASSERT_TRUE(decompress_chunk(GetParam(), *compressed, out).ok());
    EXPECT_EQ(out, in);
  }
}

TEST_P(EachCodec, LeavesAloneWhatDoesNotShrink) {
  std::mt19937_64 random(4);
  CodecScratch scratch;
  for (const std::size_t size : {1, 2, 10, 1'000, 70'000, 524'288}) {
    EXPECT_FALSE(compress_chunk(GetParam(), random_bytes(size, random), scratch)) << size;
  }
}

TEST_P(EachCodec, EqualInputGivesEqualBytesWhateverCameBefore) {
  std::mt19937_64 random(5);
  CodecScratch scratch;
  const Bytes in = random_bytes(200'000, random, 20);
  const auto first = compress_chunk(GetParam(), in, scratch);
  const Bytes kept(first->begin(), first->end());
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(compress_chunk(
        GetParam(), random_bytes(random() % 400'000, random, 2 + static_cast<unsigned>(random() % 60)), scratch));
    const auto again = compress_chunk(GetParam(), in, scratch);
    ASSERT_EQ(Bytes(again->begin(), again->end()), kept);
  }
}

TEST_P(EachCodec, ForeignBytesAreErrorsOrOtherValues) {
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  CodecScratch scratch;
  const Bytes in = random_bytes(20'000, random, 8);
  const auto compressed = compress_chunk(GetParam(), in, scratch);
  const Bytes good(compressed->begin(), compressed->end());
  Bytes out(in.size());
  for (int i = 0; i < 3'000; ++i) {
    Bytes bad = good;
    for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips)
      bad[random() % (i % 2 ? bad.size() : 24)] ^= 1U << random() % 8;
    if (i % 5 == 0) bad.resize(random() % bad.size());
    static_cast<void>(decompress_chunk(GetParam(), bad, out));
  }
  Bytes small(in.size() - 1), large(in.size() + 1);
  EXPECT_FALSE(decompress_chunk(GetParam(), good, small).ok());
  EXPECT_FALSE(decompress_chunk(GetParam(), good, large).ok());
  EXPECT_FALSE(decompress_chunk(GetParam(), {}, out).ok());
}

TEST(CodecLz4, ReadsThePluginsBlocks) {
  // 6 bytes in blocks of 4: "abcd" stored, then "ef" stored, as the lz4 plugin writes what does not shrink.
  const Bytes plugin{0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0, 4, 'a', 'b', 'c', 'd', 0, 0, 0, 2, 'e', 'f'};
  Bytes out(6);
  ASSERT_TRUE(decompress_chunk(Codec::kLz4, plugin, out).ok());
  EXPECT_EQ(std::string(out.begin(), out.end()), "abcdef");
}

}  // namespace
}  // namespace tipple
