// ColumnInference: the type of a column is a function of the set of its values, and a load takes every one of them.
#include "formats/infer_column.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>

#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;

ColumnInference facts_of(const Texts& texts) {
  ColumnInference facts;
  for (const std::string& text : texts) facts.add(text);
  return facts;
}

std::string type_of(const Texts& texts) {
  const InferredColumn column = facts_of(texts).finish();
  return column.type.to_string() + (column.format.empty() ? "" : " " + column.format) +
         (column.nullable ? " null" : "");
}

TEST(InferColumn, WholeNumbersTakeTheNarrowestType) {
  EXPECT_EQ(type_of({"0", "127", "-128"}), "int8");
  EXPECT_EQ(type_of({"128"}), "int16");
  EXPECT_EQ(type_of({"-32769"}), "int32");
  EXPECT_EQ(type_of({"2147483648", "1"}), "int64");
  EXPECT_EQ(type_of({"9223372036854775807", "-9223372036854775808"}), "int64");
  EXPECT_EQ(type_of({"9223372036854775808"}), "uint64");
  EXPECT_EQ(type_of({"18446744073709551615", "-1"}), "decimal(20,0)");
  EXPECT_EQ(type_of({"18446744073709551616"}), "decimal(20,0)");
  EXPECT_EQ(type_of({std::string(38, '9')}), "decimal(38,0)");
}

TEST(InferColumn, NamesThatLookLikeNumbersStayText) {
  EXPECT_EQ(type_of({"007"}), "string(3)");
  EXPECT_EQ(type_of({"12", "00"}), "string(2)");
  EXPECT_EQ(type_of({"+491234"}), "string(7)");
  EXPECT_EQ(type_of({"1,234"}), "string(5)");
  EXPECT_EQ(type_of({" 12"}), "string(3)");
  EXPECT_EQ(type_of({std::string(39, '9')}), "string(39)");
  EXPECT_EQ(type_of({"-"}), "string(1)");
  EXPECT_EQ(type_of({"."}), "string(1)");
  EXPECT_EQ(type_of({"-007.5"}), "string(6)");
}

TEST(InferColumn, Fractions) {
  EXPECT_EQ(type_of({"1.50", "-12"}), "decimal(4,2)");
  EXPECT_EQ(type_of({"123456789.5", "0.25"}), "decimal(11,2)");
  EXPECT_EQ(type_of({".5", "5."}), "decimal(2,1)");
  EXPECT_EQ(type_of({"1e5", "2"}), "float64");
  EXPECT_EQ(type_of({"0." + std::string(40, '1')}), "float64");
  EXPECT_EQ(type_of({std::string(30, '1'), "0." + std::string(20, '1')}), "float64");
  EXPECT_EQ(type_of({"nan", "1.5", "-inf"}), "float64");
  EXPECT_EQ(type_of({"1e999"}), "string(5)");
}

TEST(InferColumn, Words) {
  EXPECT_EQ(type_of({"true", "FALSE"}), "bool");
  EXPECT_EQ(type_of({"true"}), "bool");
  EXPECT_EQ(type_of({"yes", "No"}), "bool");
  EXPECT_EQ(type_of({"NO", "NO"}), "string(2)");
  EXPECT_EQ(type_of({"f", "t"}), "bool");
  EXPECT_EQ(type_of({"F"}), "string(1)");
  EXPECT_EQ(type_of({"true", "1"}), "string(4)");
}

TEST(InferColumn, Times) {
  EXPECT_EQ(type_of({"2024-01-31"}), "date");
  EXPECT_EQ(type_of({"2024-02-30"}), "string(10)");
  EXPECT_EQ(type_of({"23:59", "10:00:00.5"}), "time");
  EXPECT_EQ(type_of({"2024-01-31 10:00:00", "2024-01-31T10:00"}), "timestamp");
  EXPECT_EQ(type_of({"2024-01-31T10:00:00Z", "2024-01-31 10:00+02:00"}), "timestamp_tz");
  EXPECT_EQ(type_of({"2024-01-31", "2024-1-5"}), "date %Y-%m-%d");
  EXPECT_EQ(type_of({"31/01/2024", "01/02/2024"}), "date %d/%m/%Y");
  EXPECT_EQ(type_of({"01/31/2024", "01/02/2024"}), "date %m/%d/%Y");
  EXPECT_EQ(type_of({"31/01/2024", "01/31/2024"}), "string(10)");
  EXPECT_EQ(type_of({"31.1.2024 7:05"}), "timestamp %d.%m.%Y %H:%M");
  EXPECT_EQ(type_of({"3-Jan-2024"}), "date %d-%b-%Y");
  EXPECT_EQ(type_of({"12/31/99 11:59 PM"}), "timestamp %m/%d/%y %I:%M %p");
  EXPECT_EQ(type_of({"10/Oct/2000:13:55:36 -0700"}), "timestamp_tz %d/%b/%Y:%H:%M:%S %z");
  EXPECT_EQ(type_of({"20240131"}), "int32");
}

TEST(InferColumn, DaysAndMonthsThatCannotBeToldApartAreNamed) {
  const InferredColumn slashes = facts_of({"01/02/2024", "3/4/2024"}).finish();
  EXPECT_EQ(slashes.format, "%m/%d/%Y");
  EXPECT_EQ(slashes.ambiguous, "%d/%m/%Y");
  const InferredColumn dashes = facts_of({"01-02-2024"}).finish();
  EXPECT_EQ(dashes.format, "%d-%m-%Y");
  EXPECT_EQ(dashes.ambiguous, "%m-%d-%Y");
  EXPECT_EQ(facts_of({"01/02/2024", "13/2/2024"}).finish().ambiguous, "");
}

TEST(InferColumn, TextsByLengthAndRepetition) {
  Texts many;
  for (int i = 0; i < 20; ++i) many.push_back(i % 2 == 0 ? "car" : "a bus");
  EXPECT_EQ(type_of(many), "enum(a bus,car)");
  many.resize(19);
  EXPECT_EQ(type_of(many), "string(5)");
  EXPECT_EQ(type_of({std::string(200, 'x'), std::string(150, 'y')}), "string(200)");
  EXPECT_EQ(type_of({std::string(200, 'x'), "y"}), "string(200)");
  EXPECT_EQ(type_of({std::string(200, 'x'), "y", "z"}), "string");
  EXPECT_EQ(type_of({""}), "string");
}

TEST(InferColumn, TextsThatMayMeanNull) {
  const Texts texts = {"NA", "-"};
  ColumnInference facts = facts_of({"12"});
  facts.add_null_candidate(0);
  EXPECT_EQ(facts.finish(1, texts).type.to_string(), "int8");
  EXPECT_TRUE(facts.finish(1, texts).nullable);
  EXPECT_EQ(facts.finish(0, texts).type.to_string(), "string(2)");
  EXPECT_FALSE(facts.finish(0, texts).nullable);
  facts.add_null_candidate(1);
  EXPECT_EQ(facts.finish(1, texts).type.to_string(), "string(2)");
  EXPECT_TRUE(facts.finish(1, texts).nullable);
}

TEST(InferColumn, NothingIsNullableText) { EXPECT_EQ(type_of({}), "string null"); }

TEST(InferColumn, StringsOfJsonAreNoNumbers) {
  ColumnInference facts;
  facts.add_text("12");
  EXPECT_EQ(facts.finish().type.to_string(), "string(2)");
  ColumnInference dates;
  dates.add_text("2024-01-31");
  EXPECT_EQ(dates.finish().type.to_string(), "date");
}

// Texts near each other's borders, so that random columns are of every type.
std::string random_text(std::mt19937_64& rng, unsigned kind) {
  const auto below = [&rng](unsigned n) { return static_cast<unsigned>(rng() % n); };
  switch (kind) {
    case 0:
      return std::to_string(below(200));
    case 1:
      return std::to_string(static_cast<std::int64_t>(rng()));
    case 2:
      return std::to_string(below(100000)) + "." + std::to_string(below(1000));
    case 3:
      return std::to_string(below(100)) + "e-" + std::to_string(below(9));
    case 4:
      return "2024-0" + std::to_string(1 + below(9)) + "-1" + std::to_string(below(9));
    case 5:
      return std::to_string(1 + below(14)) + "/" + std::to_string(1 + below(14)) + "/2024";
    case 6:
      return "2024-01-31 10:0" + std::to_string(below(9)) + ":00";
    case 7:
      return below(2) == 0 ? "true" : "false";
    case 8:
      return "1" + std::to_string(below(10)) + ".1.2024";
    case 9:
      return std::string(1 + below(70), 'a');
    case 10:
      return "00" + std::to_string(below(9));
    default:
      return std::to_string(rng()) + std::to_string(rng());
  }
}

bool same(const ColumnInference& a, const ColumnInference& b) {
  const InferredColumn x = a.finish();
  const InferredColumn y = b.finish();
  return x.type == y.type && x.nullable == y.nullable && x.format == y.format && x.ambiguous == y.ambiguous &&
         a.values() == b.values() && a.width_min() == b.width_min() && a.width_max() == b.width_max();
}

TEST(InferColumnProperties, NeitherOrderNorCutsMatter) {
  std::mt19937_64 rng(test_seed());
  for (int round = 0; round < 3000; ++round) {
    const unsigned kinds[2] = {static_cast<unsigned>(rng() % 12), static_cast<unsigned>(rng() % 12)};
    Texts texts(1 + rng() % 40);
    for (std::string& text : texts) text = random_text(rng, kinds[rng() % 8 == 0]);
    const ColumnInference whole = facts_of(texts);
    std::shuffle(texts.begin(), texts.end(), rng);
    std::vector<ColumnInference> pieces(1 + rng() % 5);
    for (const std::string& text : texts) pieces[rng() % pieces.size()].add(text);
    while (pieces.size() > 1) {
      const std::size_t from = rng() % pieces.size();
      const ColumnInference piece = pieces[from];
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(from));
      pieces[rng() % pieces.size()].merge(piece);
    }
    ASSERT_TRUE(same(whole, pieces[0])) << ::testing::PrintToString(texts) << whole.finish().type.to_string() << " "
                                        << pieces[0].finish().type.to_string();
  }
}

TEST(InferColumnProperties, LongNumbersCountTheSameBeforeAndBehindFractions) {
  for (const char* number : {"123456789", "-123456789", "1234567890123456", "12345678901234567"}) {
    const ColumnInference before = facts_of({number, "1.5"});
    EXPECT_TRUE(before == facts_of({"1.5", number})) << number;
    EXPECT_EQ(before.finish().type.to_string(),
              "decimal(" + std::to_string(std::string_view(number).size() - (*number == '-' ? 1 : 0) + 1) + ",1)");
  }
}

TEST(InferColumnProperties, SeeingAllTwiceChangesNoType) {
  std::mt19937_64 rng(test_seed());
  for (int round = 0; round < 1000; ++round) {
    const unsigned kind = static_cast<unsigned>(rng() % 12);
    Texts texts(1 + rng() % 9);
    for (std::string& text : texts) text = random_text(rng, kind);
    ColumnInference twice = facts_of(texts);
    // Ten of a text make an enum of it: how often is no matter of the lattice.
    if (twice.finish().type.kind == TypeKind::kEnum) continue;
    const InferredColumn once = twice.finish();
    const ColumnInference again = twice;
    twice.merge(again);
    if (twice.finish().type.kind == TypeKind::kEnum) continue;
    ASSERT_EQ(twice.finish().type, once.type);
    ASSERT_EQ(twice.finish().format, once.format);
  }
}

}  // namespace
}  // namespace tipple
