#include "jobs/table_order.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"

namespace tipple {
namespace {

using Positions = std::vector<std::size_t>;

// For each table the positions of the tables that it reads, ascending.
std::vector<Positions> tables_read(const JobSpec& job) {
  std::map<std::string_view, std::size_t> positions;
  for (std::size_t i = 0; i < job.tables.size(); ++i) positions.emplace(job.tables[i].name, i);
  std::vector<Positions> reads(job.tables.size());
  for (std::size_t i = 0; i < job.tables.size(); ++i) {
    std::set<std::size_t> found;
    for (const SourceId id : sources_of(job.tables[i])) {
      const SourceSpec& source = job.sources[id.value()];
      if (source.format != SourceFormat::kTable) continue;
      const auto table = positions.find(source.table);
      if (table != positions.end()) found.insert(table->second);
    }
    reads[i].assign(found.begin(), found.end());
  }
  return reads;
}

// Takes off layer after layer (Kahn, 1962). What is left at the end stands on circles or behind them.
struct Order {
  std::vector<std::vector<TableId>> layers;
  std::vector<bool> left;
};

Order order_of(const std::vector<Positions>& reads) {
  Order order;
  order.left.assign(reads.size(), true);
  std::vector<std::size_t> waiting_for(reads.size());
  std::vector<Positions> readers(reads.size());
  Positions ready;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    waiting_for[i] = reads[i].size();
    for (const std::size_t table : reads[i]) readers[table].push_back(i);
    if (reads[i].empty()) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::sort(ready.begin(), ready.end());
    std::vector<TableId> layer;
    Positions next;
    for (const std::size_t table : ready) {
      layer.emplace_back(static_cast<std::uint32_t>(table));
      order.left[table] = false;
      for (const std::size_t reader : readers[table]) {
        if (--waiting_for[reader] == 0) next.push_back(reader);
      }
    }
    order.layers.push_back(std::move(layer));
    ready = std::move(next);
  }
  return order;
}

}  // namespace

std::vector<SourceId> sources_of(const TableSpec& table) {
  std::set<SourceId> sources(table.from.begin(), table.from.end());
  for (const StepSpec& step : table.steps) {
    if (const auto* lookup = std::get_if<LookupStep>(&step)) sources.insert(lookup->source);
  }
  for (const CheckSpec& check : table.checks) {
    if (check.kind == CheckSpec::Kind::kForeignKey) sources.insert(check.source);
  }
  return {sources.begin(), sources.end()};
}

std::vector<TableId> table_cycle(const JobSpec& job) {
  const std::vector<Positions> reads = tables_read(job);
  const std::vector<bool> left = order_of(reads).left;
  const auto first = std::find(left.begin(), left.end(), true);
  if (first == left.end()) return {};
  // Each table that is left reads one that is left, so this walk comes back to where it was.
  std::vector<std::size_t> walk;
  std::map<std::size_t, std::size_t> seen;  // table -> its position in the walk
  std::size_t table = static_cast<std::size_t>(first - left.begin());
  while (seen.emplace(table, walk.size()).second) {
    walk.push_back(table);
    table = *std::find_if(reads[table].begin(), reads[table].end(), [&](std::size_t read) { return left[read]; });
  }
  std::vector<TableId> cycle;
  for (std::size_t i = seen[table]; i < walk.size(); ++i) cycle.emplace_back(static_cast<std::uint32_t>(walk[i]));
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  return cycle;
}

std::vector<std::vector<TableId>> load_layers(const JobSpec& job) {
  Order order = order_of(tables_read(job));
  TIPPLE_CHECK(std::find(order.left.begin(), order.left.end(), true) == order.left.end(),
               "tables that read each other");
  return std::move(order.layers);
}

}  // namespace tipple
