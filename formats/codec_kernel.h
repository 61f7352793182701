// One loop compiled for several instruction sets, the best chosen at run time: for plain loops that the compiler
// vectorises well. (Kernels that need instructions by name use Highway: csv_index.)
//
//   struct SumKernel { [[gnu::always_inline]] static inline void run(const Args& args) { ... } };
//   run_kernel<SumKernel>(args);
//
// run() copies what its loop needs out of `args` first: a store in the loop might change `args`, and nothing would be
// vectorised.
//
// The loops are integer arithmetic or minimum and maximum, so every version gives the same answer. Thread rule: any
// thread.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define TIPPLE_KERNEL_X86 1
#else
#define TIPPLE_KERNEL_X86 0
#endif

namespace tipple {

enum class KernelLevel { kBaseline, kAvx2, kAvx512 };

[[nodiscard]] inline KernelLevel kernel_level() {
#if TIPPLE_KERNEL_X86
  static const KernelLevel level = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) {
      return KernelLevel::kAvx512;
    }
    return __builtin_cpu_supports("avx2") ? KernelLevel::kAvx2 : KernelLevel::kBaseline;
  }();
  return level;
#else
  return KernelLevel::kBaseline;
#endif
}

#if TIPPLE_KERNEL_X86
template <typename Kernel, typename Args>
[[gnu::target("avx2")]] void run_kernel_avx2(const Args& args) {
  Kernel::run(args);
}
template <typename Kernel, typename Args>
[[gnu::target("avx512f,avx512dq,avx512bw,avx512vl")]] void run_kernel_avx512(const Args& args) {
  Kernel::run(args);
}
#endif

template <typename Kernel, typename Args>
void run_kernel(const Args& args, KernelLevel level = kernel_level()) {
#if TIPPLE_KERNEL_X86
  switch (level) {
    case KernelLevel::kAvx512:
      return run_kernel_avx512<Kernel>(args);
    case KernelLevel::kAvx2:
      return run_kernel_avx2<Kernel>(args);
    case KernelLevel::kBaseline:
      break;
  }
#else
  static_cast<void>(level);
#endif
  Kernel::run(args);
}

}  // namespace tipple
