// TIPPLE_CHECK: an assertion of our own invariants, on in every build.
//
// Only our bugs fail a check; user and environment faults are Results (base/result.h).
// Thread rule: any thread. The handler is process-wide and installed at start-up.
#pragma once

namespace tipple {

// Called with the failed expression, a message, and its place. The default prints them to
// stderr and calls abort(); a handler that returns makes the process abort all the same.
using CheckHandler = void (*)(const char* expression, const char* message, const char* file, int line);

// Installs `handler` (nullptr: the default) and returns the previous one.
CheckHandler set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const char* expression, const char* message, const char* file, int line);

}  // namespace tipple

#define TIPPLE_CHECK(expression, message)                               \
  do {                                                                  \
    if (!(expression)) [[unlikely]]                                     \
      ::tipple::check_failed(#expression, message, __FILE__, __LINE__); \
  } while (false)
