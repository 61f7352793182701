#include "cli/replay_encoding.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "formats/text_encoding.h"

namespace tipple {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kLoneSurrogate = 0xD800;  // no character in UTF-16
constexpr char kUndefinedWindows1252 = '\x81';

// The character at `at`, which is left behind it; nothing for a byte that begins none.
std::optional<std::uint32_t> take_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first == 0xFF || (first >= 0x80 && first < 0xC0) || at + length > text.size()) {
    ++at;
    return std::nullopt;
  }
  std::uint32_t character = length == 1 ? first : first & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) character = (character << 6) | (byte(at + i) & 0x3F);
  at += length;
  return character;
}

void append_utf16(std::uint32_t unit, bool big_endian, std::string& out) {
  const char high = static_cast<char>(unit >> 8);
  const char low = static_cast<char>(unit & 0xFF);
  out += big_endian ? high : low;
  out += big_endian ? low : high;
}

void append_utf16_character(std::uint32_t character, bool big_endian, std::string& out) {
  if (character < 0x10000) return append_utf16(character, big_endian, out);
  append_utf16(0xD800 + ((character - 0x10000) >> 10), big_endian, out);
  append_utf16(0xDC00 + ((character - 0x10000) & 0x3FF), big_endian, out);
}

// The byte of Windows-1252 for a character that Latin-1 does not have there.
std::optional<char> windows_byte(std::uint32_t character) {
  static const auto table = [] {
    std::array<std::uint32_t, 32> characters{};
    for (int i = 0; i < 32; ++i) {
      const char byte = static_cast<char>(0x80 + i);
      std::array<char, kUtf8GrowthMax> utf8{};
      const Utf8Step step = to_utf8(Encoding::kWindows1252, OnInvalid::kReject, std::span(&byte, 1), true, utf8);
      std::size_t at = 0;
      characters[static_cast<std::size_t>(i)] =
          take_character(std::string_view(utf8.data(), step.made), at).value_or(0);
    }
    return characters;
  }();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i] == character) return static_cast<char>(0x80 + i);
  }
  return std::nullopt;
}

std::optional<char> single_byte(std::uint32_t character, bool windows) {
  const bool own_block = character >= 0x80 && character < 0xA0;
  if (character < 0x100 && !(windows && own_block)) return static_cast<char>(character);
  return windows ? windows_byte(character) : std::nullopt;
}

EncodedText to_single_bytes(std::string_view text, bool windows) {
  EncodedText encoded;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = take_character(text, at);
    const auto byte = character ? single_byte(*character, windows) : std::nullopt;
    encoded.bytes += byte.value_or(kUndefinedWindows1252);
    encoded.lossy |= !byte;
  }
  return encoded;
}

EncodedText to_utf16(std::string_view text, bool big_endian, bool replaced) {
  EncodedText encoded;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = take_character(text, at);
    const bool lost = !character || (replaced && *character == kReplacement);
    append_utf16_character(lost ? kLoneSurrogate : *character, big_endian, encoded.bytes);
    encoded.lossy |= lost;
  }
  return encoded;
}

}  // namespace

EncodedText encode_text(std::string_view text, const SourceSpec& source) {
  const bool replaced = source.on_invalid == OnInvalid::kReplace;
  switch (source.encoding) {
    case Encoding::kUtf8:
      return {std::string(text), replaced && text.find("\xEF\xBF\xBD") != std::string_view::npos};
    case Encoding::kUtf16:
    case Encoding::kUtf16Le:
      return to_utf16(text, false, replaced);
    case Encoding::kUtf16Be:
      return to_utf16(text, true, replaced);
    case Encoding::kLatin1:
      return to_single_bytes(text, false);
    case Encoding::kWindows1252:
      return to_single_bytes(text, true);
  }
  TIPPLE_CHECK(false, "unknown encoding");
}

std::string decode_text(std::string_view bytes, const SourceSpec& source) {
  const Encoding encoding = source.encoding == Encoding::kUtf16 ? Encoding::kUtf16Le : source.encoding;
  const OnInvalid on_invalid = source.on_invalid == OnInvalid::kFail ? OnInvalid::kReject : source.on_invalid;
  std::string text(bytes.size() * kUtf8GrowthMax, '\0');
  const Utf8Step step = to_utf8(encoding, on_invalid, bytes, true, text);
  text.resize(step.made);
  return text;
}

std::string_view byte_order_mark(const SourceSpec& source) {
  return source.encoding == Encoding::kUtf16 ? "\xFF\xFE" : "";
}

}  // namespace tipple
