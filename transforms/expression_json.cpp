// Functions of JSON texts. A text that is not JSON is a fault "json"; nesting is bounded before anything is built.
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/csv_rule.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

using Json = nlohmann::ordered_json;  // members keep their order when a part is printed again

constexpr int kNestingMax = 64;

// Brackets outside quotes; a parser that recurses must not see more.
bool nested_too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kNestingMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// False: a fault, which is noted.
bool parse(ExprContext& context, std::int64_t row, std::string_view text, Json* out) {
  if (nested_too_deep(text)) {
    context.fault(row, "json", fmt::format("the JSON text is nested deeper than {} levels", kNestingMax));
    return false;
  }
  *out = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!out->is_discarded()) return true;
  context.fault(row, "json", fmt::format("{} is not a JSON text", printable_text(text)));
  return false;
}

// A member of an object, an element of an array (from 0; from the end if negative); null: nothing there.
const Json* step(const Json& at, std::string_view key) {
  if (at.is_object()) {
    const auto found = at.find(std::string(key));
    return found == at.end() ? nullptr : &*found;
  }
  if (!at.is_array()) return nullptr;
  std::int64_t index = 0;
  const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (failed != std::errc() || end != key.data() + key.size()) return nullptr;
  const auto size = static_cast<std::int64_t>(at.size());
  if (index < 0) index += size;
  return index < 0 || index >= size ? nullptr : &at[static_cast<std::size_t>(index)];
}

template <bool kText>
Result<ExprVector> extract_json(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextWriter& out) {
    Json document;
    if (!parse(context, row, arguments[0].text_at(row), &document)) return false;
    const Json* at = &document;
    for (const ExprVector& key : arguments.subspan(1)) {
      at = step(*at, key.text_at(row));
      if (at == nullptr) return false;
    }
    if (kText && at->is_null()) return false;
    if (kText && at->is_string())
      out.append(at->get_ref<const std::string&>());
    else
      out.append(at->dump(-1, ' ', false, Json::error_handler_t::replace));
    return true;
  });
}

Result<ExprVector> type_name(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextWriter& out) {
    Json document;
    if (!parse(context, row, arguments[0].text_at(row), &document)) return false;
    out.append(document.type_name());
    return true;
  });
}

Result<ExprVector> array_length(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    Json document;
    if (!parse(context, row, arguments[0].text_at(row), &document)) return false;
    if (!document.is_array()) {
      context.fault(row, "json", fmt::format("a JSON {} is no array", document.type_name()));
      return false;
    }
    *out = static_cast<std::int32_t>(document.size());
    return true;
  });
}

}  // namespace

ExprKernel json_kernel(const TypedExpr& expr) {
  if (expr.function == "json_extract") return extract_json<false>;
  if (expr.function == "json_extract_text") return extract_json<true>;
  if (expr.function == "json_typeof") return type_name;
  return expr.function == "json_array_length" ? array_length : nullptr;
}

}  // namespace tipple
