// Work in parts on several threads: see graft_threads.cc.
#pragma once
#include <algorithm>
#include <cstdint>

namespace graft {

// The most parts that one pass is cut into: callers keep a result for each.
static const int64_t kMaxParts = 16;
// Below this many values another part costs more than it gives.
static const int64_t kValuesPerPart = 100000;

int64_t MaxThreads();

typedef void Part(const void *task, int64_t part);
// Calls call(task, part) for each part, on this thread and on those that are free. Returns when all are done; throws what the first of them threw.
void RunParts(int64_t parts, Part *call, const void *task);

// Calls task(part, begin, end) for parts of [0, count); `values` says how much work it all is. How it is cut depends on nothing but
// these two and the number of threads, so that what is summed up by part comes out the same each time.
template <typename Task>
void InParts(int64_t count, int64_t values, const Task &task) {
  static const int64_t most = MaxThreads() == 1 ? 1 : std::min(kMaxParts, 4 * MaxThreads());
  const int64_t parts = std::max<int64_t>(1, std::min<int64_t>({most, values / kValuesPerPart, count}));
  if (parts == 1) return task(0, 0, count);
  auto run = [&](int64_t part) { task(part, count * part / parts, count * (part + 1) / parts); };
  RunParts(parts, [](const void *it, int64_t part) { (*static_cast<const decltype(run) *>(it))(part); }, &run);
}

}  // namespace graft
