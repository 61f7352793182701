// Text functions that change or measure one text. Those that take a text apart are in expression_text_parts.cpp.
#include <openssl/evp.h>

#include <bit>

#include <fmt/format.h>

#include "base/check.h"
#include "transforms/expression_text.h"

namespace tipple {
namespace {

std::int64_t bytes_guess(const ExprVector& vector, std::int64_t rows) {
  const auto bytes = static_cast<std::int64_t>(joined_texts(vector).size());
  return vector.scalar ? rows * bytes : bytes;
}

void append_code_point(std::int32_t code, ExprTextWriter& out) {
  char* to = out.room(4);
  if (to != nullptr) out.advance_to(to + put_code_point(code, to));
}

template <bool kUpper>
Result<ExprVector> change_case(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  if (maps_by_bytes(context, arguments[0])) {
    TIPPLE_TRY(ExprVector result, new_texts_like(context, call.type(), arguments[0]));
    const std::string_view from = joined_texts(arguments[0]);
    char* to = reinterpret_cast<char*>(result.text_buffer->mutable_data());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = ascii_case<kUpper>(from[i]);
    return result;
  }
  return map_text(context, call.type(), arguments, bytes_guess(arguments[0], context.rows),
                  [texts = ExprTexts(arguments[0])](std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    char* to = out.room(text.size());
                    if (to == nullptr) return false;
                    if (put_ascii_case<kUpper>(text, texts.readable_end(), to)) [[likely]] {
                      out.advance_to(to + text.size());
                      return true;
                    }
                    for (std::size_t at = 0; at < text.size();) {
                      if (static_cast<signed char>(text[at]) >= 0) {
                        const char c = ascii_case<kUpper>(text[at++]);
                        out.append({&c, 1});
                        continue;
                      }
                      const std::int32_t code = take_code_point(text, &at);
                      append_code_point(kUpper ? upper_code_point(code) : lower_code_point(code), out);
                    }
                    return true;
                  });
}

Result<ExprVector> initcap(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ExprTexts texts(arguments[0]);
  if (maps_by_bytes(context, arguments[0])) {
    TIPPLE_TRY(ExprVector result, new_texts_like(context, call.type(), arguments[0]));
    const std::string_view from = joined_texts(arguments[0]);
    char* to = reinterpret_cast<char*>(result.text_buffer->mutable_data());
    // What stands before a letter decides, whatever text it belongs to; the first ones are set right behind that.
    for (std::size_t i = 1; i < from.size(); ++i)
      to[i] = is_ascii_word(from[i - 1]) ? ascii_case<false>(from[i]) : ascii_case<true>(from[i]);
    for (std::int64_t row = 0; row < context.rows; ++row) {
      const std::string_view text = texts[row];
      if (!text.empty()) to[text.data() - from.data()] = ascii_case<true>(text.front());
    }
    return result;
  }
  return map_text(context, call.type(), arguments, bytes_guess(arguments[0], context.rows),
                  [texts](std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    bool inside = false;
                    for (std::size_t at = 0; at < text.size();) {
                      const std::int32_t code = take_code_point(text, &at);
                      append_code_point(inside ? lower_code_point(code) : upper_code_point(code), out);
                      inside = is_word_character(code);
                    }
                    return true;
                  });
}

Result<ExprVector> reverse(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ExprTexts texts(arguments[0]);
  const bool ascii = is_ascii(joined_texts(arguments[0]));
  return map_text(context, call.type(), arguments, bytes_guess(arguments[0], context.rows),
                  [texts, ascii](std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    char* to = out.room(text.size());
                    if (to == nullptr) return false;
                    out.advance_to(to + text.size());
                    if (ascii) {
                      std::size_t left = text.size();
                      for (; left >= 8; left -= 8, to += 8) {
                        std::uint64_t word;
                        std::memcpy(&word, text.data() + left - 8, 8);
                        word = __builtin_bswap64(word);
                        std::memcpy(to, &word, 8);
                      }
                      std::uint64_t word = 0;
                      if (texts.readable_end() - text.data() >= 8) [[likely]]
                        std::memcpy(&word, text.data(), 8);
                      else
                        word = short_word(text.data(), left);
                      // Its first bytes, now the highest ones: in two halves, a shift by 64 is not defined.
                      word = __builtin_bswap64(word) >> (32 - 4 * left) >> (32 - 4 * left);
                      std::memcpy(to, &word, 8);
                      return true;
                    }
                    to += text.size();
                    for (std::size_t at = 0; at < text.size();) {
                      const std::size_t bytes = character_bytes(text, at);
                      to -= bytes;
                      std::memcpy(to, text.data() + at, bytes);
                      at += bytes;
                    }
                    return true;
                  });
}

Result<ExprVector> octet_length(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_total<std::int32_t>(context, call.type(), arguments, [texts = ExprTexts(arguments[0])](std::int64_t row) {
    return static_cast<std::int32_t>(texts[row].size());
  });
}

Result<ExprVector> length(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  if (ExprCharacters(arguments[0]).ascii()) return octet_length(context, call, arguments);
  return map_total<std::int32_t>(context, call.type(), arguments, [texts = ExprTexts(arguments[0])](std::int64_t row) {
    const std::string_view text = texts[row];
#if defined(__SSE2__)
    if (is_short_text(text, texts.readable_end()) && begins_character(text.front())) [[likely]]
      return static_cast<std::int32_t>(std::popcount(short_beginnings(text)));
#endif
    return static_cast<std::int32_t>(character_count(text));
  });
}

Result<ExprVector> ascii(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(
      context, call.type(), arguments, [texts = ExprTexts(arguments[0])](std::int64_t row, std::int32_t* out) {
        const std::string_view text = texts[row];
        std::size_t at = 0;
        if (text.empty())
          *out = 0;
        else
          *out = static_cast<signed char>(text.front()) >= 0 ? text.front() : take_code_point(text, &at);
        return true;
      });
}

Result<ExprVector> chr(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 2,
                  [&context, codes = ExprValues<std::int64_t>(arguments[0])](std::int64_t row, ExprTextWriter& out) {
                    const std::int64_t code = codes[row];
                    if (code < 1 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
                      context.fault(row, "domain", fmt::format("{} is no character's code point", code));
                      return false;
                    }
                    append_code_point(static_cast<std::int32_t>(code), out);
                    return true;
                  });
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

Result<ExprVector> to_hex(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8,
                  [values = ExprValues<std::uint64_t>(arguments[0])](std::int64_t row, ExprTextWriter& out) {
                    const std::uint64_t value = values[row];
                    const int digits = value == 0 ? 1 : (67 - std::countl_zero(value)) / 4;
                    char* to = out.room(16);
                    if (to == nullptr) return false;
                    for (int digit = digits - 1; digit >= 0; --digit) *to++ = kHexDigits[value >> (4 * digit) & 15];
                    out.advance_to(to);
                    return true;
                  });
}

// One state for all rows: choosing the algorithm costs more than a short text's digest.
template <const EVP_MD* (*kAlgorithm)()>
Result<ExprVector> digest(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool ready = state != nullptr && EVP_DigestInit_ex(state.get(), kAlgorithm(), nullptr) == 1;
  return map_text(context, call.type(), arguments, context.rows * 64,
                  [&, texts = ExprTexts(arguments[0])](std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    unsigned char bytes[EVP_MAX_MD_SIZE];
                    unsigned int count = 0;
                    const bool made = ready && EVP_DigestInit_ex(state.get(), nullptr, nullptr) == 1 &&
                                      EVP_DigestUpdate(state.get(), text.data(), text.size()) == 1 &&
                                      EVP_DigestFinal_ex(state.get(), bytes, &count) == 1;
                    if (!made) {
                      // A system in FIPS mode has no MD5.
                      context.fault(row, "domain", "the system's cryptographic library does not provide this digest");
                      return false;
                    }
                    char* to = out.room(std::size_t{count} * 2);
                    if (to == nullptr) return false;
                    for (unsigned int i = 0; i < count; ++i) {
                      *to++ = kHexDigits[bytes[i] >> 4];
                      *to++ = kHexDigits[bytes[i] & 15];
                    }
                    out.advance_to(to);
                    return true;
                  });
}

std::vector<ExprTexts> readers_of(ExprArguments arguments) { return {arguments.begin(), arguments.end()}; }

Result<ExprVector> concatenate(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  std::int64_t bytes = 0;
  for (const ExprVector& argument : arguments) bytes += bytes_guess(argument, context.rows);
  const std::vector<ExprTexts> texts = readers_of(arguments);
  return map_text(context, call.type(), arguments, bytes,
                  [begin = texts.data(), end = texts.data() + texts.size()](std::int64_t row, ExprTextWriter& out) {
                    for (const ExprTexts* one = begin; one != end; ++one) out.append((*one)[row], one->readable_end());
                    return true;
                  });
}

// NULLs are left out; `first`: the argument after the separator, if there is one.
Result<ExprVector> join(ExprContext& context, const ExprCall& call, ExprArguments arguments, std::size_t first) {
  std::int64_t bytes = 0;
  for (const ExprVector& argument : arguments.subspan(first))
    bytes += argument.scalar ? context.rows * 8 : bytes_guess(argument, context.rows);
  const std::vector<ExprTexts> texts = readers_of(arguments);
  return map_text(context, call.type(), arguments.first(first), bytes, [&](std::int64_t row, ExprTextWriter& out) {
    bool any = false;
    for (std::size_t i = first; i < arguments.size(); ++i) {
      if (!arguments[i].is_valid(row)) continue;
      if (any && first == 1) out.append(texts[0][row], texts[0].readable_end());
      out.append(texts[i][row], texts[i].readable_end());
      any = true;
    }
    return true;
  });
}
Result<ExprVector> concat(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return join(context, call, arguments, 0);
}
Result<ExprVector> concat_ws(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return join(context, call, arguments, 1);
}

}  // namespace

bool maps_by_bytes(const ExprContext& context, const ExprVector& texts) {
  const std::string_view joined = joined_texts(texts);
  if (texts.scalar || static_cast<std::int64_t>(joined.size()) > kExprTextBytesMax || !is_ascii(joined)) return false;
  const auto* offsets = reinterpret_cast<const std::int32_t*>(texts.values);
  std::int32_t longest = 0;
  for (std::int64_t row = 0; row < context.rows; ++row) longest = std::max(longest, offsets[row + 1] - offsets[row]);
  return longest <= static_cast<std::int32_t>(limits::kFieldBytesMax);
}

Result<ExprVector> new_texts_like(const ExprContext& context, const DataType& type, const ExprVector& texts) {
  ExprTextColumn column(context);
  const auto bytes = static_cast<std::int64_t>(joined_texts(texts).size());
  TIPPLE_TRY(ExprTextWriter writer, column.begin(bytes));
  char* to = writer.room(static_cast<std::size_t>(bytes));
  TIPPLE_CHECK(to != nullptr, "there is room for what began with it");
  writer.advance_to(to + bytes);
  const auto* from = reinterpret_cast<const std::int32_t*>(texts.values);
  std::int32_t* offsets = column.offsets();
  for (std::int64_t row = 0; row <= context.rows; ++row) offsets[row] = from[row] - from[0];
  TIPPLE_TRY(ExprVector result, column.finish(type, writer));
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, {&texts, 1}, &result));
  return result;
}

ExprKernel text_kernel(const TypedExpr& expr) {
  const std::pair<std::string_view, ExprKernel> kKernels[] = {
      {"lower", change_case<false>},
      {"upper", change_case<true>},
      {"initcap", initcap},
      {"reverse", reverse},
      {"length", length},
      {"octet_length", octet_length},
      {"ascii", ascii},
      {"chr", chr},
      {"to_hex", to_hex},
      {"md5", digest<EVP_md5>},
      {"sha256", digest<EVP_sha256>},
      {"concatenate", concatenate},
      {"concat", concat},
      {"concat_ws", concat_ws},
  };
  for (const auto& [name, kernel] : kKernels) {
    if (expr.function == name) return kernel;
  }
  if (const ExprKernel kernel = text_part_kernel(expr); kernel != nullptr) return kernel;
  return text_find_kernel(expr);
}

}  // namespace tipple
