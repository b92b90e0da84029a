// Shared parts of the kernels of @graftjs/backend-node: inputs, outputs, threads, and the choice between builds of the loops.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "graft_memory.h"
#include "graft_threads.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/tf_tensor.h"
#include "tf_auto_status.h"

namespace graft {

// The vector instructions that the processor has and the system supports. GRAFT_NATIVE_SIMD=baseline or avx2 limits them.
enum Level { kBaseline, kAvx2, kAvx512 };
Level LevelHere();
static const Level kLevel = LevelHere();
#if defined(__x86_64__)
#define LOOP(name, ...) (kLevel >= kAvx2 ? avx2::name(__VA_ARGS__) : baseline::name(__VA_ARGS__))
#else
#define LOOP(name, ...) baseline::name(__VA_ARGS__)
#endif

struct Failure {
  std::string message;
};

class Output;

// A resolved input. Its values stay alive as long as this object.
class Input {
 public:
  Input(TFE_TensorHandle *handle) {
    tfnodejs::TF_AutoStatus status;
    if (TFE_TensorHandleDataType(handle) != TF_FLOAT) throw Failure{"a tensor is not float32"};
    tensor_ = TFE_TensorHandleResolve(handle, status.status);
    if (TF_GetCode(status.status) != TF_OK) throw Failure{TF_Message(status.status)};
  }
  Input(Input &&other) : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  Input(const Input &) = delete;
  ~Input() {
    if (tensor_ != nullptr) TF_DeleteTensor(tensor_);
  }
  const float *data() const { return static_cast<const float *>(TF_TensorData(tensor_)); }
  int64_t count() const { return TF_TensorElementCount(tensor_); }
  int rank() const { return TF_NumDims(tensor_); }
  int64_t dim(int i) const { return TF_Dim(tensor_, i); }
  // Returns a tensor of another shape with the same memory. The shape must have the same number of values.
  inline Output Shared(const std::vector<int64_t> &shape) const;

 private:
  TF_Tensor *tensor_;
};

// A result. `handle()` turns it into a handle. Otherwise it is freed.
class Output {
 public:
  Output(const std::vector<int64_t> &shape) {
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    tensor_ = NewTensor(shape, count * sizeof(float));
    if (tensor_ == nullptr) throw Failure{"out of memory"};
  }
  // Takes a tensor over.
  explicit Output(TF_Tensor *tensor) : tensor_(tensor) {}
  Output(Output &&other) : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  Output(const Output &) = delete;
  ~Output() {
    if (tensor_ != nullptr) TF_DeleteTensor(tensor_);
  }
  float *data() { return static_cast<float *>(TF_TensorData(tensor_)); }
  TF_Tensor *tensor() const { return tensor_; }
  TFE_TensorHandle *handle() const {
    tfnodejs::TF_AutoStatus status;
    TFE_TensorHandle *handle = TFE_NewTensorHandle(tensor_, status.status);
    if (TF_GetCode(status.status) != TF_OK) throw Failure{TF_Message(status.status)};
    return handle;
  }

 private:
  TF_Tensor *tensor_;
};

Output Input::Shared(const std::vector<int64_t> &shape) const {
  const int64_t none = 0;
  Output output(TF_AllocateTensor(TF_FLOAT, &none, 1, 0));
  tfnodejs::TF_AutoStatus status;
  TF_TensorBitcastFrom(tensor_, TF_FLOAT, output.tensor(), shape.data(), static_cast<int>(shape.size()), status.status);
  if (TF_GetCode(status.status) != TF_OK) throw Failure{TF_Message(status.status)};
  return output;
}

inline std::vector<int64_t> ShapeOf(const Input &input) {
  std::vector<int64_t> shape;
  for (int i = 0; i < input.rank(); i++) shape.push_back(input.dim(i));
  return shape;
}

// Returns the `where[index]`-th input with one value per channel, or `otherwise` for each channel if the input is left out.
inline std::vector<float> Vector(const std::vector<Input> &inputs, const int32_t *where, int index, int64_t channels, float otherwise) {
  if (where[index] < 0) return std::vector<float>(channels, otherwise);
  const Input &input = inputs[where[index]];
  if (input.count() != channels) throw Failure{"a vector has not one value a channel"};
  return std::vector<float>(input.data(), input.data() + channels);
}

// A kernel. Parameters: the inputs, the index of the input or -1 for each argument, the numbers, and the list for the results.
typedef void Kernel(const std::vector<Input> &, const int32_t *, const double *, std::vector<Output> *);
Kernel BatchNorm, BatchNormGrad, GivenNorm, GivenNormGrad, Between, NormedKernelGrad;
Kernel SgdStep, AdamStep, Norms, Blends, LambDirection;
Kernel Product, Depthwise, DepthwiseInput, DepthwiseFilter;
Kernel Gelu, Softmax, SoftmaxGrad, LayerNorm, LayerNormGrad, Reshape;

}  // namespace graft
