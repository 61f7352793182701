#include "base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace tipple {
namespace {

void print_failure(const char* expression, const char* message, const char* file, int line) {
  std::fprintf(stderr, "tipple: bug: %s:%d: check failed: %s: %s\n", file, line, expression, message);
}

std::atomic<CheckHandler> g_handler{&print_failure};

}  // namespace

CheckHandler set_check_handler(CheckHandler handler) {
  return g_handler.exchange(handler != nullptr ? handler : &print_failure);
}

void check_failed(const char* expression, const char* message, const char* file, int line) {
  g_handler.load()(expression, message, file, line);
  std::abort();
}

}  // namespace tipple
