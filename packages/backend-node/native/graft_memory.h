// Memory of large results: see graft_memory.cc.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensorflow/c/tf_tensor.h"

namespace graft {
// A float32 tensor without values; null where there is no memory.
TF_Tensor *NewTensor(const std::vector<int64_t> &shape, size_t bytes);
}  // namespace graft
