// `tipple functions`: what expressions know.
#include <fmt/format.h>

#include "cli/invocation.h"
#include "cli/output.h"
#include "jobs/expression.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

struct FunctionsOptions {
  std::string name;
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

Result<std::vector<FunctionInfo>> wanted_functions(const std::string& name) {
  if (name.empty()) return functions();
  std::vector<FunctionInfo> wanted;
  std::vector<std::string> known;
  for (const FunctionInfo& info : functions()) {
    known.push_back(info.name);
    if (lower(info.name) == lower(name)) wanted.push_back(info);
  }
  if (!wanted.empty()) return wanted;
  const std::string nearest = nearest_name(name, known);
  return usage_error(fmt::format("no function '{}'", name), {},
                     nearest.empty() ? "`tipple functions` lists them" : "did you mean '" + nearest + "'?");
}

std::string listing(const std::vector<FunctionInfo>& wanted) {
  std::string text;
  std::string group;
  std::vector<std::vector<std::string>> rows;
  const auto flush = [&] {
    if (!rows.empty()) text += text_table(rows) + "\n";
    rows.clear();
  };
  for (const FunctionInfo& info : wanted) {
    if (info.group != group) {
      flush();
      group = info.group;
      rows.push_back({group, "example"});
    }
    rows.push_back({info.name, info.example});
  }
  flush();
  return text + "`tipple functions NAME` explains one; docs/expressions.md has the language.\n";
}

Result<int> list_functions(const FunctionsOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const std::vector<FunctionInfo> wanted, wanted_functions(options.name));
  if (invocation.json) {
    Json list = Json::array();
    for (const FunctionInfo& info : wanted) {
      list.push_back({{"name", info.name},
                      {"group", info.group},
                      {"signature", info.signature},
                      {"summary", info.summary},
                      {"example", info.example}});
    }
    TIPPLE_RETURN_IF_ERROR(print_json(Json{{"outcome", "listed"}, {"functions", list}}));
    return 0;
  }
  if (options.name.empty()) {
    TIPPLE_RETURN_IF_ERROR(print_text(listing(wanted)));
    return 0;
  }
  for (const FunctionInfo& info : wanted) {
    TIPPLE_RETURN_IF_ERROR(print_text(fmt::format("{}  ({})\n  {}\n  {}\n  example: {}\n", info.name, info.group,
                                                  info.signature, info.summary, info.example)));
  }
  return 0;
}

}  // namespace

void add_functions(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<FunctionsOptions>();
  CLI::App* sub = add_verb(app, invocation, "functions", "List the operators and functions of expressions",
                           "tipple functions substr");
  sub->add_option("NAME", options->name, "One function");
  bind_verb(sub, invocation, options, list_functions);
}

}  // namespace tipple
