#include "base/fault_point.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace tipple {
namespace {

struct KillPlan {
  std::string name;
  long passing = 0;  // 0: never
  long rank = -1;    // -1: any
};

KillPlan read_plan() {
  KillPlan plan;
  const char* at = std::getenv("TIPPLE_KILL_AT");
  if (at == nullptr) return plan;
  plan.name = at;
  plan.passing = 1;
  if (const auto colon = plan.name.find(':'); colon != std::string::npos) {
    plan.passing = std::atol(plan.name.c_str() + colon + 1);
    plan.name.resize(colon);
  }
  if (const char* rank = std::getenv("TIPPLE_KILL_RANK")) plan.rank = std::atol(rank);
  return plan;
}

const KillPlan& plan() {
  static const KillPlan value = read_plan();
  return value;
}

std::atomic<long> g_passings{0};
std::atomic<long> g_rank{0};

}  // namespace

void set_fault_rank(int rank) { g_rank = rank; }

void fault_point(std::string_view name) {
  const KillPlan& kill_plan = plan();
  if (kill_plan.passing == 0 || name != kill_plan.name) return;
  if (kill_plan.rank >= 0 && kill_plan.rank != g_rank.load()) return;
  if (g_passings.fetch_add(1) + 1 == kill_plan.passing) ::kill(::getpid(), SIGKILL);
}

}  // namespace tipple
