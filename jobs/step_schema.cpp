#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/expression.h"
#include "jobs/table_schema.h"
#include "jobs/table_schema_columns.h"

namespace tipple {
namespace {

constexpr std::uint32_t kHmacHexBytes = 64;

DataType simple(TypeKind kind) {
  DataType type;
  type.kind = kind;
  return type;
}

DataType text_of(std::size_t bytes) {
  DataType type = simple(bytes <= kFixedStringBytesMax ? TypeKind::kFixedString : TypeKind::kString);
  if (type.kind == TypeKind::kFixedString) type.width = static_cast<std::uint32_t>(std::max<std::size_t>(bytes, 1));
  return type;
}

// One step's effect on a schema.
struct StepTyper {
  Schema schema;
  std::vector<StepMistake>& mistakes;
  bool full = false;  // said once

  void fault(std::string what, std::string hint = {}) { mistakes.push_back({std::move(what), std::move(hint)}); }

  Column* find(std::string_view name) {
    const int position = find_column(schema, name);
    if (position >= 0) return &schema[static_cast<std::size_t>(position)];
    fault(fmt::format("there is no column '{}'", name), column_hint(name, schema));
    return nullptr;
  }

  void check_name(const std::string& name) {
    if (name.empty() || name.size() > kColumnNameBytesMax) {
      fault(fmt::format("a column's name has {} bytes, not 1 to {}", name.size(), kColumnNameBytesMax));
    } else if (name == "." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos ||
               name.front() == '$') {
      fault(fmt::format("'{}' cannot be a column's name", name),
            "names are without '/', do not begin with '$' and are not '.'");
    }
  }

  void add(const std::string& name, DataType type, bool nullable) {
    check_name(name);
    if (find_column(schema, name) >= 0) {
      fault(fmt::format("there is a column '{}' already", name),
            "choose another name, or drop or rename that column first");
      return;
    }
    if (schema.size() >= limits::kColumnsMax) {
      if (!full) fault(fmt::format("the table has more than {} columns here", limits::kColumnsMax));
      full = true;
      return;
    }
    schema.push_back({name, std::move(type), nullable});
  }

  void operator()(const WhereStep& step) {
    const auto condition = compile_expression(step.condition, schema);
    if (!condition.ok()) {
      fault(condition.error().what, condition.error().hint);
    } else if (condition->type.kind != TypeKind::kBool) {
      fault(fmt::format("the condition is {}, not true or false", condition->type.to_string()),
            "compare it with something");
    }
  }

  void operator()(const DeriveStep& step) {
    for (const auto& [name, text] : step.columns) {
      const auto expression = compile_expression(text, schema);
      if (!expression.ok()) fault(fmt::format("'{}': {}", name, expression.error().what), expression.error().hint);
      add(name, expression.ok() ? expression->type : DataType{}, !expression.ok() || expression->nullable);
    }
  }

  // All at once: two columns can swap their names.
  void operator()(const RenameStep& step) {
    Schema renamed = schema;
    std::set<std::string> seen;
    for (const auto& [old_name, new_name] : step.names) {
      const int position = find_column(schema, old_name);
      if (position < 0) fault(fmt::format("there is no column '{}'", old_name), column_hint(old_name, schema));
      check_name(new_name);
      if (position >= 0) renamed[static_cast<std::size_t>(position)].name = new_name;
    }
    for (const Column& column : renamed) {
      if (!seen.insert(column.name).second) fault(fmt::format("two columns would be named '{}'", column.name));
    }
    schema = std::move(renamed);
  }

  void operator()(const DropStep& step) {
    for (const std::string& name : step.columns) {
      if (const Column* column = find(name)) schema.erase(schema.begin() + (column - schema.data()));
    }
  }

  void operator()(const CastStep& step) {
    const Schema before = schema;
    for (const auto& [name, type] : step.columns) {
      Column* column = find(name);
      if (column == nullptr) continue;
      const auto cast = compile_expression(fmt::format("CAST({} AS {})", quoted_name(name), type.to_string()), before);
      if (!cast.ok())
        fault(fmt::format("the column '{}' is {} and cannot become {}", name, column->type.to_string(),
                          type.to_string()));
      column->type = type;
    }
  }

  void check_keys(const LookupStep& step) {
    for (std::size_t i = 0; i < step.on.size(); ++i) {
      const Column* own = find(step.on[i].first);
      if (own == nullptr) continue;
      const DataType other = lookup_key_type(step, i, schema);
      if (is_float_type(own->type) || is_float_type(other)) {
        fault(fmt::format("'{}' is {}: fractions are no keys", own->name, own->type.to_string()),
              "cast it to a decimal or a whole number first");
      } else if (!keys_can_match(own->type, other)) {
        fault(fmt::format("'{}' is {} and cannot equal '{}', which is {}", own->name, own->type.to_string(),
                          step.on[i].second, other.to_string()),
              "correct 'types', or leave it out: then both have the same type");
      }
    }
  }

  void operator()(const LookupStep& step) {
    check_keys(step);
    for (const auto& [name, field] : step.take) {
      DataType type;
      for (const auto& [typed, given] : step.types) {
        if (typed == field) type = given;
      }
      if (step.missing == LookupStep::Missing::kDefault) {
        const auto value = step.defaults.find(name);
        if (value == step.defaults.end()) {
          fault(fmt::format("the new column '{}' has no default", name),
                "give every new column one, or say missing: null");
        } else if (const std::string wrong = value_fault(value->second, type); !wrong.empty()) {
          fault(fmt::format("the default of '{}': {}", name, wrong));
        }
      }
      add(name, type, true);
    }
    for (const auto& [name, value] : step.defaults) {
      const bool taken = std::any_of(step.take.begin(), step.take.end(),
                                     [&name = name](const auto& pair) { return pair.first == name; });
      if (!taken) fault(fmt::format("there is a default for '{}', which is not taken", name));
    }
  }

  void operator()(const NormaliseStep& step) {
    const bool of_text = step.letter_case != NormaliseStep::Case::kKeep || step.trim || step.whitespace || step.nfc;
    const bool of_number = step.scale != 1.0 || step.offset != 0.0;
    for (const std::string& name : step.columns) {
      Column* column = find(name);
      if (column == nullptr) continue;
      if (of_text && !is_text_type(column->type)) {
        fault(
            fmt::format("'{}' is {}, and case, trim, whitespace and nfc are for text", name, column->type.to_string()));
      } else if (of_number && !is_number_type(column->type)) {
        fault(fmt::format("'{}' is {}, and scale and offset are for numbers", name, column->type.to_string()));
      } else if (of_number && !is_float_type(column->type)) {
        column->type = simple(TypeKind::kFloat64);
      }
    }
  }

  void operator()(const BinStep& step) {
    const Column* column = find(step.column);
    if (column != nullptr && !is_number_type(column->type)) {
      fault(fmt::format("'{}' is {}, and bins are of numbers", step.column, column->type.to_string()));
    }
    DataType type = simple(step.labels.empty() ? TypeKind::kInt32 : TypeKind::kEnum);
    type.labels = step.labels;
    add(step.into, std::move(type), true);
  }

  Column* find_text(std::string_view name, std::string_view step) {
    Column* column = find(name);
    if (column == nullptr || is_text_type(column->type)) return column;
    fault(fmt::format("'{}' is {}, and {} is for text", name, column->type.to_string(), step));
    return nullptr;
  }

  void operator()(const ExplodeStep& step) {
    Column* column = find_text(step.column, "explode");
    if (step.into != step.column) {
      add(step.into, simple(TypeKind::kString), true);
    } else if (column != nullptr) {
      *column = {column->name, simple(TypeKind::kString), true};
    }
  }

  void operator()(const SplitStep& step) {
    (void)find_text(step.column, "split");
    for (const std::string& name : step.into) add(name, simple(TypeKind::kString), true);
  }

  void operator()(const SampleStep& step) {
    for (const std::string& name : step.by) (void)find(name);
  }

  void mask(const MaskStep& step, Column& column) {
    const bool calendar = step.keep == kKeepYear || step.keep == kKeepMonth;
    switch (step.how) {
      case MaskStep::How::kHmac:
        column.type = text_of(kHmacHexBytes);
        return;
      case MaskStep::How::kRedact:
        if (column.type.kind == TypeKind::kString) return;
        column.type = text_of(column.type.kind == TypeKind::kFixedString
                                  ? std::max<std::size_t>(column.type.width, step.with.size())
                                  : step.with.size());
        return;
      case MaskStep::How::kTruncate:
        if (has_a_date(column.type) != calendar || (!calendar && !is_text_type(column.type))) {
          fault(fmt::format("'{}' is {}", column.name, column.type.to_string()),
                "truncate keeps a number of characters of a text, and the year or the month of a date");
        }
        return;
      case MaskStep::How::kDateShift:
        if (!has_a_date(column.type))
          fault(fmt::format("'{}' is {}, and date_shift is for dates and timestamps", column.name,
                            column.type.to_string()));
        return;
    }
  }

  void operator()(const MaskStep& step) {
    if (step.how == MaskStep::How::kDateShift) {
      (void)find(step.by);
      if (std::find(step.columns.begin(), step.columns.end(), step.by) != step.columns.end()) {
        fault(fmt::format("'{}' decides how far dates move and cannot move itself", step.by));
      }
    }
    for (const std::string& name : step.columns) {
      if (Column* column = find(name)) mask(step, *column);
    }
  }

  void operator()(const EncryptStep& step) {
    for (const std::string& name : step.columns) {
      if (Column* column = find(name)) column->type = simple(TypeKind::kString);
    }
  }

  void operator()(const NumberStep& step) { add(step.into, simple(TypeKind::kInt64), false); }
};

template <typename T>
bool parses_as(std::string_view text) {
  T value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size();
}

bool is_decimal_text(std::string_view text, const DataType& type) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = dot < text.size() ? text.substr(dot + 1) : std::string_view();
  const auto digits = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (text.empty() || whole.size() + fraction.size() == 0 || !digits(whole) || !digits(fraction)) return false;
  while (whole.starts_with('0')) whole.remove_prefix(1);
  return fraction.size() <= type.scale && whole.size() + type.scale <= type.precision;
}

bool is_value(std::string_view text, const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return parses_as<std::int8_t>(text);
    case TypeKind::kInt16:
      return parses_as<std::int16_t>(text);
    case TypeKind::kInt32:
      return parses_as<std::int32_t>(text);
    case TypeKind::kInt64:
      return parses_as<std::int64_t>(text);
    case TypeKind::kUint8:
      return parses_as<std::uint8_t>(text);
    case TypeKind::kUint16:
      return parses_as<std::uint16_t>(text);
    case TypeKind::kUint32:
      return parses_as<std::uint32_t>(text);
    case TypeKind::kUint64:
      return parses_as<std::uint64_t>(text);
    case TypeKind::kFloat32:
      return parses_as<float>(text);
    case TypeKind::kFloat64:
      return parses_as<double>(text);
    case TypeKind::kDecimal:
      return is_decimal_text(text, type);
    case TypeKind::kFixedString:
      return text.size() <= type.width;
    case TypeKind::kEnum:
      return std::find(type.labels.begin(), type.labels.end(), text) != type.labels.end();
    case TypeKind::kBool:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kString:
      return true;
  }
  TIPPLE_CHECK(false, "unknown type kind");
}

}  // namespace

std::string value_fault(std::string_view text, const DataType& type) {
  return is_value(text, type) ? std::string() : fmt::format("'{}' is no {}", text, type.to_string());
}

DataType key_type(const DataType& own) {
  return own.kind == TypeKind::kFixedString || own.kind == TypeKind::kEnum ? DataType{} : own;
}

bool keys_can_match(const DataType& own, const DataType& other) {
  const DataType a = key_type(own);
  const DataType b = key_type(other);
  const auto whole = [](const DataType& type) { return is_whole_number_type(type) && type.kind != TypeKind::kUint64; };
  return a == b || (whole(a) && whole(b));
}

DataType lookup_key_type(const LookupStep& step, std::size_t key, const Schema& input) {
  for (const auto& [field, type] : step.types) {
    if (field == step.on[key].second) return key_type(type);
  }
  const int own = find_column(input, step.on[key].first);
  return own < 0 ? DataType{} : key_type(input[static_cast<std::size_t>(own)].type);
}

Schema schema_after(const StepSpec& step, const Schema& input, std::vector<StepMistake>& mistakes) {
  StepTyper typer{input, mistakes, false};
  std::visit(typer, step);
  return std::move(typer.schema);
}

}  // namespace tipple
