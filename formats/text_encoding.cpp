#include "formats/text_encoding.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace tipple {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::size_t kAsciiStep = 8;

unsigned char byte_at(std::span<const char> bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

// Output of one conversion. The caller has made room for everything.
struct Output {
  char* begin;
  char* at;

  void code_point(std::uint32_t c) {
    if (c < 0x80) {
      *at++ = static_cast<char>(c);
    } else if (c < 0x800) {
      *at++ = static_cast<char>(0xC0 | (c >> 6));
      *at++ = static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      *at++ = static_cast<char>(0xE0 | (c >> 12));
      *at++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      *at++ = static_cast<char>(0x80 | (c & 0x3F));
    } else {
      *at++ = static_cast<char>(0xF0 | (c >> 18));
      *at++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
      *at++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      *at++ = static_cast<char>(0x80 | (c & 0x3F));
    }
  }

  // False: it must stop here.
  bool invalid(OnInvalid on_invalid) {
    switch (on_invalid) {
      case OnInvalid::kReject:
        *at++ = static_cast<char>(0xFF);
        return true;
      case OnInvalid::kReplace:
        code_point(kReplacement);
        return true;
      case OnInvalid::kFail:
        return false;
    }
    return false;
  }

  [[nodiscard]] Utf8Step step(std::size_t taken) const {
    return {taken, static_cast<std::size_t>(at - begin), std::nullopt};
  }
  [[nodiscard]] Utf8Step stop(std::size_t taken) const { return {taken, static_cast<std::size_t>(at - begin), taken}; }
};

// Copies ASCII, eight bytes at a time; returns how many.
std::size_t copy_ascii(std::span<const char> in, std::size_t from, Output& out) {
  std::size_t i = from;
  for (; i + kAsciiStep <= in.size(); i += kAsciiStep) {
    std::uint64_t word;
    std::memcpy(&word, in.data() + i, kAsciiStep);
    if ((word & 0x8080808080808080U) != 0) break;
    std::memcpy(out.at, &word, kAsciiStep);
    out.at += kAsciiStep;
  }
  return i - from;
}

constexpr std::uint32_t kNone = 0;
// Windows-1252's bytes 80 to 9F; 81, 8D, 8F, 90 and 9D mean nothing.
constexpr std::array<std::uint32_t, 32> kWindows1252 = {0x20AC, kNone,  0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, kNone,  0x017D, kNone,
                                                        kNone,  0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, kNone,  0x017E, 0x0178};

Utf8Step from_single_bytes(bool windows, OnInvalid on_invalid, std::span<const char> in, Output out) {
  for (std::size_t i = 0; i < in.size();) {
    i += copy_ascii(in, i, out);
    for (const std::size_t stop = std::min(in.size(), i + kAsciiStep); i < stop; ++i) {
      const unsigned char byte = byte_at(in, i);
      if (!windows || byte < 0x80 || byte >= 0xA0) {
        out.code_point(byte);
      } else if (const std::uint32_t c = kWindows1252[byte - 0x80]; c != kNone) {
        out.code_point(c);
      } else if (!out.invalid(on_invalid)) {
        return out.stop(i);
      }
    }
  }
  return out.step(in.size());
}

Utf8Step from_utf16(bool big, OnInvalid on_invalid, std::span<const char> in, bool end, Output out) {
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    return big ? (std::uint32_t{byte_at(in, i)} << 8) | byte_at(in, i + 1)
               : byte_at(in, i) | (std::uint32_t{byte_at(in, i + 1)} << 8);
  };
  const std::uint64_t ascii_mask = big ? 0x80FF80FF80FF80FFU : 0xFF80FF80FF80FF80U;
  std::size_t i = 0;
  while (i + 2 <= in.size()) {
    std::uint64_t four;
    while (i + 8 <= in.size() && (std::memcpy(&four, in.data() + i, 8), (four & ascii_mask) == 0)) {
      const std::uint64_t low = big ? four >> 8 : four;
      const char ascii[4] = {static_cast<char>(low), static_cast<char>(low >> 16), static_cast<char>(low >> 32),
                             static_cast<char>(low >> 48)};
      std::memcpy(out.at, ascii, 4);
      out.at += 4;
      i += 8;
    }
    if (i + 2 > in.size()) break;
    const std::uint32_t first = unit(i);
    if (first < 0xD800 || first > 0xDFFF) {
      out.code_point(first);
      i += 2;
      continue;
    }
    if (first < 0xDC00) {
      if (i + 4 > in.size() && !end) return out.step(i);
      if (const std::uint32_t second = i + 4 <= in.size() ? unit(i + 2) : 0; second >= 0xDC00 && second <= 0xDFFF) {
        out.code_point(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
        i += 4;
        continue;
      }
    }
    if (!out.invalid(on_invalid)) return out.stop(i);
    i += 2;
  }
  if (i < in.size() && end) {
    if (!out.invalid(on_invalid)) return out.stop(i);
    i = in.size();
  }
  return out.step(i);
}

// Which bytes may come second; the first and the count follow from the lead (Unicode, table 3-7).
struct Lead {
  std::uint8_t length = 0;  // 0: no character begins with this byte
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

constexpr Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2 || byte > 0xF4) return {0};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {4};
}

// Bytes of in[i...] that begin a character as they should: the whole character, or a maximal part of one.
std::size_t valid_part(std::span<const char> in, std::size_t i, const Lead& lead) {
  std::size_t length = 1;
  while (length < lead.length && i + length < in.size()) {
    const unsigned char byte = byte_at(in, i + length);
    const bool fits = length == 1 ? byte >= lead.second_min && byte <= lead.second_max : (byte & 0xC0) == 0x80;
    if (!fits) break;
    ++length;
  }
  return length;
}

Utf8Step from_utf8(OnInvalid on_invalid, std::span<const char> in, bool end, Output out) {
  std::size_t i = 0;
  while (i < in.size()) {
    i += copy_ascii(in, i, out);
    if (i == in.size()) break;
    const Lead lead = lead_of(byte_at(in, i));
    const std::size_t length = valid_part(in, i, lead);
    if (length == lead.length) {
      std::memcpy(out.at, in.data() + i, length);
      out.at += length;
    } else if (lead.length != 0 && i + length == in.size() && !end) {
      return out.step(i);
    } else if (!out.invalid(on_invalid)) {
      return out.stop(i);
    }
    i += length;
  }
  return out.step(i);
}

}  // namespace

std::string_view encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8:
      return "utf-8";
    case Encoding::kUtf16:
      return "utf-16";
    case Encoding::kUtf16Le:
      return "utf-16le";
    case Encoding::kUtf16Be:
      return "utf-16be";
    case Encoding::kLatin1:
      return "latin-1";
    case Encoding::kWindows1252:
      return "windows-1252";
  }
  return "";
}

bool is_passed_through(const SourceSpec& source) {
  return source.encoding == Encoding::kUtf8 && source.on_invalid == OnInvalid::kReject;
}

Utf8Step to_utf8(Encoding encoding, OnInvalid on_invalid, std::span<const char> in, bool end, std::span<char> out) {
  TIPPLE_CHECK(out.size() / kUtf8GrowthMax >= in.size(), "no room for the text");
  const Output output{out.data(), out.data()};
  switch (encoding) {
    case Encoding::kUtf8:
      if (on_invalid != OnInvalid::kReject) return from_utf8(on_invalid, in, end, output);
      std::copy(in.begin(), in.end(), out.begin());
      return {in.size(), in.size(), std::nullopt};
    case Encoding::kUtf16Le:
      return from_utf16(false, on_invalid, in, end, output);
    case Encoding::kUtf16Be:
      return from_utf16(true, on_invalid, in, end, output);
    case Encoding::kLatin1:
      return from_single_bytes(false, on_invalid, in, output);
    case Encoding::kWindows1252:
      return from_single_bytes(true, on_invalid, in, output);
    case Encoding::kUtf16:
      break;
  }
  TIPPLE_CHECK(false, "the byte order of UTF-16 is not known");
  return {};
}

}  // namespace tipple
