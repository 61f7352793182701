// Comparisons and tests for null and truth: bitmaps out, a word of 64 rows at a time.
#include <array>
#include <numeric>

#include "base/check.h"
#include "transforms/expression_order.h"

namespace tipple {
namespace {

struct Equal {
  template <typename T>
  static bool of(T a, T b) {
    return order_equal(a, b);
  }
};
struct NotEqual {
  template <typename T>
  static bool of(T a, T b) {
    return !order_equal(a, b);
  }
};
struct Less {
  template <typename T>
  static bool of(T a, T b) {
    return order_less(a, b);
  }
};
struct LessEqual {
  template <typename T>
  static bool of(T a, T b) {
    return !order_less(b, a);
  }
};
struct Greater {
  template <typename T>
  static bool of(T a, T b) {
    return order_less(b, a);
  }
};
struct GreaterEqual {
  template <typename T>
  static bool of(T a, T b) {
    return !order_less(a, b);
  }
};

template <typename Op, typename T>
void compare_values(const ExprVector& a, const ExprVector& b, std::int64_t rows, std::uint64_t* words) {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    const auto aligned = [](const ExprVector& v) {
      return reinterpret_cast<std::uintptr_t>(v.values) % alignof(T) == 0;
    };
    if (aligned(a) && aligned(b) && !a.scalar && !b.scalar) {
      const T* left = reinterpret_cast<const T*>(a.values);
      const T* right = reinterpret_cast<const T*>(b.values);
      fill_bits(rows, words, [left, right](std::int64_t i) { return Op::of(left[i], right[i]); });
      return;
    }
    if (aligned(a) && aligned(b) && !a.scalar) {
      const T* left = reinterpret_cast<const T*>(a.values);
      const T value = *reinterpret_cast<const T*>(b.values);
      fill_bits(rows, words, [left, value](std::int64_t i) { return Op::of(left[i], value); });
      return;
    }
  }
  if constexpr (std::is_same_v<T, std::string_view> && (std::is_same_v<Op, Equal> || std::is_same_v<Op, NotEqual>)) {
    if (b.scalar) {
      fill_bits(rows, words, [texts = ExprTexts(a), text = ConstantText(b.text_at(0))](std::int64_t i) {
        return text.is(texts[i], texts.readable_end()) == std::is_same_v<Op, Equal>;
      });
      return;
    }
  }
  using Reader = typename ExprOrdered<T>::Reader;
  const Reader left(a);
  const Reader right(b);
  if (b.scalar) {
    fill_bits(rows, words, [left, value = right[0]](std::int64_t i) { return Op::of(left[i], value); });
  } else {
    fill_bits(rows, words, [left, right](std::int64_t i) { return Op::of(left[i], right[i]); });
  }
}

template <typename Op>
Result<ExprVector> compare(ExprContext& context, const ExprVector& a, const ExprVector& b) {
  DataType type;
  type.kind = TypeKind::kBool;
  TIPPLE_TRY(ExprVector result, new_vector(context, type));
  const std::array<ExprVector, 2> both = {a, b};
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, both, &result));
  auto* words = result.mutable_values<std::uint64_t>();
  with_value_type(a.type, [&](auto zero) { compare_values<Op, decltype(zero)>(a, b, context.rows, words); });
  return result;
}

template <typename Op>
Result<ExprVector> compare_call(ExprContext& context, const ExprCall&, ExprArguments arguments) {
  return compare<Op>(context, arguments[0], arguments[1]);
}

// NULL is a value of its own.
template <bool kDistinct>
Result<ExprVector> distinct(ExprContext& context, const ExprCall&, ExprArguments arguments) {
  TIPPLE_TRY(ExprVector result, compare<NotEqual>(context, arguments[0], arguments[1]));
  auto* words = result.mutable_values<std::uint64_t>();
  for (std::int64_t w = 0; w < bitmap_words(context.rows); ++w) {
    const std::uint64_t a = arguments[0].validity_word(w);
    const std::uint64_t b = arguments[1].validity_word(w);
    const std::uint64_t differ = (a & b & words[w]) | (a ^ b);
    words[w] = kDistinct ? differ : ~differ;
  }
  result.validity = nullptr;
  result.validity_buffer = nullptr;
  return result;
}

// f(value word, validity word) -> word, never null.
template <typename F>
Result<ExprVector> map_words(ExprContext& context, ExprArguments arguments, const F& f) {
  DataType type;
  type.kind = TypeKind::kBool;
  TIPPLE_TRY(ExprVector result, new_vector(context, type));
  auto* words = result.mutable_values<std::uint64_t>();
  const bool is_bool = arguments[0].type.kind == TypeKind::kBool;
  for (std::int64_t w = 0; w < bitmap_words(context.rows); ++w) {
    words[w] = f(is_bool ? arguments[0].bool_word(w) : 0, arguments[0].validity_word(w));
  }
  return result;
}

Result<ExprVector> is_null(ExprContext& context, const ExprCall&, ExprArguments a) {
  return map_words(context, a, [](std::uint64_t, std::uint64_t valid) { return ~valid; });
}
Result<ExprVector> is_not_null(ExprContext& context, const ExprCall&, ExprArguments a) {
  return map_words(context, a, [](std::uint64_t, std::uint64_t valid) { return valid; });
}
Result<ExprVector> is_true(ExprContext& context, const ExprCall&, ExprArguments a) {
  return map_words(context, a, [](std::uint64_t value, std::uint64_t valid) { return value & valid; });
}
Result<ExprVector> is_not_true(ExprContext& context, const ExprCall&, ExprArguments a) {
  return map_words(context, a, [](std::uint64_t value, std::uint64_t valid) { return ~(value & valid); });
}
Result<ExprVector> is_false(ExprContext& context, const ExprCall&, ExprArguments a) {
  return map_words(context, a, [](std::uint64_t value, std::uint64_t valid) { return ~value & valid; });
}
Result<ExprVector> is_not_false(ExprContext& context, const ExprCall&, ExprArguments a) {
  return map_words(context, a, [](std::uint64_t value, std::uint64_t valid) { return value | ~valid; });
}
Result<ExprVector> negation(ExprContext& context, const ExprCall&, ExprArguments a) {
  TIPPLE_TRY(ExprVector result, map_words(context, a, [](std::uint64_t value, std::uint64_t) { return ~value; }));
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, a, &result));
  return result;
}

// a AND b, a OR b over bitmaps that may be null.
template <bool kAnd>
Result<ExprVector> combine(ExprContext& context, const ExprVector& a, const ExprVector& b) {
  TIPPLE_TRY(ExprVector result, new_vector(context, a.type));
  auto* words = result.mutable_values<std::uint64_t>();
  std::uint64_t* valid = nullptr;
  if (a.validity != nullptr || b.validity != nullptr) {
    TIPPLE_TRY(valid, own_validity(context, &result));
  }
  for (std::int64_t w = 0; w < bitmap_words(context.rows); ++w) {
    const std::uint64_t flip = kAnd ? 0 : ~std::uint64_t{0};  // OR is AND with every truth turned round
    const std::uint64_t left = a.bool_word(w) ^ flip;
    const std::uint64_t right = b.bool_word(w) ^ flip;
    const std::uint64_t left_valid = a.validity_word(w);
    const std::uint64_t right_valid = b.validity_word(w);
    const std::uint64_t no = (left_valid & ~left) | (right_valid & ~right);
    if (valid != nullptr) valid[w] = no | (left_valid & right_valid);
    words[w] = ~no ^ flip;
  }
  return result;
}

Result<ExprVector> between(ExprContext& context, const ExprCall&, ExprArguments arguments) {
  TIPPLE_TRY(const ExprVector above, compare<GreaterEqual>(context, arguments[0], arguments[1]));
  TIPPLE_TRY(const ExprVector below, compare<LessEqual>(context, arguments[0], arguments[2]));
  return combine<true>(context, above, below);
}

// A list of constants, ascending, to be searched by halves.
template <typename T>
Result<ExprVector> in_sorted(ExprContext& context, ExprArguments arguments) {
  using Reader = typename ExprOrdered<T>::Reader;
  using Value = decltype(std::declval<const Reader&>()[0]);
  struct Item {  // of bools, too, whose vector has no pointer
    Value value;
  };
  std::vector<Item> sorted;
  bool with_null = false;
  for (const ExprVector& item : arguments.subspan(1)) {
    if (item.is_valid(0))
      sorted.push_back({Reader(item)[0]});
    else
      with_null = true;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Item& a, const Item& b) { return order_less<Value>(a.value, b.value); });
  const auto has = [values = Reader(arguments[0]), begin = sorted.data(), size = sorted.size()](std::int64_t row) {
    if (size == 0) return false;
    const Value value = values[row];
    const Item* at = begin;
    for (std::size_t left = size; left > 1;) {  // no branch on the outcome: values come in no order
      const std::size_t half = left / 2;
      at = order_less<Value>(value, at[half].value) ? at : at + half;
      left -= half;
    }
    return order_equal<Value>(at->value, value);  // the last one that is not greater
  };
  if (!with_null) return map_bits(context, arguments.first(1), has);
  DataType type;
  type.kind = TypeKind::kBool;
  return map_values<bool>(context, type, arguments.first(1), [has](std::int64_t row, bool* found) {
    *found = has(row);
    return *found;
  });
}

Result<ExprVector> in_list(ExprContext& context, const ExprCall&, ExprArguments arguments) {
  const std::size_t kComparedOneByOneMax = value_bytes(arguments[0].type) == 0 ? 4 : 8;
  const auto items = arguments.subspan(1);
  const bool constant = std::all_of(items.begin(), items.end(), [](const ExprVector& item) { return item.scalar; });
  if (constant && items.size() > kComparedOneByOneMax) {
    return with_value_type(arguments[0].type, [&](auto zero) {
      return in_sorted<std::remove_cvref_t<decltype(zero)>>(context, arguments);
    });
  }
  TIPPLE_TRY(ExprVector found, equal_rows(context, arguments[0], items[0]));
  for (const ExprVector& item : items.subspan(1)) {
    TIPPLE_TRY(const ExprVector more, equal_rows(context, arguments[0], item));
    TIPPLE_TRY(found, combine<false>(context, found, more));
  }
  return found;
}

Result<ExprVector> nullif(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  TIPPLE_TRY(const ExprVector equal, equal_rows(context, arguments[0], arguments[1]));
  ExprVector result = arguments[0];
  if (result.scalar) {
    const std::vector<std::uint16_t> choice(static_cast<std::size_t>(context.rows), 0);
    TIPPLE_TRY(result, select_rows(context, call.type(), arguments.first(1), choice));
  }
  // The values stay where they are: null rows may hold anything.
  result.type = call.type();
  result.array = nullptr;
  TIPPLE_TRY(std::uint64_t * valid, own_validity(context, &result));
  for (std::int64_t w = 0; w < bitmap_words(context.rows); ++w)
    valid[w] &= ~(equal.bool_word(w) & equal.validity_word(w));
  return result;
}

template <bool kGreatest>
Result<ExprVector> extreme(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  std::vector<std::uint16_t> choice(static_cast<std::size_t>(context.rows), kNoSource);
  with_value_type(call.type(), [&](auto zero) {
    using Reader = typename ExprOrdered<std::remove_cvref_t<decltype(zero)>>::Reader;
    using Value = decltype(std::declval<const Reader&>()[0]);
    const std::vector<Reader> values(arguments.begin(), arguments.end());
    for (std::int64_t row = 0; row < context.rows; ++row) {
      std::uint16_t& best = choice[static_cast<std::size_t>(row)];
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (!arguments[i].is_valid(row)) continue;
        if (best != kNoSource) {
          const Value value = values[i][row];
          const Value so_far = values[best][row];
          if (kGreatest ? !order_less<Value>(so_far, value) : !order_less<Value>(value, so_far)) continue;
        }
        best = static_cast<std::uint16_t>(i);
      }
    }
  });
  return select_rows(context, call.type(), arguments, choice);
}

}  // namespace

Result<ExprVector> equal_rows(ExprContext& context, const ExprVector& a, const ExprVector& b) {
  return compare<Equal>(context, a, b);
}

ExprKernel compare_kernel(const TypedExpr& expr) {
  const std::pair<const char*, ExprKernel> kKernels[] = {
      {"equal", compare_call<Equal>},
      {"not_equal", compare_call<NotEqual>},
      {"less", compare_call<Less>},
      {"less_equal", compare_call<LessEqual>},
      {"greater", compare_call<Greater>},
      {"greater_equal", compare_call<GreaterEqual>},
      {"is_distinct", distinct<true>},
      {"is_not_distinct", distinct<false>},
      {"is_null", is_null},
      {"is_not_null", is_not_null},
      {"is_true", is_true},
      {"is_not_true", is_not_true},
      {"is_false", is_false},
      {"is_not_false", is_not_false},
      {"not", negation},
      {"between", between},
      {"in", in_list},
      {"nullif", nullif},
      {"greatest", extreme<true>},
      {"least", extreme<false>},
  };
  for (const auto& [name, kernel] : kKernels) {
    if (expr.function == name) return kernel;
  }
  return nullptr;
}

}  // namespace tipple
