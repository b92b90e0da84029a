// Memory of large results: see graft_memory.cc.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensorflow/c/tf_tensor.h"

namespace graft {
// A float32 tensor without values; null where there is no memory.
TF_Tensor *NewTensor(const std::vector<int64_t> &shape, size_t bytes);

// Room for `count` values within a kernel; throws std::bad_alloc where there is no memory.
class Scratch {
 public:
  explicit Scratch(int64_t count);
  Scratch(const Scratch &) = delete;
  ~Scratch();
  float *data() const { return data_; }

 private:
  float *data_ = nullptr;
  size_t held_ = 0;
};
}  // namespace graft
