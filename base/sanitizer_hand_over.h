// What the thread sanitizer has to be told of hand-overs between threads that run through oneTBB: Debian's library is
// not instrumented, so that each would look like a race.
//
// What a thread did before release_to_sanitizer(token) happened before what a thread does after a later
// acquire_for_sanitizer(token). Any address serves as a token. Without the sanitizer both are nothing.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace tipple {

inline void release_to_sanitizer([[maybe_unused]] void* token) {
#ifdef __SANITIZE_THREAD__
  __tsan_release(token);
#endif
}

inline void acquire_for_sanitizer([[maybe_unused]] void* token) {
#ifdef __SANITIZE_THREAD__
  __tsan_acquire(token);
#endif
}

}  // namespace tipple
