#!/bin/bash
# `./dev soak`: what takes too long for every change. Each fuzzer for a minute, sanitizer builds of the suite, the simulator
# with many seeds, and random kills. Every part runs; the summary names each finding and where to read it.
#   soak.sh [fuzz] [asan] [tsan] [simulate] [kills]     (none: all)
set -uo pipefail
cd "$(dirname "$0")/.."
readonly ROOT=$PWD FUZZ_SECONDS=${TIPPLE_FUZZ_SECONDS:-60} JOBS=${TIPPLE_SOAK_JOBS:-2}
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(fuzz asan tsan simulate kills)
passed=() findings=()

# step NAME COMMAND...: runs it and remembers how it ended.
step() {
  local name=$1 && shift
  echo "== $name"
  if "$@"; then passed+=("$name"); else findings+=("$name (exit code $?)"); fi
}

# build PRESET TARGET
build() { cmake --preset "$1" >/dev/null && cmake --build "build/$1" --target "$2" -- -j"$JOBS"; }

fuzz() {
  local name=$1 corpus=build/fuzz/corpus/$1 log=build/fuzz/$1.log seeds=()
  mkdir -p "$corpus"
  [ -d "tests/fuzz/corpus/$name" ] && seeds=("tests/fuzz/corpus/$name")
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 LSAN_OPTIONS="suppressions=$ROOT/tests/lsan.supp:print_suppressions=0" \
    "build/fuzz/tests/fuzz/$name" -max_total_time="$FUZZ_SECONDS" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$corpus" "${seeds[@]}" >"$log" 2>&1
  local code=$?
  if [ $code != 0 ]; then tail -n 60 "$log"; else grep stat::number_of_executed_units "$log"; fi
  return $code
}

# The suite under a sanitizer. Every report becomes a file, so that none is lost with a rank that a test kills or a process
# whose failure it expects; a report is a finding even where all tests passed.
sanitized() (
  local preset=$1 reports=$ROOT/build/$1/reports code=0 report
  rm -rf "$reports" && mkdir -p "$reports"
  export UBSAN_OPTIONS="log_path=$reports/report:suppressions=$ROOT/tests/ubsan.supp:print_stacktrace=1"
  export TSAN_OPTIONS="log_path=$reports/report:detect_deadlocks=0:history_size=7:suppressions=$ROOT/tests/tsan.supp"
  export LSAN_OPTIONS="suppressions=$ROOT/tests/lsan.supp:print_suppressions=0"
  export TIPPLE_RANDOM_KILLS="${TIPPLE_RANDOM_KILLS:-10}"
  # Arrow on malloc: its own allocator is not instrumented, which would hide overruns of its buffers and show their reuse as races.
  export ARROW_DEFAULT_MEMORY_POOL=system
  # Open MPI's frames cannot be unwound by frame pointers, and its leaks would carry no name to suppress by; the slow unwinder
  # costs up to twenty times, so that only the tests that link MPI get it (the program leaves with _exit, before leaks are sought).
  local asan="log_path=$reports/report:detect_odr_violation=0"
  ASAN_OPTIONS="$asan" ctest --test-dir "build/$preset" -E 'ranks_' --output-on-failure -j"$JOBS" || code=1
  ASAN_OPTIONS="$asan:fast_unwind_on_malloc=0" ctest --test-dir "build/$preset" -R 'ranks_' --output-on-failure || code=1
  for report in "$reports"/*; do
    [ -e "$report" ] || continue
    head -n 40 "$report"
    echo "-- the whole report: $report"
    code=1
  done
  return $code
)

for part in "${parts[@]}"; do
  case $part in
    fuzz)
      step "build of the fuzzers" build fuzz fuzzers
      for source in tests/fuzz/*_fuzz.cpp; do
        step "$(basename "$source" .cpp), $FUZZ_SECONDS s" fuzz "$(basename "$source" .cpp)"
      done ;;
    asan | tsan)
      step "build for $part" build "$part" all
      step "suite under $part" sanitized "$part" ;;
    simulate)
      step "build of the simulator" build release simulation_test
      step "simulator" build/release/tests/coordinator/simulation_test "--seeds=${TIPPLE_SEEDS:-200000}" ;;
    kills)
      step "build of the program" build release tipple
      export TIPPLE="$ROOT/build/release/tipple" PYTHONPATH=tests/promises PYTHONDONTWRITEBYTECODE=1
      step "every format killed at every point" env TIPPLE_KILLS=every build/env/bin/python tests/promises/formats_test.py Kills
      step "random kills" env TIPPLE_RANDOM_KILLS="${TIPPLE_RANDOM_KILLS:-2000}" build/env/bin/python tests/promises/kill_test.py ;;
    *) echo "soak: unknown part '$part' (fuzz, asan, tsan, simulate, kills)" >&2; exit 2 ;;
  esac
done

echo "== soak: ${#passed[@]} steps clean, ${#findings[@]} with findings"
[ ${#passed[@]} = 0 ] || printf '   clean    %s\n' "${passed[@]}"
[ ${#findings[@]} = 0 ] || printf '   FINDING  %s\n' "${findings[@]}"
[ ${#findings[@]} = 0 ]
