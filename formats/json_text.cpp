#include "formats/json_text.h"

namespace tipple {
namespace {

constexpr std::uint32_t kNoCodePoint = 0xFFFFFFFF;

// Four hexadecimal digits at the front of `text`; kNoCodePoint if there are none.
std::uint32_t hex4(std::string_view text) {
  if (text.size() < 4) return kNoCodePoint;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    value <<= 4;
    if (c >= '0' && c <= '9') {
      value |= static_cast<std::uint32_t>(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      value |= static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return kNoCodePoint;
    }
  }
  return value;
}

// The code point of the \u escape whose digits begin `text`, with its second half if it needs one; taken off.
std::uint32_t take_code_point(std::string_view& text) {
  const std::uint32_t high = hex4(text);
  if (high == kNoCodePoint) return kNoCodePoint;
  text.remove_prefix(4);
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || !text.starts_with("\\u")) return kNoCodePoint;
  const std::uint32_t low = hex4(text.substr(2));
  if (low < 0xDC00 || low > 0xDFFF) return kNoCodePoint;
  text.remove_prefix(6);
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

template <typename Put>
void put_utf8(std::uint32_t code_point, Put put) {
  const auto tail = [&](std::uint32_t shift) { put(static_cast<char>(0x80 | (code_point >> shift & 0x3F))); };
  if (code_point < 0x80) {
    put(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    put(static_cast<char>(0xC0 | code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    put(static_cast<char>(0xE0 | code_point >> 12));
    tail(6);
    tail(0);
  } else {
    put(static_cast<char>(0xF0 | code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// What \c stands for, or 0 if it is no escape (or \u).
char plain_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

// put_text(piece) and put(byte), in order.
template <typename PutText, typename Put>
bool unescape(std::string_view text, PutText put_text, Put put) {
  while (true) {
    const std::size_t backslash = text.find('\\');
    put_text(text.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    text.remove_prefix(backslash + 1);
    if (text.empty()) return false;
    const char letter = text[0];
    text.remove_prefix(1);
    if (letter == 'u') {
      const std::uint32_t code_point = take_code_point(text);
      if (code_point == kNoCodePoint) return false;
      put_utf8(code_point, put);
    } else {
      const char plain = plain_escape(letter);
      if (plain == 0) return false;
      put(plain);
    }
  }
}

}  // namespace

bool append_unescaped(std::string_view string, std::vector<char>& out) {
  return unescape(
      string, [&out](std::string_view piece) { out.insert(out.end(), piece.begin(), piece.end()); },
      [&out](char c) { out.push_back(c); });
}

bool has_good_escapes(std::string_view string) {
  return unescape(
      string, [](std::string_view) {}, [](char) {});
}

bool is_json_number(const char* text, std::size_t size) {
  const char* const end = text + size;
  const auto digits = [&] {
    const char* const begin = text;
    while (text != end && static_cast<unsigned char>(*text - '0') < 10) ++text;
    return text - begin;
  };
  if (text != end && *text == '-') ++text;
  const bool zero = text != end && *text == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text == end) return true;
  if (*text == '.') {
    ++text;
    if (digits() == 0) return false;
    if (text == end) return true;
  }
  if ((*text | 0x20) != 'e') return false;
  ++text;
  if (text != end && (*text == '+' || *text == '-')) ++text;
  return digits() > 0 && text == end;
}

void append_minified(std::string_view json, std::vector<char>& out) {
  bool inside = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!inside && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    out.push_back(c);
    if (c == '"') {
      inside = !inside;
    } else if (c == '\\' && inside) {
      out.push_back(json[++i]);
    }
  }
}

}  // namespace tipple
