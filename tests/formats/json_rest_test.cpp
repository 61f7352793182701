// JsonRest: which fields of a record no column takes, by name and in order; and the first of a block, for tables that
// take no new ones.
#include "formats/json_rest.h"

#include <gmock/gmock.h>

#include "formats/json_format.h"
#include "tests/formats/line_format_testing.h"

namespace tipple::testing_lines {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "path=value", with a + where a key is new.
std::vector<std::string> rest(const std::vector<std::string>& froms, std::string_view record,
                              const std::vector<std::uint32_t>& unfit = {}) {
  const JsonTree tree(froms);
  JsonRest reader(tree);
  std::vector<std::string> found;
  for (int again = 0; again < 2; ++again) {  // nothing of a record is left for the next
    found.clear();
    for (const JsonRest::Field& field : reader.read(record, unfit))
      found.push_back(field.path + (field.key ? "+=" : "=") + std::string(field.value));
  }
  return found;
}

TEST(JsonRest, KeysThatNoColumnNames) {
  EXPECT_THAT(rest({"a"}, R"( { "b" : [1, "]"] , "a":1, "c":{"}":"\"}"}, "d":null ,"e":-1e5} )"),
              ElementsAre("b+=[1, \"]\"]", "c+={\"}\":\"\\\"}\"}", "d+=null", "e+=-1e5"));
  EXPECT_THAT(rest({"a"}, R"({"a":{"b":1}})"), IsEmpty());
  EXPECT_THAT(rest({}, R"({})"), IsEmpty());
  EXPECT_THAT(rest({}, R"({"x":"y"})"), ElementsAre("x+=\"y\""));
  EXPECT_THAT(rest({""}, R"({"":1})"), ElementsAre("\"\"+=1"));
}

TEST(JsonRest, BelowAPathMembersCount) {
  EXPECT_THAT(rest({"u.n"}, R"({"u":{"n":1,"m":2,"o":{"p":3}}})"), ElementsAre("u.m+=2", "u.o+={\"p\":3}"));
  EXPECT_THAT(rest({"u.n", "u"}, R"({"u":{"n":1,"m":2}})"), IsEmpty());
  EXPECT_THAT(rest({"u.n"}, R"({"u":5})"), ElementsAre("u=5"));
  EXPECT_THAT(rest({"l[1].k"}, R"({"l":[7,{"k":1,"j":2},{"k":3}]})"),
              ElementsAre("l[0]=7", "l[1].j+=2", "l[2]={\"k\":3}"));
}

TEST(JsonRest, TheFirstOfTwoCounts) {
  EXPECT_THAT(rest({"u.n"}, R"({"u":{"n":1},"u":{"m":2},"x":1,"\u0078":2})"), ElementsAre("x+=1"));
}

TEST(JsonRest, ValuesThatDidNotFit) {
  EXPECT_THAT(rest({"a", "b"}, R"({"b":2,"z":0,"a":1,"b":3})", {0, 1}), ElementsAre("b=2", "z+=0", "a=1"));
  EXPECT_THAT(rest({"a.b"}, R"({"a":{"b":1},"a.b":2})", {0}), ElementsAre("\"a.b\"=2"));
  EXPECT_THAT(rest({"a.b"}, R"({"a":{"b":1}})", {0}), ElementsAre("a.b=1"));
  EXPECT_THAT(rest({"a", "a"}, R"({"a":1})", {0, 1}), ElementsAre("a=1"));
}

TEST(JsonRest, ATreeTakesWhatItsColumnsRead) {
  const JsonTree tree({"a", "u.n", "x.y", "", "t[1]"});
  const auto takes = [&](std::string_view path) { return tree.takes(parse_json_path(path).value()); };
  for (const char* path : {"a", "a.b", "u.n", "u.n.m", "x.y", "\"x.y\"", "t[1]", "t[1].k"})
    EXPECT_TRUE(takes(path)) << path;
  for (const char* path : {"b", "u", "u.m", "x", "x.z", "t", "t[0]", "\"a.b\"", "\"\""})
    EXPECT_FALSE(takes(path)) << path;
}

TEST(JsonRest, ABlockTellsOfItsFirstNewField) {
  SourceSpec source;
  source.format = SourceFormat::kJsonLines;
  const auto format = make_json_format(source);
  BoundTable table;
  table.columns = {column("a", "int32"), column("n", "int32", true, "u.n"), column("t", "int32", true, "t[0]")};
  const auto new_field = [&](std::string text, bool wanted = true) {
    table.new_fields = wanted;
    const auto binding = (*format)->bind({}, {table}, "in").value();
    const auto index = binding->make_index();
    const std::size_t size = text.size();
    text.append(64, ' ');
    (void)binding->split({text.data(), size}, true, *index);
    const auto batch = binding->convert(0, {text.data(), size}, *index, {}, false, arrow::default_memory_pool());
    EXPECT_TRUE(batch.ok());
    if (!batch->new_field) return std::string();
    return batch->new_field->name + "@" + std::to_string(batch->new_field->origin);
  };
  EXPECT_EQ(new_field("{\"a\":1,\"u\":{\"n\":2},\"t\":[1,2,3]}\n{\"a\":2,\"a\":3}\n{\"u\":7}\n"), "");
  EXPECT_EQ(new_field("{\"a\":1}\n{\"b\":null}\n{\"c\":1}\n"), "b@8");
  EXPECT_EQ(new_field("{\"a\":1}\n{\"b\":null}\n", false), "");
  EXPECT_EQ(new_field("broken\n{\"u\":{\"n\":1,\"m\":1},\"b\":1}\n"), "u.m@7");
}

}  // namespace
}  // namespace tipple::testing_lines
