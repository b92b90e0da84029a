// Runs work in parts on several threads. See graft_threads.cc.
#pragma once
#include <algorithm>
#include <cstdint>

namespace graft {

// Maximum number of parts per pass. Callers keep a result for each part.
static const int64_t kMaxParts = 16;
// With fewer values than this, another part costs more time than it saves.
static const int64_t kValuesPerPart = 100000;

int64_t MaxThreads();

typedef void Part(const void *task, int64_t part);
// Calls call(task, part) for each part, on this thread and on free ones. Returns when all parts are done. Throws the error of the first part that failed.
void RunParts(int64_t parts, Part *call, const void *task);

// Calls task(part, begin, end) for parts of [0, count). `values` is the total amount of work. The parts depend only on these two and
// on the number of threads, so that sums by part are the same each time.
template <typename Task>
void InParts(int64_t count, int64_t values, const Task &task) {
  static const int64_t most = MaxThreads() == 1 ? 1 : std::min(kMaxParts, 4 * MaxThreads());
  const int64_t parts = std::max<int64_t>(1, std::min<int64_t>({most, values / kValuesPerPart, count}));
  if (parts == 1) return task(0, 0, count);
  auto run = [&](int64_t part) { task(part, count * part / parts, count * (part + 1) / parts); };
  RunParts(parts, [](const void *it, int64_t part) { (*static_cast<const decltype(run) *>(it))(part); }, &run);
}

}  // namespace graft
