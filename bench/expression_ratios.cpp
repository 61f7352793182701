#include "bench/expression_ratios.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/check.h"
#include "bench/measure.h"
#include "formats/arrow_types.h"
#include "jobs/expression.h"
#include "transforms/check_values.h"
#include "transforms/expression_kernels.h"

namespace tipple::bench {
namespace {

constexpr std::size_t kBatchRows = 16'384;  // about what a block of 1 MiB holds
constexpr std::size_t kBatches = 16;

using Random = std::mt19937_64;

struct Field {
  const char* name;
  const char* type;
  std::string (*make)(Random&);
};

std::string number(Random& random, std::uint64_t below) { return fmt::format("{}", random() % below); }
std::string fraction(Random& random, int digits) {
  return fmt::format("{:.{}f}", static_cast<double>(random() % 1'000'000) / 1000 - 500, digits);
}
std::string date(Random& random) {
  return fmt::format("{:04}-{:02}-{:02}", 1990 + random() % 40, 1 + random() % 12, 1 + random() % 28);
}
std::string moment(Random& random) {
  return fmt::format("{} {:02}:{:02}:{:02}", date(random), random() % 24, random() % 60, random() % 60);
}
std::string words(Random& random) {
  return std::string(" Some Text OF a few words ").substr(random() % 3, random() % 18 + 5);
}

const Field kFields[] = {
    {"a", "float64", [](Random& random) { return fraction(random, 3); }},
    {"b", "float64",
     [](Random& random) { return fmt::format("{:.3f}", static_cast<double>(random() % 1'000'000) / 1e3 + 1); }},
    {"n", "int32", [](Random& random) { return number(random, 20'000); }},
    {"m", "int64", [](Random& random) { return number(random, 2'000'000'000); }},
    {"code", "string(8)", [](Random& random) { return fmt::format("P{:06}", random() % 10'000); }},
    {"text", "string", words},
    {"name", "string",
     [](Random& random) { return random() % 20 == 0 ? "Élan vital à " + number(random, 50) : words(random); }},
    {"d", "date", date},
    {"e", "date", date},
    {"t", "timestamp", moment},
    {"u", "timestamp", moment},
    {"p", "decimal(9,2)", [](Random& random) { return fraction(random, 2); }},
    {"q", "decimal(9,2)",
     [](Random& random) { return fmt::format("{:.2f}", static_cast<double>(random() % 90'000) / 100 + 1); }},
    {"w", "decimal(30,10)",
     [](Random& random) {
       return fmt::format("{}{:010}.{:010}", random() % 900 + 1, random() % 9'999'999'999, random() % 9'999'999'999);
     }},
    {"flag", "bool", [](Random& random) { return std::string(random() % 2 == 0 ? "true" : "false"); }},
    {"label", "enum(low, middle, high)",
     [](Random& random) { return std::string(random() % 2 == 0 ? "low" : "middle"); }},
    {"int_text", "string", [](Random& random) { return number(random, 2'000'000); }},
    {"float_text", "string", [](Random& random) { return fraction(random, 3); }},
    {"decimal_text", "string", [](Random& random) { return fraction(random, 2); }},
    {"date_text", "string", date},
    {"time_text", "string", moment},
    {"bool_text", "string", [](Random& random) { return std::string(random() % 2 == 0 ? "true" : "false"); }},
    {"label_text", "string", [](Random& random) { return std::string(random() % 2 == 0 ? "low" : "middle"); }},
};

struct Family {
  const char* stage;  // as bench/run.py names it; nothing: no figure of its own
  std::vector<const char*> functions;
};

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies = {
      {"expressions, numbers / memcpy",
       {"a + b", "a / b", "a * 1.5::float64", "n + n", "n % 7", "m * 3", "abs(a)", "-a", "floor(a)", "round(a, 1)",
        "sqrt(b)", "ln(b)", "a > b", "n = 5", "n between 100 and 200"}},
      {"expressions, logic and choice / memcpy",
       {"a > 0 and n < 10000", "n < 5000 or b > 500", "not flag", "a is null", "nullif(n, 5)",
        "nullif(code, 'P000005')", "coalesce(nullif(n, 5), 0)", "coalesce(nullif(code, 'P000005'), text)",
        "greatest(a, b)", "least(n, m)", "case when n < 5000 then a when n < 10000 then b else 0 end",
        "case when n < 9000 then text else code end", "case n when 1 then 'one' when 2 then 'two' else 'more' end",
        "n in (1, 2, 3)", "n in (1, 20, 300, 4000, 5000, 6000)"}},
      {"expressions, text / memcpy",
       {"lower(text)",
        "upper(text)",
        "initcap(text)",
        "reverse(text)",
        "length(text)",
        "octet_length(text)",
        "substr(text, 3, 5)",
        "left(text, 4)",
        "right(text, 4)",
        "trim(text)",
        "ltrim(text)",
        "rtrim(text)",
        "trim(both 'P0' from code)",
        "lpad(code, 12, '0')",
        "rpad(code, 12)",
        "repeat(code, 2)",
        "replace(text, 'Text', 'words')",
        "translate(text, 'aeiou', 'AEIOU')",
        "split_part(text, ' ', 2)",
        "strpos(text, 'few')",
        "text || code",
        "'<' || text || '>'",
        "concat(text, code)",
        "concat_ws(', ', text, code)",
        "ascii(text)",
        "chr(n + 200)",
        "to_hex(m)",
        "lower(name)",
        "length(name)",
        "substr(name, 3, 5)",
        "left(name, 4)",
        "trim(name)"}},
      {"expressions, text predicates / memcpy",
       {"text = 'Some Text'", "code = 'P000500'", "code <> 'P000500'", "code < 'P005000'", "text < name",
        "code between 'P002000' and 'P005000'", "starts_with(text, 'Some')", "text like 'Some%'", "text like '%words'",
        "text like '%few%'", "text like 'Some%few%'", "text like '%T_xt%'", "text like '_ome%'", "text ilike '%FEW%'",
        "name ilike 'some%'", "code in ('P000001', 'P000020')",
        "code in ('P000001', 'P000020', 'P000300', 'P004000', 'P005000', 'P006000')"}},
      {"expressions, date and time / memcpy",
       {"extract(year from d)",
        "extract(month from d)",
        "extract(dow from d)",
        "extract(doy from d)",
        "extract(week from d)",
        "extract(year from t)",
        "extract(hour from t)",
        "extract(second from t)",
        "extract(epoch from t)",
        "date_trunc('year', d)",
        "date_trunc('month', t)",
        "date_trunc('week', t)",
        "date_trunc('day', t)",
        "date_trunc('hour', t)",
        "d + 30",
        "d - e",
        "d < e",
        "d > '2005-06-07'",
        "d + interval '1 month'",
        "t + interval '1 day 2 hours'",
        "t - interval '1 year'",
        "extract(epoch from t - u)",
        "make_date(2000, n % 12 + 1, 28)",
        "to_char(t, 'YYYY-MM-DD')",
        "to_char(t, 'Dy, DD Mon YYYY HH24:MI')",
        "to_date(date_text, 'YYYY-MM-DD')",
        "to_timestamp(time_text, 'YYYY-MM-DD HH24:MI:SS')"}},
      {"expressions, decimals / memcpy",
       {"p + q", "p - q", "p * q", "p / q", "p % q", "-p", "abs(p)", "p * 1.075", "p / 3", "round(p, 1)", "floor(p)",
        "w + w", "w * 2", "round(w, 2)", "p < q", "p > 100", "w = 5.5", "p between 1 and 100"}},
      {"expressions, casts / memcpy",
       {"n::string",
        "m::string",
        "a::string",
        "p::string",
        "w::string",
        "d::string",
        "t::string",
        "flag::string",
        "label::string",
        "int_text::int32",
        "int_text::int64",
        "float_text::float64",
        "decimal_text::decimal(9,2)",
        "date_text::date",
        "time_text::timestamp",
        "bool_text::bool",
        "label_text::enum(low, middle, high)",
        "n::float64",
        "n::int64",
        "m::int32",
        "a::int32",
        "n::decimal(12,2)",
        "a::decimal(12,3)",
        "p::decimal(14,4)",
        "p::decimal(9,1)",
        "p::float64",
        "p::int32",
        "d::timestamp",
        "t::date",
        "flag::int32"}},
      {nullptr,
       {"text ~ 'f.w'", "regexp_replace(text, '[aeiou]', '-', 'g')", "regexp_substr(text, '[A-Z]+')", "md5(code)",
        "sha256(code)", "text::string(40)"}},
  };
  return kFamilies;
}

std::int64_t array_bytes(const arrow::Array& array) {
  std::int64_t bytes = 0;
  for (const auto& buffer : array.data()->buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  return bytes;
}

// Copies that go round through two large buffers, so that what is copied is never in a cache.
class CopyLimit {
 public:
  // Read and written: half of the touched bytes are copied.
  double seconds(std::int64_t touched) {
    return seconds_of([&] {
      for (auto left = static_cast<std::size_t>(touched / 2); left > 0;) {
        const std::size_t bytes = std::min(left, from_.size() - at_);
        std::memcpy(to_.data() + at_, from_.data() + at_, bytes);
        at_ = (at_ + bytes) % from_.size();
        left -= bytes;
      }
      benchmark::ClobberMemory();
    });
  }

 private:
  std::vector<char> from_ = std::vector<char>(std::size_t{64} << 20, 'x');
  std::vector<char> to_ = std::vector<char>(from_.size());
  std::size_t at_ = 0;
};

// kBatches batches of each field, made when they are first asked for.
class Columns {
 public:
  const std::vector<std::shared_ptr<arrow::Array>>& of(const Field& field) {
    auto& arrays = arrays_[field.name];
    Random random(1);  // fixed rows: runs are compared
    if (std::string_view(field.name) == "e" || std::string_view(field.name) == "u") random.seed(2);
    while (arrays.size() < kBatches) {
      std::vector<std::string> texts(kBatchRows);
      for (std::string& text : texts) text = field.make(random);
      arrays.push_back(array_of_texts(texts, parse_data_type(field.type).value(), "bench").value());
    }
    return arrays;
  }

 private:
  std::map<std::string, std::vector<std::shared_ptr<arrow::Array>>> arrays_;
};

struct Measured {
  std::string function;
  std::int64_t touched = 0;
  double copy_seconds = 0;
  double seconds = 0;
  [[nodiscard]] double ratio() const { return copy_seconds / seconds; }
};

class FunctionBench {
 public:
  Measured measure(const std::string& function) {
    Schema schema;
    std::vector<const std::vector<std::shared_ptr<arrow::Array>>*> arrays;
    const auto names = expression_columns(function).value();
    for (const std::string& name : names) {
      const auto* field =
          std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& one) { return name == one.name; });
      TIPPLE_CHECK(field != std::end(kFields), "the benchmark's columns are known");
      schema.push_back({name, parse_data_type(field->type).value(), false});
      arrays.push_back(&columns_.of(*field));
    }
    const auto expression = compile_expression(function, schema);
    if (!expression.ok()) fmt::print("{}: {}\n", function, expression.error().to_string());
    const ExpressionProgram program = ExpressionProgram::make(expression.value(), schema).value();
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    Measured measured;
    measured.function = function;
    for (std::size_t i = 0; i < kBatches; ++i) {
      std::vector<std::shared_ptr<arrow::Array>> of_batch;
      for (const auto* array : arrays) of_batch.push_back((*array)[i]);
      for (const auto& array : of_batch) measured.touched += array_bytes(*array);
      batches.push_back(arrow::RecordBatch::Make(arrow_schema(schema), kBatchRows, std::move(of_batch)));
      measured.touched += array_bytes(*run(program, *batches.back()));
    }
    std::vector<double> copies, seconds;
    for (int round = -1; round < kRounds; ++round) {
      const double copy = copy_.seconds(measured.touched);
      const double own = seconds_of([&] {
        for (const auto& batch : batches) benchmark::DoNotOptimize(run(program, *batch).get());
      });
      if (round < 0) continue;  // warm-up
      copies.push_back(copy);
      seconds.push_back(own);
    }
    measured.copy_seconds = median(copies);
    measured.seconds = median(seconds);
    return measured;
  }

 private:
  static std::shared_ptr<arrow::Array> run(const ExpressionProgram& program, const arrow::RecordBatch& batch) {
    ExprFaults faults;
    auto made = program.run(batch, faults, arrow::default_memory_pool()).value();
    TIPPLE_CHECK(faults.empty(), "the benchmark's rows have no faults");
    return made;
  }

  CopyLimit copy_;
  Columns columns_;
};

}  // namespace

void print_expression_families() {
  FunctionBench bench;
  for (const Family& family : families()) {
    if (family.stage == nullptr) continue;
    double copies = 0;
    double seconds = 0;
    Measured slowest;
    int below = 0;
    for (const char* function : family.functions) {
      Measured measured = bench.measure(function);
      copies += measured.copy_seconds;
      seconds += measured.seconds;
      below += measured.ratio() < 0.20 ? 1 : 0;
      if (slowest.function.empty() || measured.ratio() < slowest.ratio()) slowest = std::move(measured);
    }
    print_ratio(family.stage, copies / seconds,
                fmt::format("{} functions, {} of them below 0.20; slowest: {} {:.3f}", family.functions.size(), below,
                            slowest.function, slowest.ratio()));
  }
}

void print_expression_functions(const std::string& part) {
  FunctionBench bench;
  constexpr double kRows = kBatchRows * kBatches;
  for (const Family& family : families()) {
    fmt::print("{}\n", family.stage == nullptr ? "expressions, in no family's figure" : family.stage);
    for (const char* function : family.functions) {
      if (std::string_view(function).find(part) == std::string_view::npos) continue;
      const Measured measured = bench.measure(function);
      fmt::print("  {:58} {:7.3f}  {:7.2f} ns a row\n", function, measured.ratio(), measured.seconds / kRows * 1e9);
    }
  }
}

}  // namespace tipple::bench
