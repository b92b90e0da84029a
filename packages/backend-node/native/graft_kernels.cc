// Fused kernels of @graftjs/backend-node. They are compiled into tfjs-node's binding as an additional export, `graftKernels`.
//
//   graftKernels(code: number, ids: Int32Array, numbers: Float64Array, out: Int32Array): void
//
// `ids` and `out` hold the binding's ids of tensors, -1 for one that is left out. Inputs are float32 in host memory and are never
// written. Every result is a new tensor, as everywhere in TensorFlow. A comment at each kernel gives its code, inputs and outputs.
// All inputs are looked up before anything is computed, and an error leaves no tensor behind.

#include "graft_kernels.h"

#include <cstdlib>

#include "graft_runtime.h"
#include "tfjs_backend.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace graft {

#if defined(__x86_64__)
static Level LevelOfProcessor() {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_FMA) || !(c & bit_OSXSAVE)) return kBaseline;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 0x06) != 0x06 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return kBaseline;
  return (low & 0xe6) == 0xe6 && (b & bit_AVX512F) ? kAvx512 : kAvx2;
}
#endif

Level LevelHere() {
#if defined(__x86_64__)
  const char *const asked = std::getenv("GRAFT_NATIVE_SIMD");
  const std::string limit = asked == nullptr ? "" : asked;
  return std::min(LevelOfProcessor(), limit == "baseline" ? kBaseline : limit == "avx2" ? kAvx2 : kAvx512);
#else
  return kBaseline;
#endif
}

static Kernel *const kKernels[] = {nullptr, BatchNorm, BatchNormGrad, GivenNorm, GivenNormGrad, Between, SgdStep, AdamStep, Product, Depthwise, DepthwiseInput, DepthwiseFilter, Norms, Blends, LambDirection, NormedKernelGrad, Gelu, Softmax, SoftmaxGrad, LayerNorm, LayerNormGrad, Reshape};

void Run(tfnodejs::TFJSBackend *backend, int32_t code, const int32_t *ids, size_t idCount, const double *numbers, int32_t *outIds, size_t outCount, std::string *error) {
  try {
    if (code < 1 || code >= static_cast<int32_t>(sizeof(kKernels) / sizeof(*kKernels))) throw Failure{"there is no such kernel"};
    std::vector<Input> inputs;
    std::vector<int32_t> where(idCount, -1);
    for (size_t i = 0; i < idCount; i++) {
      if (ids[i] < 0) continue;
      auto entry = backend->tfe_handle_map_.find(ids[i]);
      if (entry == backend->tfe_handle_map_.end()) throw Failure{"tensor " + std::to_string(ids[i]) + " is not known"};
      where[i] = static_cast<int32_t>(inputs.size());
      inputs.emplace_back(entry->second);
    }
    std::vector<Output> outputs;
    kKernels[code](inputs, where.data(), numbers, &outputs);
    if (outputs.size() != outCount) throw Failure{"it gives " + std::to_string(outputs.size()) + " tensors, not " + std::to_string(outCount)};
    std::vector<TFE_TensorHandle *> handles;
    for (const Output &output : outputs) handles.push_back(output.handle());
    for (size_t i = 0; i < outCount; i++) outIds[i] = backend->InsertHandle(handles[i]);
  } catch (const Failure &failure) {
    *error = "kernel " + std::to_string(code) + ": " + failure.message;
  } catch (const std::exception &failure) {
    *error = "kernel " + std::to_string(code) + ": " + failure.what();
  }
}

}  // namespace graft
