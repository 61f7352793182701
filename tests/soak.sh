#!/bin/bash
# `./dev soak`: what takes too long for every change. Sanitizer builds of the suite, each fuzzer for a minute, the simulator with
# many seeds, and random kills. Stops at the first finding.
#   soak.sh [fuzz] [asan] [tsan] [simulate] [kills]     (none: all)
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(fuzz asan tsan simulate kills)
seconds=${TIPPLE_FUZZ_SECONDS:-60}

build() { cmake --preset "$1" >/dev/null && cmake --build "build/$1" -- -j2; }

for part in "${parts[@]}"; do
  echo "== $part"
  case $part in
    fuzz)
      build fuzz
      for fuzzer in build/fuzz/tests/fuzz/*_fuzz; do
        name=$(basename "$fuzzer")
        corpus=build/fuzz/corpus/$name
        mkdir -p "$corpus"
        echo "-- $name, $seconds s"
        # LeakSanitizer at exit only: a leak in a loop would show up as memory over the limit.
        "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
          -artifact_prefix="build/fuzz/$name-" "$corpus" 2>&1 | grep -E "stat::number_of_executed_units|SUMMARY|ERROR" || true
        test "${PIPESTATUS[0]}" -eq 0
      done ;;
    asan)
      build asan
      # fast_unwind is off because Open MPI's frames cannot be unwound quickly; its own leaks are listed in the suppressions.
      ASAN_OPTIONS=fast_unwind_on_malloc=0:detect_odr_violation=0 LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0 \
        UBSAN_OPTIONS=suppressions=$PWD/tests/ubsan.supp:print_stacktrace=1 TIPPLE_RANDOM_KILLS=10 \
        ctest --test-dir build/asan --output-on-failure -j2 --timeout 3000 ;;
    tsan)
      build tsan
      TSAN_OPTIONS=detect_deadlocks=0:suppressions=$PWD/tests/tsan.supp TIPPLE_RANDOM_KILLS=10 \
        ctest --test-dir build/tsan --output-on-failure -j2 --timeout 3000 ;;
    simulate)
      build release
      TIPPLE_SEEDS=${TIPPLE_SEEDS:-200000} build/release/tests/coordinator/simulation_test ;;
    kills)
      build release
      TIPPLE_RANDOM_KILLS=${TIPPLE_RANDOM_KILLS:-2000} ctest --test-dir build/release -R promises.kill --output-on-failure --timeout 20000 ;;
    *) echo "soak: unknown part '$part' (fuzz, asan, tsan, simulate, kills)" >&2; exit 2 ;;
  esac
done
