// Text functions that change or measure one text. Those that take a text apart are in expression_text_parts.cpp.
#include <openssl/evp.h>

#include <fmt/format.h>

#include "transforms/expression_text.h"
#include "transforms/expression_utf8.h"

namespace tipple {
namespace {

std::int64_t text_bytes(const ExprVector& vector, std::int64_t rows) {
  if (vector.scalar) return rows * static_cast<std::int64_t>(vector.text_at(0).size());
  const auto* offsets = reinterpret_cast<const std::int32_t*>(vector.values);
  return offsets[vector.rows] - offsets[0];
}

// A letter of ASCII in the other case is 32 away.
template <bool kUpper>
Result<ExprVector> change_case(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  constexpr char kFirst = kUpper ? 'a' : 'A';
  return map_text(
      context, call.type(), arguments, text_bytes(arguments[0], context.rows),
      [&](std::int64_t row, ExprTextBuilder& out) {
        const std::string_view text = arguments[0].text_at(row);
        if (is_ascii(text)) [[likely]] {
          char* to = out.claim(text.size());
          if (to == nullptr) return false;
          for (const char c : text) {
            const bool letter = static_cast<unsigned char>(c - kFirst) < 26;
            *to++ = static_cast<char>(c ^ (letter ? 0x20 : 0));
          }
          return true;
        }
        for (std::size_t at = 0; at < text.size();) {
          const std::int32_t code = take_code_point(text, &at);
          char bytes[4];
          out.append({bytes, put_code_point(kUpper ? upper_code_point(code) : lower_code_point(code), bytes)});
        }
        return true;
      });
}

Result<ExprVector> initcap(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(
      context, call.type(), arguments, text_bytes(arguments[0], context.rows),
      [&](std::int64_t row, ExprTextBuilder& out) {
        const std::string_view text = arguments[0].text_at(row);
        bool inside = false;
        for (std::size_t at = 0; at < text.size();) {
          const std::int32_t code = take_code_point(text, &at);
          char bytes[4];
          out.append({bytes, put_code_point(inside ? lower_code_point(code) : upper_code_point(code), bytes)});
          inside = is_word_character(code);
        }
        return true;
      });
}

Result<ExprVector> reverse(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, text_bytes(arguments[0], context.rows),
                  [&](std::int64_t row, ExprTextBuilder& out) {
                    const std::string_view text = arguments[0].text_at(row);
                    char* to = out.claim(text.size());
                    if (to == nullptr) return false;
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

Result<ExprVector> length(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    *out = static_cast<std::int32_t>(character_count(arguments[0].text_at(row)));
    return true;
  });
}

Result<ExprVector> octet_length(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    *out = static_cast<std::int32_t>(arguments[0].text_at(row).size());
    return true;
  });
}

Result<ExprVector> ascii(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    const std::string_view text = arguments[0].text_at(row);
    std::size_t at = 0;
    *out = text.empty() ? 0 : take_code_point(text, &at);
    return true;
  });
}

Result<ExprVector> chr(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::int64_t code = arguments[0].at<std::int64_t>(row);
    if (code < 1 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      context.fault(row, "domain", fmt::format("{} is no character's code point", code));
      return false;
    }
    char bytes[4];
    out.append({bytes, put_code_point(static_cast<std::int32_t>(code), bytes)});
    return true;
  });
}

Result<ExprVector> to_hex(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    char digits[24];
    const auto end = fmt::format_to(digits, "{:x}", arguments[0].at<std::uint64_t>(row));
    out.append({digits, static_cast<std::size_t>(end - digits)});
    return true;
  });
}

template <const EVP_MD* (*kAlgorithm)()>
Result<ExprVector> digest(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return map_text(context, call.type(), arguments, context.rows * 64, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::string_view text = arguments[0].text_at(row);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int count = 0;
    const bool made = state != nullptr && EVP_DigestInit_ex(state.get(), kAlgorithm(), nullptr) == 1 &&
                      EVP_DigestUpdate(state.get(), text.data(), text.size()) == 1 &&
                      EVP_DigestFinal_ex(state.get(), bytes, &count) == 1;
    if (!made) {
      // A system in FIPS mode has no MD5.
      context.fault(row, "domain", "the system's cryptographic library does not provide this digest");
      return false;
    }
    char* to = out.claim(std::size_t{count} * 2);
    if (to == nullptr) return false;
    for (unsigned int i = 0; i < count; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      *to++ = kDigits[bytes[i] >> 4];
      *to++ = kDigits[bytes[i] & 15];
    }
    return true;
  });
}

Result<ExprVector> concatenate(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  std::int64_t bytes = 0;
  for (const ExprVector& argument : arguments) bytes += text_bytes(argument, context.rows);
  return map_text(context, call.type(), arguments, bytes, [&](std::int64_t row, ExprTextBuilder& out) {
    for (const ExprVector& argument : arguments) out.append(argument.text_at(row));
    return true;
  });
}

// NULLs are left out; `first`: the argument after the separator, if there is one.
Result<ExprVector> join(ExprContext& context, const ExprCall& call, ExprArguments arguments, std::size_t first) {
  return map_text(context, call.type(), arguments.first(first), context.rows * 16,
                  [&](std::int64_t row, ExprTextBuilder& out) {
                    bool any = false;
                    for (const ExprVector& argument : arguments.subspan(first)) {
                      if (!argument.is_valid(row)) continue;
                      if (any && first == 1) out.append(arguments[0].text_at(row));
                      out.append(argument.text_at(row));
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
  return text_part_kernel(expr);
}

}  // namespace tipple
