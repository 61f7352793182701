// Every example that `tipple functions` prints is true.
#include <gmock/gmock.h>

#include "tests/transforms/expression_testing.h"

namespace tipple {
namespace {

TEST(ExpressionExamples, EachIsTrue) {
  for (const FunctionInfo& info : functions()) {
    EXPECT_EQ(evaluate_constant(info.example), "true") << info.name << ": " << info.example;
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_THAT(info.signature, testing::HasSubstr("->")) << info.name;
  }
}

}  // namespace
}  // namespace tipple
