// Memory of large results. See graft_memory.cc.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensorflow/c/tf_tensor.h"

namespace graft {
// Makes a float32 tensor without values. Returns null if memory has run out.
TF_Tensor *NewTensor(const std::vector<int64_t> &shape, size_t bytes);

// Memory for `count` values during a kernel. Throws std::bad_alloc if memory has run out.
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
