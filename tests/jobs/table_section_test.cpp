// The keys of a table: each arrives, and each mistake is told with its place and its cure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/rescued_column.h"
#include "tests/jobs/job_text.h"

namespace tipple {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// Lines 5 to 9; tables begin in line 11.
const char* const kSources = R"(  s: {path: in.csv}
  bare: {path: bare.csv, header: false, fields: [id, name]}
  docs: {path: in.jsonl}
  cols: {path: in.parquet}
  old: {table: archive}
)";

ParsedJob parse(const std::string& tables) { return parse_sections(kSources, tables); }

// Uses every source, so that only what a test says is wrong.
ParsedJob parse_one(const std::string& settings) {
  return parse("  t: {" + settings + "}\n  rest: {from: [s, bare, docs, cols, old]}");
}

TableSpec table(const std::string& settings) {
  const ParsedJob parsed = parse_one(settings);
  EXPECT_EQ(printed(parsed), "") << settings;
  return parsed.spec.tables.empty() ? TableSpec{} : parsed.spec.tables.front();
}

std::string mistake(const std::string& settings) {
  const ParsedJob parsed = parse_one(settings);
  EXPECT_EQ(parsed.mistakes.size(), 1u) << settings << "\n" << printed(parsed);
  return printed(parsed);
}

TEST(TableSection, SourcesMayComeWithTheirOwnFieldNames) {
  const TableSpec spec = table("from: [s, {source: docs, columns: {id: meta.id}}], columns: {id: int64, name: string}");
  EXPECT_THAT(spec.from, ElementsAre(SourceId(0), SourceId(2)));
  EXPECT_THAT(spec.field_maps, ElementsAre(IsEmpty(), ElementsAre(Pair("id", "meta.id"))));
  EXPECT_THAT(table("from: {source: bare, columns: {who: name}}, columns: {who: string}").field_maps,
              ElementsAre(ElementsAre(Pair("who", "name"))));
  EXPECT_THAT(table("from: s, columns: {a: string}").field_maps, ElementsAre(IsEmpty()));
}

TEST(TableSection, FieldsThatOnlyExpressionsNameMayBeMapped) {
  const TableSpec spec =
      table("from: {source: s, columns: {net: amount}}, columns: {gross: {expr: 'CAST(net AS int64) * 2'}}");
  EXPECT_THAT(spec.field_maps, ElementsAre(ElementsAre(Pair("net", "amount"))));
}

TEST(TableSection, WrongFieldMapsAreNamed) {
  EXPECT_THAT(mistake("from: {source: s, columns: {n: $line}}, columns: {n: int64}"),
              HasSubstr("'tables.t.from.columns.n' cannot be '$line' (say 'from: $line' in the table's columns)"));
  EXPECT_THAT(mistake("from: [{source: s, columns: {nmae: x}}], columns: {name: string}"),
              HasSubstr("'tables.t' has no column 'nmae' (did you mean 'name'?)"));
  EXPECT_THAT(mistake("from: {source: bare, columns: {who: nmae}}, columns: {who: string}"),
              HasSubstr("the source 'bare' has no field 'nmae' (did you mean 'name'?)"));
  EXPECT_THAT(mistake("from: {source: s, columns: {b: x}}, columns: {a: int32, b: {expr: a}}"),
              HasSubstr("the column 'b' is computed, not read (remove it here)"));
  EXPECT_THAT(mistake("from: {source: s, columns: {a: ''}}, columns: {a: string}"),
              HasSubstr("must be a field's name"));
  EXPECT_THAT(mistake("from: {source: s, columns: []}, columns: {a: string}"),
              HasSubstr("must be a map from each column's name"));
  EXPECT_THAT(mistake("from: {source: s, colums: {a: b}}, columns: {a: string}"), HasSubstr("unknown key 'colums'"));
  EXPECT_THAT(mistake("from: {columns: {a: b}}, columns: {a: string}"), HasSubstr("'tables.t.from.source' is missing"));
  EXPECT_THAT(mistake("from: [s, {source: s}], columns: {a: string}"), HasSubstr("the source 's' is named twice"));
  EXPECT_THAT(mistake("from: [], columns: {a: string}"), HasSubstr("'tables.t.from' is an empty list"));
  EXPECT_THAT(mistake("from: {source: sss}, columns: {a: string}"), HasSubstr("there is no source 'sss'"));
}

TEST(TableSection, InAFanInANullableColumnMayBeAbsentFromSomeSources) {
  EXPECT_EQ(table("from: [s, bare], columns: {other: {type: string, nullable: true}}").from.size(), 2u);
  EXPECT_THAT(mistake("from: [s, bare], columns: {other: string}"),
              HasSubstr("the source 'bare' has no field 'other'"));
  EXPECT_THAT(mistake("from: bare, columns: {other: {type: string, nullable: true}}"),
              HasSubstr("the source 'bare' has no field 'other'"));
}

TEST(TableSection, WithoutColumnsTheyAreInferred) {
  EXPECT_TRUE(table("from: s").inferred);
  EXPECT_FALSE(table("from: s, columns: {a: string}").inferred);
  EXPECT_THAT(mistake("from: s, columns: {}"), HasSubstr("not an empty map"));
}

TEST(TableSection, RawTablesLandRecordsAsText) {
  const TableSpec spec = table("from: [s, docs], raw: true");
  EXPECT_TRUE(spec.raw);
  EXPECT_FALSE(spec.inferred);
  ASSERT_EQ(spec.columns.size(), 3u);
  EXPECT_EQ(spec.columns[0].column.name, "file");
  EXPECT_EQ(spec.columns[0].from, kFileField);
  EXPECT_EQ(spec.columns[1].from, kOffsetField);
  EXPECT_EQ(spec.columns[1].column.type.to_string(), "int64");
  EXPECT_EQ(spec.columns[2].from, kRecordField);
  EXPECT_TRUE(table("from: s, raw: false").inferred);
  EXPECT_THAT(mistake("from: s, raw: true, columns: {a: string}"),
              HasSubstr("'tables.t.columns' does not go with 'raw: true'"));
  EXPECT_THAT(mistake("from: s, raw: true, schema: evolve"),
              HasSubstr("'tables.t.schema' does not go with 'raw: true'"));
  EXPECT_THAT(mistake("from: cols, raw: true"), HasSubstr("the records of the source 'cols' have no text"));
  EXPECT_THAT(mistake("from: s, raw: maybe"), HasSubstr("must be true or false"));
}

TEST(TableSection, SchemaModes) {
  EXPECT_EQ(table("from: s, columns: {a: string}").schema_mode, SchemaMode::kDeclared);
  EXPECT_EQ(table("from: s, columns: {a: string}, schema: freeze").schema_mode, SchemaMode::kFreeze);
  EXPECT_EQ(table("from: s, schema: evolve").schema_mode, SchemaMode::kEvolve);
  EXPECT_THAT(mistake("from: s, schema: frozen"),
              HasSubstr("must be 'declared', 'freeze', 'evolve' or 'rescue', not 'frozen'"));
  EXPECT_EQ(table("from: docs, columns: {a: string}, schema: freeze").schema_mode, SchemaMode::kFreeze);
}

TEST(TableSection, RescueAddsAColumnBehindTheOthers) {
  const TableSpec spec = table("from: s, columns: {a: int64, b: {expr: a}}, schema: rescue, steps: [{where: 'a > 1'}]");
  EXPECT_EQ(spec.schema_mode, SchemaMode::kRescue);
  ASSERT_EQ(spec.columns.size(), 3u);
  EXPECT_TRUE(is_rescued_column(spec.columns[2]));
  EXPECT_EQ(spec.output.back().name, "_rescued");
  EXPECT_EQ(spec.output.back().type.to_string(), "string");
  EXPECT_TRUE(spec.output.back().nullable);
  // Steps see it like any other.
  EXPECT_EQ(table("from: s, columns: {a: int64}, schema: rescue, steps: [{drop: [_rescued]}]").output.size(), 1u);
}

TEST(TableSection, WhatRescueCannotDoIsSaid) {
  EXPECT_THAT(mistake("from: s, schema: rescue"), HasSubstr("'schema: rescue' needs 'columns'"));
  EXPECT_THAT(mistake("from: s, schema: rescue, columns: {_rescued: string, a: string}"),
              HasSubstr("'_rescued' cannot be a column's name with 'schema: rescue'"));
  EXPECT_THAT(mistake("from: s, schema: rescue, columns: {_rescued.valid: bool}"),
              HasSubstr("'_rescued.valid' cannot be a column's name"));
  EXPECT_THAT(mistake("from: {source: s, columns: {_rescued: x}}, schema: rescue, columns: {a: string}"),
              HasSubstr("'tables.t' has no column '_rescued'"));
  EXPECT_THAT(mistake("from: s, schema: rescue, columns: {a: {from: $rescued, type: string}}"),
              HasSubstr("has no field '$rescued'"));
  EXPECT_THAT(mistake("from: s, raw: true, schema: rescue"), HasSubstr("does not go with 'raw: true'"));
}

TEST(TableSection, FormatAndCodec) {
  EXPECT_EQ(table("from: s").part_format, PartFormat::kHdf5);
  EXPECT_EQ(table("from: s").codec, Codec::kDeflate);
  EXPECT_EQ(table("from: s, format: parquet").part_format, PartFormat::kParquet);
  EXPECT_EQ(table("from: s, format: parquet").codec, Codec::kZstd);
  EXPECT_EQ(table("from: s, format: parquet, codec: lz4").codec, Codec::kLz4);
  EXPECT_EQ(table("from: s, codec: none, format: hdf5").codec, Codec::kNone);
  EXPECT_THAT(mistake("from: s, format: delta"),
              HasSubstr("'tables.t.format' must be 'hdf5' or 'parquet', not 'delta'"));
}

TEST(TableSection, ColumnsOfEveryKind) {
  const TableSpec spec = table(
      "from: s, columns: {day: {type: date, format: '%d.%m.%Y'}, twice: {expr: 'n * 2', type: int64}, n: int32, where: "
      "{from: $file, type: string}}");
  EXPECT_EQ(spec.columns[0].format, "%d.%m.%Y");
  EXPECT_EQ(spec.columns[1].expr, "n * 2");
  EXPECT_EQ(spec.columns[1].column.type.to_string(), "int64");
  EXPECT_EQ(spec.columns[1].from, "");
  EXPECT_EQ(spec.columns[3].from, kFileField);
}

TEST(TableSection, WrongColumnSettingsAreNamed) {
  const auto column = [](const std::string& settings) {
    return mistake("from: s, columns: {n: int32, c: {" + settings + "}}");
  };
  EXPECT_THAT(column("from: x"), HasSubstr("'tables.t.columns.c.type' is missing"));
  EXPECT_THAT(column("expr: n, from: x"), HasSubstr("'tables.t.columns.c.from' does not go with 'expr'"));
  EXPECT_THAT(column("expr: n, type: date, format: '%Y'"),
              HasSubstr("'tables.t.columns.c.format' does not go with 'expr'"));
  EXPECT_THAT(column("expr: ''"), HasSubstr("'tables.t.columns.c.expr' is empty"));
  EXPECT_THAT(column("expr: " + std::string(65'537, 'n')), HasSubstr("has 65537 bytes, more than 65536"));
  EXPECT_THAT(column("type: int32, format: '%Y'"),
              HasSubstr("'tables.t.columns.c.format' does not go with the type int32"));
  EXPECT_THAT(column("type: date, format: dd.mm.yyyy"),
              HasSubstr("must be written with strptime's letters, not 'dd.mm.yyyy'"));
  EXPECT_THAT(column("type: date, fromat: x"), HasSubstr("did you mean 'format'?"));
  EXPECT_THAT(mistake("from: s, columns: {$file: string}"), HasSubstr("'$file' cannot be a column's name"));
}

TEST(TableSection, FieldsThatSayWhereARecordCameFrom) {
  const auto from = [](const std::string& source, const std::string& field) {
    return printed(parse_one("from: " + source + ", columns: {c: {from: " + field + ", type: string}}"));
  };
  for (const char* field : {"$file", "$line", "$offset", "$record", "$path.date"}) {
    EXPECT_EQ(from("s", field), "") << field;
    EXPECT_EQ(from("docs", field), "") << field;
  }
  EXPECT_EQ(from("cols", "$file"), "");
  EXPECT_EQ(from("cols", "$path.date"), "");
  EXPECT_THAT(from("cols", "$record"), HasSubstr("the source 'cols' has no field '$record'"));
  EXPECT_THAT(from("old", "$file"), HasSubstr("rows of a table do not have that"));
  EXPECT_THAT(from("s", "$fiel"), HasSubstr("the source 's' has no field '$fiel' (did you mean '$file'?)"));
  EXPECT_THAT(from("s", "$path."), HasSubstr("the source 's' has no field '$path.'"));
  EXPECT_THAT(from("s", "$x"), HasSubstr("'$file', '$line', '$offset', '$record' and '$path.KEY'"));
}

TEST(TableSection, SourcesOfLookupsAndForeignKeysAreUsed) {
  const std::string tables = R"(  t:
    from: [s, docs, cols]
    columns: {id: int64}
    steps: [{lookup: {source: bare, on: id, take: {name: name}}}]
    checks: [{foreign_key: {columns: [id], source: old, to: [id]}}]
)";
  EXPECT_THAT(printed(parse(tables)), testing::Not(HasSubstr("no table reads the source")));
}

TEST(TableSection, AStreamCannotBeLookedThingsUpIn) {
  const ParsedJob parsed = parse_sections("  s: {path: in.csv}\n  live: {stream: stdin}", R"(  t:
    from: s
    columns: {id: int64}
    steps:
      - lookup: {source: live, on: id, take: {name: name}}
  u: {from: live}
)");
  EXPECT_THAT(printed(parsed), HasSubstr("12:9: the source 'live' is a stream; it cannot be looked things up in"));
}

TEST(TableSection, TablesThatReadEachOtherAreRefusedByName) {
  const ParsedJob parsed =
      parse_sections("  a_in: {table: a}\n  b_in: {table: b}", "  a: {from: b_in}\n  b: {from: a_in}");
  EXPECT_EQ(printed(parsed), "8:3: tables read each other: a -> b -> a (a table loads after those that it reads)\n");
}

// What only all of a table shows: expressions and steps are typed before any data, and a mistake in one is told where
// it stands.
const char* const kTyped = R"(  t:
    from: [s, bare, docs, cols, old]
    columns:
      id: int64
      twice: {expr: "id * 2"}
      text: {type: string, expr: "'a'"}
    steps:
      - drop: [text]
      - derive: {half: "twice / 2"}
    checks:
      - rule: "half > 0"
    expect:
      sums:
        - {column: half, min: 0}
)";

std::string typed_with(const std::string& from, const std::string& to) {
  std::string tables = kTyped;
  const std::size_t at = tables.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return printed(parse(tables.replace(at, from.size(), to)));
}

TEST(TableSection, ColumnsAndStepsComeToTheTablesSchema) {
  const ParsedJob parsed = parse(kTyped);
  ASSERT_EQ(printed(parsed), "");
  const TableSpec& table = parsed.spec.tables.front();
  std::vector<std::string> names;
  for (const Column& column : table.output) names.push_back(column.name + " " + column.type.to_string());
  EXPECT_THAT(names, ElementsAre("id int64", "twice int64", "half int64"));
  EXPECT_EQ(table.columns[1].column.type.to_string(), "int64");
  EXPECT_TRUE(parse("  t: {from: [s, bare, docs, cols, old]}").spec.tables.front().output.empty());
}

TEST(TableSection, MistakesInExpressionsStandWhereTheyAre) {
  EXPECT_THAT(typed_with("id * 2", "idd * 2"), AllOf(HasSubstr("16:21: "), HasSubstr("idd")));
  EXPECT_THAT(typed_with("drop: [text]", "drop: [txet]"), AllOf(HasSubstr("19:9: "), HasSubstr("txet")));
  EXPECT_THAT(typed_with("twice / 2", "nofunction(twice)"), AllOf(HasSubstr("20:9: "), HasSubstr("nofunction")));
  EXPECT_THAT(typed_with("half > 0", "half + 'x'"), HasSubstr("22:9: "));
  EXPECT_THAT(typed_with("column: half", "column: hafl"), AllOf(HasSubstr("25:11: "), HasSubstr("hafl")));
}

TEST(TableSection, AWrongTableHidesNothingOfTheOthers) {
  const ParsedJob parsed = parse(std::string(kTyped).replace(std::string(kTyped).find("id * 2"), 6, "idd * 2") +
                                 "  u: {from: s, codek: zstd}\n");
  EXPECT_THAT(printed(parsed), AllOf(HasSubstr("idd"), HasSubstr("codek")));
}

}  // namespace
}  // namespace tipple
