// Memory for large results, in blocks that are reused. malloc would map new memory for each of them, and the system would fill its
// pages with zeros one fault at a time, which takes as long as a pass over the memory. Or it would leave holes in a growing heap.
// Unused blocks beyond a limit are returned to the system.

#include "graft_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace graft {

static const size_t kSmallest = size_t{1} << 20;
static const size_t kGrain = size_t{1} << 21;  // a huge page
static const size_t kKept = size_t{192} << 20;

class Blocks {
 public:
  void *take(size_t *bytes) {
    *bytes = (*bytes + kGrain - 1) / kGrain * kGrain;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      auto found = free_.lower_bound(*bytes);
      if (found != free_.end() && found->first <= *bytes + *bytes / 2) {
        void *const block = found->second;
        *bytes = found->first;
        kept_ -= *bytes;
        free_.erase(found);
        return block;
      }
    }
    // Map more than needed, so that a part of it begins at a huge page.
    char *const all = static_cast<char *>(mmap(nullptr, *bytes + kGrain, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (all == MAP_FAILED) return nullptr;
    char *const block = reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(all) + kGrain - 1) / kGrain * kGrain);
    if (block > all) munmap(all, block - all);
    if (block < all + kGrain) munmap(block + *bytes, all + kGrain - block);
#ifdef MADV_HUGEPAGE
    madvise(block, *bytes, MADV_HUGEPAGE);
#endif
    return block;
  }
  void give(void *block, size_t bytes) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (kept_ + bytes <= kKept) {
        free_.emplace(bytes, block);
        kept_ += bytes;
        return;
      }
    }
    munmap(block, bytes);
  }

 private:
  std::mutex mutex_;
  std::multimap<size_t, void *> free_;
  size_t kept_ = 0;
};

// Never destroyed, because tensors may be freed while the process ends.
static Blocks *const kBlocks = new Blocks;

static void GiveBack(void *data, size_t, void *bytes) { kBlocks->give(data, reinterpret_cast<size_t>(bytes)); }

TF_Tensor *NewTensor(const std::vector<int64_t> &shape, size_t bytes) {
  const int rank = static_cast<int>(shape.size());
  if (bytes < kSmallest) return TF_AllocateTensor(TF_FLOAT, shape.data(), rank, bytes);
  size_t held = bytes;
  void *const data = kBlocks->take(&held);
  if (data == nullptr) return nullptr;
  return TF_NewTensor(TF_FLOAT, shape.data(), rank, data, bytes, GiveBack, reinterpret_cast<void *>(held));
}

Scratch::Scratch(int64_t count) {
  const size_t bytes = count * sizeof(float);
  if (bytes >= kSmallest) {
    held_ = bytes;
    data_ = static_cast<float *>(kBlocks->take(&held_));
  } else if (bytes > 0) {
    data_ = static_cast<float *>(std::malloc(bytes));
  }
  if (data_ == nullptr && bytes > 0) throw std::bad_alloc();
}

Scratch::~Scratch() {
  if (held_ > 0) {
    kBlocks->give(data_, held_);
  } else {
    std::free(data_);
  }
}

}  // namespace graft
