// The program: nodes with their kernels, constants folded, arms evaluated under the rows that take them.
#include <algorithm>
#include <limits>
#include <map>

#include <arrow/api.h>

#include "base/check.h"
#include "formats/arrow_types.h"
#include "jobs/expression_types.h"
#include "transforms/expression_order.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

struct ExprNode {
  TypedExpr expr;  // its arguments are in `children`
  std::vector<ExprNode> children;
  std::vector<ExprVector> constant;  // none or one: the scalar that the node comes to
  ExprKernel kernel = nullptr;       // null: a column, a constant, or an arm chooser
  std::shared_ptr<const ExprPrepared> prepared;
};

using Columns = std::vector<ExprVector>;

Result<ExprVector> evaluate(ExprContext& context, const ExprNode& node, const Columns& columns);

// Rows to be computed for an arm; holds the context's mask and gives it back.
class ActiveRows {
 public:
  explicit ActiveRows(ExprContext& context) : context_(context), outer_(context.active) {
    const std::int64_t words = bitmap_words(context.rows);
    remaining_.assign(static_cast<std::size_t>(words), ~std::uint64_t{0});
    if (context.rows % 64 != 0) remaining_.back() = (std::uint64_t{1} << (context.rows % 64)) - 1;
    if (outer_ != nullptr) {
      for (std::int64_t w = 0; w < words; ++w) remaining_[static_cast<std::size_t>(w)] &= outer_[w];
    }
    context_.active = remaining_.data();
  }
  ~ActiveRows() { context_.active = outer_; }
  ActiveRows(const ActiveRows&) = delete;
  ActiveRows& operator=(const ActiveRows&) = delete;

  [[nodiscard]] bool none() const {
    return std::all_of(remaining_.begin(), remaining_.end(), [](std::uint64_t word) { return word == 0; });
  }
  [[nodiscard]] std::vector<std::uint64_t>& words() { return remaining_; }

 private:
  ExprContext& context_;
  const std::uint64_t* outer_;
  std::vector<std::uint64_t> remaining_;
};

// AND stops at false, OR at true: rows that have met it are not computed further.
Result<ExprVector> evaluate_logic(ExprContext& context, const ExprNode& node, const Columns& columns) {
  const std::uint64_t flip = node.expr.function == "and" ? 0 : ~std::uint64_t{0};
  const auto count = static_cast<std::size_t>(bitmap_words(context.rows));
  std::vector<std::uint64_t> decided(count, 0);
  std::vector<std::uint64_t> unknown(count, 0);
  ActiveRows active(context);
  for (const ExprNode& child : node.children) {
    TIPPLE_TRY(const ExprVector arm, evaluate(context, child, columns));
    for (std::size_t w = 0; w < count; ++w) {
      const std::uint64_t valid = arm.validity_word(w);
      decided[w] |= valid & ~(arm.bool_word(w) ^ flip);
      unknown[w] |= ~valid;
      active.words()[w] &= ~decided[w];
    }
    if (active.none()) break;
  }
  TIPPLE_TRY(ExprVector result, new_vector(context, node.expr.type));
  auto* words = result.mutable_values<std::uint64_t>();
  bool nulls = false;
  for (std::size_t w = 0; w < count; ++w) {
    words[w] = ~decided[w] ^ flip;
    unknown[w] &= ~decided[w];
    nulls |= unknown[w] != 0;
  }
  if (!nulls) return result;
  TIPPLE_TRY(std::uint64_t * valid, own_validity(context, &result));
  for (std::size_t w = 0; w < count; ++w) valid[w] = ~unknown[w];
  return result;
}

// The rows of `taken` take their value from `source`.
void choose(const std::vector<std::uint64_t>& taken, std::uint16_t source, std::vector<std::uint16_t>* choice) {
  for (std::size_t begin = 0; begin < choice->size(); begin += 64) {
    std::uint64_t word = taken[begin / 64];
    if (word == 0) continue;
    const std::size_t end = std::min(begin + 64, choice->size());
    for (std::size_t row = begin; row < end; ++row, word >>= 1) {  // no branch: which arm comes in no order
      const auto mask = static_cast<std::uint16_t>(0 - (word & 1));
      (*choice)[row] = static_cast<std::uint16_t>(((*choice)[row] & ~mask) | (source & mask));
    }
  }
}

// Arms of CASE and COALESCE as they are taken, row by row.
class ArmChooser {
 public:
  explicit ArmChooser(ExprContext& context)
      : context_(context), remaining_(context), choice_(static_cast<std::size_t>(context.rows), kNoSource) {}

  [[nodiscard]] bool done() const { return remaining_.none(); }
  // `condition`: words whose bits are the rows of this arm, as far as they remain.
  Status take(const std::vector<std::uint64_t>& condition, const ExprNode& value, const Columns& columns) {
    std::vector<std::uint64_t>& rest = remaining_.words();
    std::vector<std::uint64_t> taken = rest;
    for (std::size_t w = 0; w < taken.size(); ++w) taken[w] &= condition[w];
    if (std::all_of(taken.begin(), taken.end(), [](std::uint64_t word) { return word == 0; })) return {};
    const std::uint64_t* others = context_.active;
    context_.active = taken.data();
    auto arm = evaluate(context_, value, columns);
    context_.active = others;
    if (!arm.ok()) return std::move(arm).error();
    return take(taken, std::move(arm).value());
  }
  Status take(const std::vector<std::uint64_t>& taken, ExprVector arm) {
    choose(taken, static_cast<std::uint16_t>(sources_.size()), &choice_);
    sources_.push_back(std::move(arm));
    for (std::size_t w = 0; w < taken.size(); ++w) remaining_.words()[w] &= ~taken[w];
    return {};
  }
  [[nodiscard]] const std::vector<std::uint64_t>& remaining() { return remaining_.words(); }
  [[nodiscard]] Result<ExprVector> finish(const DataType& type) {
    return select_rows(context_, type, sources_, choice_);
  }

 private:
  ExprContext& context_;
  ActiveRows remaining_;
  std::vector<std::uint16_t> choice_;
  std::vector<ExprVector> sources_;
};

std::vector<std::uint64_t> true_words(const ExprContext& context, const ExprVector& condition) {
  std::vector<std::uint64_t> words(static_cast<std::size_t>(bitmap_words(context.rows)));
  for (std::size_t w = 0; w < words.size(); ++w) words[w] = condition.bool_word(w) & condition.validity_word(w);
  return words;
}

Result<ExprVector> evaluate_case(ExprContext& context, const ExprNode& node, const Columns& columns) {
  const bool compares = node.expr.function == "case_value";
  ExprVector operand;
  if (compares) {
    TIPPLE_TRY(operand, evaluate(context, node.children.front(), columns));
  }
  ArmChooser chooser(context);
  for (std::size_t i = compares ? 1 : 0; i + 1 < node.children.size() && !chooser.done(); i += 2) {
    TIPPLE_TRY(ExprVector condition, evaluate(context, node.children[i], columns));
    if (compares) {
      TIPPLE_TRY(condition, equal_rows(context, operand, condition));
    }
    TIPPLE_RETURN_IF_ERROR(chooser.take(true_words(context, condition), node.children[i + 1], columns));
  }
  const std::vector<std::uint64_t> rest = chooser.remaining();
  TIPPLE_RETURN_IF_ERROR(chooser.take(rest, node.children.back(), columns));
  return chooser.finish(node.expr.type);
}

Result<ExprVector> evaluate_coalesce(ExprContext& context, const ExprNode& node, const Columns& columns) {
  ArmChooser chooser(context);
  for (const ExprNode& child : node.children) {
    if (chooser.done()) break;
    TIPPLE_TRY(ExprVector arm, evaluate(context, child, columns));
    std::vector<std::uint64_t> taken = chooser.remaining();
    for (std::size_t w = 0; w < taken.size(); ++w) taken[w] &= arm.validity_word(w);
    TIPPLE_RETURN_IF_ERROR(chooser.take(taken, std::move(arm)));
  }
  return chooser.finish(node.expr.type);
}

bool chooses_arms(const std::string& function) {
  return function == "and" || function == "or" || function == "case" || function == "case_value" ||
         function == "coalesce";
}

Result<ExprVector> evaluate(ExprContext& context, const ExprNode& node, const Columns& columns) {
  if (!node.constant.empty()) return node.constant.front();
  if (node.expr.column >= 0) return columns[static_cast<std::size_t>(node.expr.column)];
  if (node.kernel == nullptr) {
    if (node.expr.function == "coalesce") return evaluate_coalesce(context, node, columns);
    if (node.expr.function == "and" || node.expr.function == "or") return evaluate_logic(context, node, columns);
    return evaluate_case(context, node, columns);
  }
  std::vector<ExprVector> arguments;
  arguments.reserve(node.children.size());
  for (const ExprNode& child : node.children) {
    TIPPLE_TRY(ExprVector argument, evaluate(context, child, columns));
    arguments.push_back(std::move(argument));
  }
  return node.kernel(context, ExprCall{&node.expr, node.prepared.get()}, arguments);
}

ExprKernel find_kernel(const TypedExpr& expr) {
  for (const auto family : {arithmetic_kernel, compare_kernel, cast_kernel, math_kernel, text_kernel, pattern_kernel,
                            time_kernel, time_format_kernel, json_kernel}) {
    if (const ExprKernel kernel = family(expr); kernel != nullptr) return kernel;
  }
  return nullptr;
}

Result<ExprVector> text_scalar(std::string_view text) {
  ExprFaults none;
  ExprContext context(1, none, arrow::default_memory_pool());
  ExprTextColumn column(context);
  TIPPLE_TRY(ExprTextWriter writer, column.begin(static_cast<std::int64_t>(text.size())));
  writer.append(text);
  column.offsets()[1] = writer.end_row();
  TIPPLE_TRY(ExprVector vector, column.finish(type_of(TypeKind::kString), writer));
  vector.scalar = true;
  return vector;
}

// As a cast of its text, which reads every form that a literal has.
Result<ExprVector> literal_scalar(const Literal& literal) {
  ExprFaults faults;
  ExprContext context(1, faults, arrow::default_memory_pool());
  ExprVector vector;
  if (literal.null) {
    TIPPLE_TRY(vector, select_rows(context, literal.type, {}, std::vector<std::uint16_t>(1, kNoSource)));
  } else {
    TIPPLE_TRY(vector, text_scalar(literal.text));
    TypedExpr cast;
    cast.type = literal.type;
    cast.function = "cast";
    cast.arguments.resize(1);
    if (literal.type.kind == TypeKind::kString) return vector;
    const ExprVector text = vector;
    TIPPLE_TRY(vector, cast_kernel(cast)(context, ExprCall{&cast, nullptr}, {&text, 1}));
    if (!faults.empty())
      return usage_error("the literal '" + literal.text + "' does not fit: " + faults.faults().front().reason);
  }
  vector.scalar = true;
  return vector;
}

// A node of constants is one; if it faults, it stays as it is, and each row that takes it has the fault.
Status fold(ExprNode* node) {
  for (const ExprNode& child : node->children) {
    if (child.constant.empty()) return {};
  }
  ExprFaults faults;
  ExprContext context(1, faults, arrow::default_memory_pool());
  TIPPLE_TRY(ExprVector value, evaluate(context, *node, {}));
  if (!faults.empty()) return {};
  value.scalar = true;
  node->constant.push_back(std::move(value));
  return {};
}

Result<ExprNode> compile(const TypedExpr& expr) {
  ExprNode node;
  node.expr.type = expr.type;
  node.expr.nullable = expr.nullable;
  node.expr.column = expr.column;
  node.expr.function = expr.function;
  if (expr.column >= 0) return node;
  if (!expr.literal.empty()) {
    TIPPLE_TRY(ExprVector value, literal_scalar(expr.literal.front()));
    node.constant.push_back(std::move(value));
    return node;
  }
  std::vector<const ExprVector*> constants;
  for (const TypedExpr& argument : expr.arguments) {
    TIPPLE_TRY(ExprNode child, compile(argument));
    node.children.push_back(std::move(child));
    // Types are what kernels look at; the trees below are in the children.
    TypedExpr shallow;
    shallow.type = argument.type;
    shallow.nullable = argument.nullable;
    node.expr.arguments.push_back(std::move(shallow));
  }
  for (const ExprNode& child : node.children)
    constants.push_back(child.constant.empty() ? nullptr : &child.constant.front());
  if (!chooses_arms(expr.function)) {
    node.kernel = find_kernel(node.expr);
    TIPPLE_CHECK(node.kernel != nullptr, expr.function.c_str());
    TIPPLE_TRY(node.prepared, prepare_pattern(node.expr, constants));
  }
  TIPPLE_RETURN_IF_ERROR(fold(&node));
  return node;
}

// Which columns the tree reads.
void mark_columns(const ExprNode& node, std::vector<bool>* read) {
  if (node.expr.column >= 0) (*read)[static_cast<std::size_t>(node.expr.column)] = true;
  for (const ExprNode& child : node.children) mark_columns(child, read);
}

}  // namespace

struct ExpressionProgram::Impl {
  ExprNode root;
  Schema input;
  std::vector<bool> read;
};

void ExprFaults::add(std::uint32_t row, std::string_view rule, std::string reason) {
  if (is_bad(row)) return;
  if (row / 64 >= bad_.size()) bad_.resize(row / 64 + 1);
  bad_[row / 64] |= std::uint64_t{1} << (row % 64);
  faults_.push_back({row, std::string(rule), std::move(reason)});
}

std::vector<ExprFault> ExprFaults::take() {
  std::sort(faults_.begin(), faults_.end(), [](const ExprFault& a, const ExprFault& b) { return a.row < b.row; });
  bad_.clear();
  return std::exchange(faults_, {});
}

Result<ExpressionProgram> ExpressionProgram::make(const TypedExpr& expression, const Schema& input) {
  TIPPLE_TRY(ExprNode root, compile(expression));
  auto impl = std::make_shared<Impl>();
  impl->read.resize(input.size());
  mark_columns(root, &impl->read);
  impl->root = std::move(root);
  impl->input = input;
  return ExpressionProgram(std::move(impl));
}

const DataType& ExpressionProgram::type() const { return impl_->root.expr.type; }

Result<std::shared_ptr<arrow::Array>> ExpressionProgram::run(const arrow::RecordBatch& batch, ExprFaults& faults,
                                                             arrow::MemoryPool* pool) const {
  TIPPLE_CHECK(static_cast<std::size_t>(batch.num_columns()) == impl_->input.size(), "a batch of another schema");
  TIPPLE_CHECK(batch.num_rows() <= std::numeric_limits<std::int32_t>::max(), "a batch of more rows than row numbers");
  if (batch.num_rows() == 0) {
    auto empty = arrow::MakeEmptyArray(arrow_type(type()), pool);
    if (!empty.ok()) return from_arrow(empty.status());
    return std::move(empty).ValueUnsafe();
  }
  Columns columns(impl_->input.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!impl_->read[i]) continue;
    TIPPLE_TRY(columns[i], vector_of(batch.column(static_cast<int>(i)), impl_->input[i].type, pool));
  }
  ExprContext context(batch.num_rows(), faults, pool);
  TIPPLE_TRY(ExprVector result, evaluate(context, impl_->root, columns));
  if (!faults.empty()) {
    std::vector<std::uint16_t> choice(static_cast<std::size_t>(context.rows), 0);
    for (const ExprFault& fault : faults.faults()) choice[fault.row] = kNoSource;
    const ExprVector source = std::exchange(result, {});
    TIPPLE_TRY(result, select_rows(context, type(), {&source, 1}, choice));
  }
  return array_of(context, result);
}

}  // namespace tipple
