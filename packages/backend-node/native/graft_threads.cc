// Threads that wait for work. Starting threads for each pass would take as long as many passes. Any thread may compute any part, so
// that a thread that the system has suspended delays only its own part.

#include "graft_threads.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace graft {

int64_t MaxThreads() {
  const char *asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int64_t limit = asked != nullptr ? std::atoll(asked) : 0;
  const int64_t cores = std::thread::hardware_concurrency();
  return std::max<int64_t>(1, std::min<int64_t>(8, limit > 0 ? limit : cores));
}

static void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// How often a thread checks for the next pass before it sleeps. This takes about ten microseconds, the time between two operations.
static const int kLooks = 1000;

class Pool {
 public:
  explicit Pool(int64_t helpers) {
    try {
      for (int64_t i = 0; i < helpers; i++) std::thread([this] { Help(); }).detach();
    } catch (const std::system_error &) {
      // With fewer threads, each thread takes more parts.
    }
  }
  void Run(int64_t parts, Part *call, const void *task) {
    // Several Workers may compute at once. If the threads are busy, compute all parts on this thread.
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn.owns_lock()) {
      for (int64_t part = 0; part < parts; part++) call(task, part);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      call_ = call;
      task_ = task;
      parts_ = parts;
      next_ = 0;
      isOpen_ = true;
      passes_++;
    }
    wake_.notify_all();
    Work();
    for (int look = 0; look < kLooks && inside_ > 0; look++) Pause();
    std::unique_lock<std::mutex> lock(mutex_);
    isOpen_ = false;
    done_.wait(lock, [this] { return inside_ == 0; });
    if (std::exception_ptr error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
  }

 private:
  void Work() {
    for (int64_t part = next_++; part < parts_; part = next_++) {
      try {
        call_(task_, part);
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
      }
    }
  }
  void Help() {
    for (int64_t seen = 0;;) {
      for (int look = 0; look < kLooks && passes_ == seen; look++) Pause();
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return passes_ != seen; });
        seen = passes_;
        if (!isOpen_) continue;
        inside_++;
      }
      Work();
      std::lock_guard<std::mutex> lock(mutex_);
      if (--inside_ == 0) done_.notify_one();
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  std::atomic<int64_t> next_{0}, passes_{0}, inside_{0};
  int64_t parts_ = 0;
  Part *call_ = nullptr;
  const void *task_ = nullptr;
  bool isOpen_ = false;
  std::exception_ptr error_;
};

void RunParts(int64_t parts, Part *call, const void *task) {
  // Never destroyed, and the module is never unloaded (`-z nodelete`), because its threads wait as long as the process lives.
  static Pool *const pool = new Pool(MaxThreads() - 1);
  pool->Run(parts, call, task);
}

}  // namespace graft
