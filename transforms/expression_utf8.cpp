#include "transforms/expression_utf8.h"

#include <utf8proc.h>

namespace tipple {

std::int32_t take_code_point(std::string_view text, std::size_t* at) {
  utf8proc_int32_t code = 0;
  const auto left = static_cast<utf8proc_ssize_t>(text.size() - *at);
  const utf8proc_ssize_t taken =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + *at, left, &code);
  if (taken <= 0) return static_cast<unsigned char>(text[(*at)++]);
  *at += static_cast<std::size_t>(taken);
  return code;
}

std::size_t put_code_point(std::int32_t code, char* out) {
  return static_cast<std::size_t>(utf8proc_encode_char(code, reinterpret_cast<utf8proc_uint8_t*>(out)));
}

std::int32_t lower_code_point(std::int32_t code) { return utf8proc_tolower(code); }

std::int32_t upper_code_point(std::int32_t code) {
  constexpr std::int32_t kSharpS = 0xDF;  // its capital is not used in running text; PostgreSQL leaves it, too
  return code == kSharpS ? code : utf8proc_toupper(code);
}

bool is_word_character(std::int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
      return true;
    default:
      return false;  // of the library's 30 categories, the others
  }
}

std::string_view lower_text(std::string_view text, const char* readable_end, std::string* scratch) {
  if (scratch->size() < text.size() + kShortTextBytes) scratch->resize(text.size() + kShortTextBytes);
  if (put_ascii_case<false>(text, readable_end, scratch->data())) return {scratch->data(), text.size()};
  scratch->clear();
  for (std::size_t at = 0; at < text.size();) {
    char bytes[4];
    const std::size_t count = put_code_point(lower_code_point(take_code_point(text, &at)), bytes);
    scratch->append(bytes, count);
  }
  return *scratch;
}

}  // namespace tipple
