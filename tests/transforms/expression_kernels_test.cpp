// The fast ways of the expression kernels: whatever a batch holds beside it, and however its memory ends, a row has the
// value that it has alone.
#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <random>

#include <arrow/array/concatenate.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/csv_time.h"
#include "tests/transforms/expression_testing.h"
#include "transforms/expression_calendar.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_digits.h"
#include "transforms/expression_utf8.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

DataType kind_of(const std::string& text) { return parse_data_type(text).value(); }

// Texts that are ASCII, or not; short, around the lengths of words and registers, and long.
std::string some_text(std::mt19937_64& random, bool ascii) {
  static const std::vector<std::string> kPieces = {"a", "B", " ", "%", "_", "few", "Some", "x1", "é", "ß", "İ", "日本"};
  static const std::size_t kLengths[] = {0, 1, 2, 3, 4, 6, 9, 12, 20, 40};
  std::string text = random() % 3 == 0 ? " " : "t";
  for (std::size_t left = kLengths[random() % 10]; left > 0; --left) text += kPieces[random() % (ascii ? 8 : 12)];
  return text;
}

ExprTestTable random_table(bool ascii, bool nulls, std::size_t rows) {
  std::mt19937_64 random(ascii ? 1 : 2);
  const auto column = [&](auto make) {
    std::vector<std::string> texts(rows);
    for (std::string& text : texts) text = nulls && random() % 5 == 0 ? "" : make();
    return texts;
  };
  const auto number = [&](std::int64_t limit) {
    const auto size = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
    return std::to_string(random() % 2 == 0 ? size : -size);
  };
  const auto text = [&] { return some_text(random, ascii); };
  const auto date = [&] {
    return fmt::format("{:04}-{:02}-{:02}", 1 + random() % 9999, 1 + random() % 12, 1 + random() % 28);
  };
  const auto decimal = [&] {
    return fmt::format("{}.{:02}", number(random() % 2 == 0 ? 99 : 9'999'999), random() % 100);
  };
  std::vector<std::pair<std::string, std::vector<std::string>>> columns = {
      {"s string", column(text)},
      {"t string", column(text)},
      {"part string", column([&] { return std::string(random() % 2 == 0 ? "few" : "a"); })},
      {"i int64", column([&] { return number(9); })},
      {"n int32", column([&] { return number(2'000'000'000); })},
      {"f float64", column([&] { return random() % 2 == 0 ? decimal() : number(900) + "e" + number(18); })},
      {"d date", column(date)},
      {"z timestamp", column([&] { return date() + (random() % 2 == 0 ? " 00:00:00" : " 13:59:07.25"); })},
      {"p decimal(12,2)", column(decimal)},
      {"w decimal(38,6)",
       column([&] { return number(9'000'000'000'000'000'000) + "12345." + std::to_string(random() % 1000); })},
      {"q bool", column([&] { return std::string(random() % 2 == 0 ? "true" : "false"); })},
  };
  Schema schema;
  std::vector<std::vector<std::string>> texts;
  for (auto& [name, values] : columns) {
    schema.push_back(Column{name.substr(0, name.find(' ')), kind_of(name.substr(name.find(' ') + 1)), true});
    texts.push_back(std::move(values));
  }
  return expr_table(schema, texts);
}

const std::vector<std::string>& expressions() {
  static const std::vector<std::string> kExpressions = {"lower(s)",
                                                        "upper(s)",
                                                        "initcap(s)",
                                                        "reverse(s)",
                                                        "length(s)",
                                                        "octet_length(s)",
                                                        "ascii(s)",
                                                        "md5(s)",
                                                        "substr(s, 3)",
                                                        "substr(s, 2, 3)",
                                                        "substr(s, i, 4)",
                                                        "substr(s, 1, 100)",
                                                        "left(s, 3)",
                                                        "left(s, -2)",
                                                        "right(s, 3)",
                                                        "right(s, -2)",
                                                        "left(s, i)",
                                                        "right(s, i)",
                                                        "trim(s)",
                                                        "ltrim(s)",
                                                        "rtrim(s)",
                                                        "trim(both ' t' from s)",
                                                        "trim(both 'é t' from s)",
                                                        "trim(both part from s)",
                                                        "lpad(s, 12)",
                                                        "rpad(s, 12, 'xy')",
                                                        "lpad(s, 40, 'é')",
                                                        "lpad(s, i + 9, part)",
                                                        "repeat(s, 3)",
                                                        "repeat(s, i)",
                                                        "replace(s, 'few', '-')",
                                                        "replace(s, 'a', 'aé')",
                                                        "replace(s, part, t)",
                                                        "translate(s, 'abS', 'xy')",
                                                        "translate(s, 'ab', 'xy')",
                                                        "translate(s, 'aé', 'éa')",
                                                        "translate(s, part, t)",
                                                        "split_part(s, ' ', 2)",
                                                        "split_part(s, 'few', 1)",
                                                        "split_part(s, 'a', -1)",
                                                        "split_part(s, part, 2)",
                                                        "strpos(s, 'few')",
                                                        "strpos(s, part)",
                                                        "strpos(s, '')",
                                                        "starts_with(s, 't')",
                                                        "starts_with(s, 'tSomeSomeSome')",
                                                        "starts_with(s, part)",
                                                        "s || t",
                                                        "'<' || s || '>'",
                                                        "concat(s, n, t)",
                                                        "concat_ws(', ', s, t)",
                                                        "chr(i + 300)",
                                                        "to_hex(n)",
                                                        "s = t",
                                                        "s < t",
                                                        "s >= 'tSome'",
                                                        "s = 'tfew'",
                                                        "s <> 't'",
                                                        "s = 'tSomeSome'",
                                                        "s in ('t', 'ta', ' a', 'x')",
                                                        "s in ('t', 'ta', ' a', 'x', 'y', ' ', null)",
                                                        "s between 'a' and t",
                                                        "greatest(s, t)",
                                                        "nullif(s, t)",
                                                        "nullif(i, 3)",
                                                        "nullif(q, true)",
                                                        "coalesce(s, t, 'x')",
                                                        "case when i > 3 then s when i < 0 then t end",
                                                        "case when q then f when i > 0 then n end",
                                                        "case i when 1 then 'one' else s end",
                                                        "q in (true, null)",
                                                        "i in (1, 2, 3, 4, 5, 6, 7)",
                                                        "i in (1, 2, 3, 4, 5, 6, 7, 8, 9, null)",
                                                        "f in (1, 2, 3, 4, 5, 6, 7, 8, 0.5)",
                                                        "s like 't%'",
                                                        "s like '%few'",
                                                        "s like '%few%'",
                                                        "s like 't%few%a'",
                                                        "s like '%é%'",
                                                        "s like 't_S%'",
                                                        "s like '%f_w%a'",
                                                        "s like '%__%'",
                                                        "s like '_'",
                                                        "s like '%'",
                                                        "s like 't'",
                                                        "s like '%\\%%'",
                                                        "s like 'x%%%' escape 'x'",
                                                        "s like '%' || part || '%'",
                                                        "s like t",
                                                        "s ilike 'T%FEW%'",
                                                        "s ilike '%s_me%'",
                                                        "s ilike part || '%'",
                                                        "s not like '%a'",
                                                        "-f",
                                                        "abs(f)",
                                                        "-p",
                                                        "abs(p)",
                                                        "-n::int64",
                                                        "round(f, 1)",
                                                        "round(p, 1)",
                                                        "floor(p)",
                                                        "ceil(p)",
                                                        "trunc(p, 1)",
                                                        "round(w, 2)",
                                                        "floor(w)",
                                                        "sign(p)",
                                                        "p + p",
                                                        "p * p",
                                                        "p / 3",
                                                        "p / nullif(p, 0)",
                                                        "w / 7",
                                                        "p % 7",
                                                        "w % 1.5",
                                                        "w * 2",
                                                        "p > 100",
                                                        "p = w",
                                                        "w between p and 1000",
                                                        "extract(year from d)",
                                                        "extract(month from d)",
                                                        "extract(day from d)",
                                                        "extract(doy from d)",
                                                        "extract(week from d)",
                                                        "extract(isoyear from d)",
                                                        "extract(dow from d)",
                                                        "extract(isodow from d)",
                                                        "extract(quarter from d)",
                                                        "extract(century from d)",
                                                        "extract(decade from d)",
                                                        "extract(julian from d)",
                                                        "extract(hour from z)",
                                                        "extract(second from z)",
                                                        "extract(epoch from z)",
                                                        "extract(minute from z::time)",
                                                        "date_trunc('year', z)",
                                                        "date_trunc('month', z)",
                                                        "date_trunc('quarter', z)",
                                                        "date_trunc('week', z)",
                                                        "date_trunc('hour', z)",
                                                        "date_trunc('decade', z)",
                                                        "date_trunc('dow', z)",
                                                        "date_trunc(part, z)",
                                                        "d + i::int32",
                                                        "d - 30",
                                                        "d - date '2000-01-01'",
                                                        "d + interval '1 month'",
                                                        "z - interval '13 months'",
                                                        "z + interval '1 day 2 hours'",
                                                        "z + i * interval '1 year 1 day'",
                                                        "z + interval '5000 years'",
                                                        "z - interval '9000000 days'",
                                                        "extract(epoch from z - d)",
                                                        "make_date(2000 + i::int32, 2, 29)",
                                                        "to_char(z, 'YYYY-MM-DD HH24:MI:SS.MS')",
                                                        "to_char(z, 'FMDay, FMDD Mon YY HH12 am Q WW IW DDD')",
                                                        "to_char(z, '\"\"YYYY')",
                                                        "to_date(to_char(d, 'DD/MM/YYYY'), 'DD/MM/YYYY')",
                                                        "n::string",
                                                        "i::string",
                                                        "f::string",
                                                        "f::float32::string",
                                                        "p::string",
                                                        "w::string",
                                                        "d::string",
                                                        "z::string",
                                                        "z::time::string",
                                                        "q::string",
                                                        "i::string(1)",
                                                        "n::string::int32",
                                                        "f::string::float64",
                                                        "p::string::decimal(12,2)",
                                                        "p::string::decimal(12,1)",
                                                        "w::string::decimal(38,6)",
                                                        "d::string::date",
                                                        "z::string::timestamp",
                                                        "q::string::bool",
                                                        "part::bool",
                                                        "s::int32",
                                                        "part::enum(a, few)",
                                                        "part::enum(a)",
                                                        "part::enum(a, few)::string",
                                                        "f::decimal(12,2)",
                                                        "f::decimal(38,20)",
                                                        "p::decimal(14,4)",
                                                        "p::decimal(12,1)",
                                                        "w::decimal(30,1)",
                                                        "p::float64",
                                                        "w::float64",
                                                        "p::int32",
                                                        "n::float64",
                                                        "n::int8",
                                                        "f::int32",
                                                        "q::int32",
                                                        "z::date",
                                                        "d::timestamp",
                                                        "z::timestamp_tz",
                                                        "s::string(5)"};
  return kExpressions;
}

// A row alone, in memory that ends where its values do.
std::shared_ptr<arrow::RecordBatch> row_alone(const arrow::RecordBatch& batch, std::int64_t row) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& column : batch.columns()) {
    const auto copy = arrow::Concatenate({column->Slice(row, 1)}).ValueOrDie();
    auto data = copy->data()->Copy();
    for (auto& buffer : data->buffers) {
      if (buffer != nullptr) buffer = arrow::Buffer::FromString(buffer->ToString());
    }
    columns.push_back(arrow::MakeArray(data));
  }
  return arrow::RecordBatch::Make(batch.schema(), 1, std::move(columns));
}

class ExpressionRows : public testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(ExpressionRows, HaveTheValuesThatTheyHaveAlone) {
  constexpr std::int64_t kRows = 150;
  const auto [ascii, nulls] = GetParam();
  const ExprTestTable table = random_table(ascii, nulls, kRows);
  std::vector<ExprTestTable> alone;
  for (std::int64_t row = 0; row < kRows; ++row) alone.push_back({table.schema, row_alone(*table.batch, row)});
  for (const std::string& text : expressions()) {
    const auto whole = evaluate_expression(text, table);
    ASSERT_TRUE(whole.ok()) << text << ": " << whole.error().to_string();
    ASSERT_EQ(whole->rows.size(), static_cast<std::size_t>(kRows)) << text;
    for (std::int64_t row = 0; row < kRows; ++row) {
      const auto one = evaluate_expression(text, alone[static_cast<std::size_t>(row)]);
      ASSERT_EQ(one->rows.front(), whole->rows[static_cast<std::size_t>(row)])
          << text << ", row " << row << ": " << table.batch->Slice(row, 1)->ToString();
    }
  }
}

TEST_P(ExpressionRows, HaveTheSameValuesInSlices) {
  const auto [ascii, nulls] = GetParam();
  const ExprTestTable table = random_table(ascii, nulls, 150);
  for (const std::string& text : expressions()) {
    const auto whole = evaluate_expression(text, table)->rows;
    for (const std::int64_t begin : {0, 1, 7, 64, 100}) {
      const auto part = evaluate_expression(text, {table.schema, table.batch->Slice(begin, 40)});
      EXPECT_THAT(part->rows, ElementsAreArray(whole.begin() + begin, whole.begin() + begin + 40))
          << text << " from " << begin;
    }
    EXPECT_TRUE(evaluate_expression(text, {table.schema, table.batch->Slice(3, 0)})->rows.empty()) << text;
  }
}

// With arms that half of the rows do not take: the others keep their values, and those raise no fault.
TEST_P(ExpressionRows, KeepTheirValuesBesideRowsOfOtherArms) {
  const auto [ascii, nulls] = GetParam();
  const ExprTestTable table = random_table(ascii, nulls, 150);
  for (const std::string& text : expressions()) {
    const auto whole = evaluate_expression(text, table)->rows;
    const auto some = evaluate_expression("case when n > 0 then " + text + " end", table)->rows;
    const auto taken = evaluate_expression("n > 0", table)->rows;
    for (std::size_t row = 0; row < whole.size(); ++row)
      ASSERT_EQ(some[row], taken[row] == "true" ? whole[row] : "NULL") << text << ", row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, ExpressionRows, testing::Combine(testing::Bool(), testing::Bool()), [](const auto& of) {
  return std::string(std::get<0>(of.param) ? "Ascii" : "Unicode") + (std::get<1>(of.param) ? "WithNulls" : "");
});

// One text column of given texts.
ExprTestTable texts_table(const std::vector<std::string>& texts) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(texts).ok());
  const auto array = builder.Finish().ValueOrDie();
  const Schema schema = {Column{"s", DataType{}, true}};
  return {schema, arrow::RecordBatch::Make(arrow_schema(schema), array->length(), {array})};
}

TEST(ExpressionTextLimit, IsAFaultOfItsRowAlone) {
  const std::string longest(limits::kFieldBytesMax, 'A');
  const std::string half(limits::kFieldBytesMax / 2 + 1, 'b');
  for (const std::string& other : {std::string("x"), std::string("é")}) {
    const auto table = texts_table({other, longest, longest + "A", half, other});
    const auto lengths = [&](const std::string& text) {
      return evaluate_expression("length(" + text + ")", table)->rows;
    };
    const std::string most = std::to_string(longest.size());
    EXPECT_THAT(lengths("lower(s)"), ElementsAre("1", most, "!length", std::to_string(half.size()), "1"));
    EXPECT_THAT(lengths("initcap(s)"), ElementsAre("1", most, "!length", std::to_string(half.size()), "1"));
    EXPECT_THAT(lengths("reverse(s)"), ElementsAre("1", most, "!length", std::to_string(half.size()), "1"));
    EXPECT_THAT(lengths("s || ''"), ElementsAre("1", most, "!length", std::to_string(half.size()), "1"));
    EXPECT_THAT(lengths("s || s"), ElementsAre("2", "!length", "!length", "!length", "2"));
    EXPECT_THAT(lengths("repeat(s, 2)"), ElementsAre("2", "!length", "!length", "!length", "2"));
    EXPECT_THAT(lengths("replace(s, 'b', 'bb')"), ElementsAre("1", most, "!length", "!length", "1"));
    EXPECT_THAT(lengths("translate(s, 'b', 'c')"), ElementsAre("1", most, "!length", std::to_string(half.size()), "1"));
    EXPECT_THAT(evaluate_expression("lpad(left(s, 1), 2000000)", table)->rows, testing::Each("!length"));
    EXPECT_THAT(lengths("lpad(left(s, 1), 1000000, 'xyz')"), testing::Each("1000000"));
    EXPECT_THAT(evaluate_expression("s ilike 'a%'", table)->rows,
                ElementsAre("false", "true", "true", "false", "false"));
  }
}

TEST(ExpressionFinder, FindsNothingAcrossRows) {
  const auto table = texts_table({"fe", "w", "few", "", "ffew", "fefew", "xfe", "wfew", "f", "ew"});
  EXPECT_THAT(evaluate_expression("strpos(s, 'few')", table)->rows,
              ElementsAre("0", "0", "1", "0", "2", "3", "0", "2", "0", "0"));
  EXPECT_THAT(evaluate_expression("replace(s, 'few', '-')", table)->rows,
              ElementsAre("fe", "w", "-", "", "f-", "fe-", "xfe", "w-", "f", "ew"));
  EXPECT_THAT(evaluate_expression("s like '%few%'", table)->rows,
              ElementsAre("false", "false", "true", "false", "true", "true", "false", "true", "false", "false"));
  EXPECT_THAT(evaluate_expression("s like '%f_w%'", table)->rows,
              ElementsAre("false", "false", "true", "false", "true", "true", "false", "true", "false", "false"));
}

TEST(ExpressionSlices, OfColumnsThatOnlyChangeTheirType) {
  const Schema schema = {Column{"z", kind_of("timestamp"), true}};
  auto table = expr_table(schema, {{"2024-01-01 00:00:00", "", "2024-01-03 00:00:00", "2024-01-04 00:00:00"}});
  table.batch = table.batch->Slice(1, 3);
  EXPECT_THAT(evaluate_expression("z::timestamp_tz", table)->rows,
              ElementsAre("NULL", "2024-01-03 00:00:00+00", "2024-01-04 00:00:00+00"));
  EXPECT_THAT(evaluate_expression("nullif(z, timestamp '2024-01-03 00:00:00')", table)->rows,
              ElementsAre("NULL", "NULL", "2024-01-04 00:00:00"));
}

TEST(Calendar, EveryDayOfTheYears1To9999) {
  std::int32_t days = kDaysMin;
  for (std::int32_t year = 1; year <= 9999; ++year) {
    std::int32_t of_year = 0;
    for (std::int32_t month = 1; month <= 12; ++month) {
      const std::int32_t last = kDaysInMonth[leap_year(static_cast<std::uint32_t>(year))][month - 1];
      for (std::int32_t day = 1; day <= last; ++day, ++days) {
        const CivilDate date = civil_from_days(days);
        ASSERT_TRUE(date.year == year && date.month == month && date.day == day) << days;
        ASSERT_EQ(day_of_year(days), ++of_year) << days;
        ASSERT_EQ(iso_weekday(days), (days - kDaysMin) % 7 + 1) << days;  // 0001-01-01 was a Monday
      }
    }
  }
  EXPECT_EQ(days, kDaysMax + 1);
}

TEST(Digits, AsToCharsPrintsThem) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t value = i < 2000 ? static_cast<std::uint64_t>(i) : random() >> (random() % 64);
    char text[64];
    ASSERT_EQ(std::string(text, put_number(value, text)), std::to_string(value));
    ASSERT_EQ(digit_count(value), static_cast<int>(std::to_string(value).size()));
    const auto small = static_cast<std::int64_t>(value);
    ASSERT_EQ(std::string(text, put_signed(small, text)), std::to_string(small));
    ASSERT_EQ(std::string(text, put_padded(value, 20, text)), fmt::format("{:020}", value));
  }
}

// As they were before there was a quick way: the shortest digits that are read as the number.
TEST(Floats, ArePrintedWithTheShortestDigits) {
  std::mt19937_64 random(8);
  arrow::DoubleBuilder builder;
  std::vector<std::string> expected;
  for (int i = 0; i < 100'000; ++i) {
    double value = std::bit_cast<double>(random());
    if (i % 4 == 1) value = static_cast<double>(random() % 1'000'000'000) / 1000 - 500'000;
    if (i % 4 == 2)
      value = static_cast<double>(random() >> (random() % 64)) / std::pow(10.0, static_cast<double>(random() % 20));
    if (i % 4 == 3)
      value = std::nextafter(static_cast<double>(random() % 100'000) / 100, random() % 2 == 0 ? 0.0 : 1e9);
    if (!std::isfinite(value)) value = -0.0;
    EXPECT_TRUE(builder.Append(value).ok());
    const double size = std::fabs(value);
    char text[400];
    const bool plain = value == 0 || (size >= 1e-4 && size < 1e15);
    const auto form = plain ? std::chars_format::fixed : std::chars_format::scientific;
    expected.emplace_back(text, std::to_chars(text, text + sizeof text, value, form).ptr);
  }
  const auto array = builder.Finish().ValueOrDie();
  const Schema schema = {Column{"f", kind_of("float64"), true}};
  const auto rows =
      evaluate_expression("f", {schema, arrow::RecordBatch::Make(arrow_schema(schema), array->length(), {array})})
          ->rows;
  ASSERT_EQ(rows, expected);
}

TEST(Decimals, OfFloatsHaveTheirFifteenDigits) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 200'000; ++i) {
    double value =
        static_cast<double>(random() >> (random() % 64)) / std::pow(10.0, static_cast<double>(random() % 24));
    if (i % 3 == 0) value = std::nextafter(std::round(value * 1000) / 1000, i % 2 == 0 ? 0 : 1e30);
    if (i % 5 == 0) value = -value;
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 14).ptr;
    // Digits after the point that fifteen in all leave: nothing is rounded twice.
    const int exponent = std::stoi(std::string(std::find(text, end, 'e') + 1, end));
    const int scale = 14 - exponent;
    if (value == 0 || scale < 0 || scale > 37) continue;
    std::string digits(text, std::find(text, end, 'e'));
    digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
    Int128 decimal = 0;
    ASSERT_TRUE(decimal_of_double(value, scale, 38, &decimal)) << text;
    ASSERT_EQ(decimal_text(decimal, 0), digits) << text;
  }
}

TEST(Decimals, AreDividedAsWide) {
  std::mt19937_64 random(10);
  const auto wide = [&] {
    const auto both = static_cast<UInt128>(random()) << 64 | random();
    const auto value = static_cast<Int128>(both >> (1 + random() % 127));
    return random() % 2 == 0 ? value : -value;
  };
  for (int i = 0; i < 200'000; ++i) {
    const Int128 a = wide();
    const Int128 b = wide();
    if (b == 0) continue;
    const Int128 size = b < 0 ? -b : b;
    const Int128 rest = a % size;
    const Int128 away = (rest < 0 ? -rest : rest) >= size - (rest < 0 ? -rest : rest) ? (a < 0 ? -1 : 1) : 0;
    ASSERT_TRUE(divide_rounding(a, size) == a / size + away);
    ASSERT_TRUE(decimal_rest(a, b) == a % b);
    const Divided divided = divide_magnitudes(magnitude(a), magnitude(b));
    ASSERT_TRUE(divided.quotient == magnitude(a) / magnitude(b) && divided.rest == magnitude(a) % magnitude(b));
    Int128 product = 0;
    Int128 expected = 0;
    const bool overflows = __builtin_mul_overflow(a, b, &expected);
    ASSERT_EQ(multiply_overflows(a, b, &product), overflows);
    ASSERT_TRUE(overflows || product == expected);
    // Digit by digit.
    std::string digits;
    for (UInt128 left = magnitude(a); left != 0 || digits.size() < 8; left /= 10)
      digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(left % 10)));
    digits.insert(digits.size() - 7, ".");
    ASSERT_EQ(decimal_text(a, 7), (a < 0 ? "-" : "") + digits);
  }
}

// Byte by byte, which the ways by words and registers must agree with.
TEST(Utf8, CharactersOfTextsOfAnyLength) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = some_text(random, i % 2 == 0) + std::string(40, 'z');
    const std::string_view part = std::string_view(text).substr(0, text.size() - random() % 40 - 1);
    std::vector<std::size_t> begins;
    bool ascii = true;
    for (std::size_t at = 0; at < part.size(); ++at) {
      if (begins_character(part[at])) begins.push_back(at);
      ascii = ascii && static_cast<signed char>(part[at]) >= 0;
    }
    ASSERT_EQ(character_count(part), static_cast<std::int64_t>(begins.size())) << part;
    ASSERT_EQ(is_ascii(part), ascii) << part;
    for (std::size_t n = 0; n < begins.size() + 3; ++n) {
      const std::size_t expected = n < begins.size() ? begins[n] : part.size();
      ASSERT_EQ(character_offset(part, static_cast<std::int64_t>(n)), expected) << part;
      ASSERT_EQ(character_offset(part, static_cast<std::int64_t>(n), text.data() + text.size()), expected) << part;
    }
  }
}

}  // namespace
}  // namespace tipple
