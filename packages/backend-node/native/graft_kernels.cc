// Fused kernels of @graftjs/backend-node: compiled into tfjs-node's binding as one more export, `graft`.
//
//   graft(code: number, ids: Int32Array, numbers: Float64Array, out: Int32Array): void
//
// `ids` and `out` hold the binding's numbers for tensors, -1 for one that is left out. Inputs are float32 in host memory and
// never written: every result is a new tensor, as everywhere in TensorFlow. What a code takes and gives stands beside it.
// All inputs are looked up before anything is computed; an error leaves no tensor behind.

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "graft_kernels.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/tf_tensor.h"
#include "tf_auto_status.h"
#include "tfjs_backend.h"

namespace graft {

namespace baseline {
#include "loops.inc"
}

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#include "loops.inc"
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

// The processor has AVX2 and FMA, and the system saves the wide registers.
static bool HasAvx2() {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_FMA) || !(c & bit_OSXSAVE)) return false;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}
static const bool kWide = HasAvx2();
#define LOOP(name, ...) (kWide ? avx2::name(__VA_ARGS__) : baseline::name(__VA_ARGS__))
#else
#define LOOP(name, ...) baseline::name(__VA_ARGS__)
#endif

// Threads are started for a pass and joined after it: below this many values that costs more than it gives.
static const int64_t kValuesPerThread = 400000;

static int64_t MaxThreads() {
  const char *asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int64_t limit = asked != nullptr ? std::atoll(asked) : 0;
  const int64_t cores = std::thread::hardware_concurrency();
  return std::max<int64_t>(1, std::min<int64_t>(8, limit > 0 ? limit : cores));
}

// Calls task(part, begin, end) for parts of [0, count); returns how many parts there are.
template <typename Task>
static void InParts(int64_t count, int64_t values, Task task) {
  static const int64_t threads = MaxThreads();
  const int64_t parts = std::max<int64_t>(1, std::min<int64_t>({threads, values / kValuesPerThread, count}));
  std::vector<std::thread> others;
  for (int64_t part = 1; part < parts; part++) others.emplace_back(task, part, count * part / parts, count * (part + 1) / parts);
  task(0, 0, count / parts);
  for (auto &other : others) other.join();
}

struct Failure {
  std::string message;
};

// An input, resolved: its values stay alive as long as this does.
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

 private:
  TF_Tensor *tensor_;
};

// A result: becomes a handle with `handle()`, or is freed.
class Output {
 public:
  Output(const std::vector<int64_t> &shape) {
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    tensor_ = TF_AllocateTensor(TF_FLOAT, shape.data(), static_cast<int>(shape.size()), count * sizeof(float));
    if (tensor_ == nullptr) throw Failure{"out of memory"};
  }
  Output(Output &&other) : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  Output(const Output &) = delete;
  ~Output() {
    if (tensor_ != nullptr) TF_DeleteTensor(tensor_);
  }
  float *data() { return static_cast<float *>(TF_TensorData(tensor_)); }
  TFE_TensorHandle *handle() const {
    tfnodejs::TF_AutoStatus status;
    TFE_TensorHandle *handle = TFE_NewTensorHandle(tensor_, status.status);
    if (TF_GetCode(status.status) != TF_OK) throw Failure{TF_Message(status.status)};
    return handle;
  }

 private:
  TF_Tensor *tensor_;
};

static std::vector<int64_t> ShapeOf(const Input &input) {
  std::vector<int64_t> shape;
  for (int i = 0; i < input.rank(); i++) shape.push_back(input.dim(i));
  return shape;
}

// Short rows lie together `times` to a wide one; the last few rows may be left over.
struct Rows {
  int64_t channels, times, width, wide, left;
  Rows(int64_t count, int64_t channels) : channels(channels) {
    const int64_t rows = channels > 0 ? count / channels : 0;
    times = std::max<int64_t>(1, std::min<int64_t>(rows, channels > 0 ? 128 / channels : 1));
    width = times * channels;
    wide = rows / times;
    left = rows % times;
  }
  int64_t count() const { return (wide * times + left) * channels; }
  std::vector<float> Tiled(const std::vector<float> &vector) const {
    std::vector<float> tiled(width);
    for (int64_t j = 0; j < width; j++) tiled[j] = vector[j % channels];
    return tiled;
  }
};

// Calls pass(begin of the values, rows, width) for the wide rows in parts, then for what is left over.
template <typename Pass>
static void Everywhere(const Rows &rows, Pass pass) {
  InParts(rows.wide, rows.wide * rows.width, [&](int64_t, int64_t begin, int64_t end) { pass(begin * rows.width, end - begin, rows.width); });
  if (rows.left > 0) pass(rows.wide * rows.width, 1, rows.left * rows.channels);
}

// Adds up what `pass(begin, rows, width, partial, partial2, first, second)` leaves in two double vectors, per channel.
template <typename Pass>
static void Columns(const Rows &rows, std::vector<double> *first, std::vector<double> *second, Pass pass) {
  const int64_t width = rows.width;
  std::vector<std::vector<double>> firsts(9), seconds(9);
  auto run = [&](int64_t slot, int64_t begin, int64_t count, int64_t wide) {
    firsts[slot].assign(width, 0.0);
    seconds[slot].assign(width, 0.0);
    std::vector<float> partial(width), partial2(width);
    pass(begin, count, wide, partial.data(), partial2.data(), firsts[slot].data(), seconds[slot].data());
  };
  InParts(rows.wide, rows.wide * width, [&](int64_t part, int64_t begin, int64_t end) { run(part, begin * width, end - begin, width); });
  if (rows.left > 0) run(8, rows.wide * width, 1, rows.left * rows.channels);
  first->assign(rows.channels, 0.0);
  second->assign(rows.channels, 0.0);
  for (size_t slot = 0; slot < firsts.size(); slot++) {
    for (size_t j = 0; j < firsts[slot].size(); j++) {
      (*first)[j % rows.channels] += firsts[slot][j];
      (*second)[j % rows.channels] += seconds[slot][j];
    }
  }
}

static std::vector<float> Vector(const std::vector<Input> &inputs, const int32_t *where, int index, int64_t channels, float otherwise) {
  if (where[index] < 0) return std::vector<float>(channels, otherwise);
  const Input &input = inputs[where[index]];
  if (input.count() != channels) throw Failure{"a vector has not one value a channel"};
  return std::vector<float>(input.data(), input.data() + channels);
}

static Output FromDoubles(const std::vector<double> &values) {
  Output output({static_cast<int64_t>(values.size())});
  for (size_t j = 0; j < values.size(); j++) output.data()[j] = static_cast<float>(values[j]);
  return output;
}

// 1: x, scale, offset; epsilon → y, mean, variance (biased), 1/√(variance + epsilon)
static void BatchNorm(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &x = in[where[0]];
  const int64_t channels = x.dim(x.rank() - 1);
  const Rows rows(x.count(), channels);
  const std::vector<float> scale = Vector(in, where, 1, channels, 1), offset = Vector(in, where, 2, channels, 0);
  const double count = static_cast<double>(x.count()) / channels;
  std::vector<double> mean, variance, unused;
  Columns(rows, &mean, &unused, [&](int64_t at, int64_t n, int64_t w, float *p, float *q, double *sums, double *) {
    LOOP(ColumnSums, x.data() + at, nullptr, n, w, p, q, sums, nullptr);
  });
  for (double &value : mean) value /= count;
  const std::vector<float> mean32(mean.begin(), mean.end());
  const std::vector<float> wideMean = rows.Tiled(mean32);
  Columns(rows, &variance, &unused, [&](int64_t at, int64_t n, int64_t w, float *p, float *, double *squares, double *) {
    LOOP(ColumnSquares, x.data() + at, wideMean.data(), n, w, p, squares);
  });
  std::vector<double> inverse(channels);
  std::vector<float> factor(channels);
  for (int64_t j = 0; j < channels; j++) {
    variance[j] /= count;
    inverse[j] = 1.0 / std::sqrt(variance[j] + numbers[0]);
    factor[j] = static_cast<float>(inverse[j] * scale[j]);
  }
  const std::vector<float> wideFactor = rows.Tiled(factor), wideOffset = rows.Tiled(offset);
  out->emplace_back(ShapeOf(x));
  float *y = out->back().data();
  Everywhere(rows, [&](int64_t at, int64_t n, int64_t w) {
    LOOP(Normalize, x.data() + at, wideMean.data(), wideFactor.data(), wideOffset.data(), n, w, 0, 0.0f, 0.0f, y + at);
  });
  out->push_back(FromDoubles(mean));
  out->push_back(FromDoubles(variance));
  out->push_back(FromDoubles(inverse));
}

// 2: dy, x, scale, mean, 1/√(variance + epsilon) → dx, dscale, doffset
static void BatchNormGrad(const std::vector<Input> &in, const int32_t *where, const double *, std::vector<Output> *out) {
  const Input &dy = in[where[0]], &x = in[where[1]];
  const int64_t channels = x.dim(x.rank() - 1);
  if (dy.count() != x.count()) throw Failure{"dy has another shape than x"};
  const Rows rows(x.count(), channels);
  const std::vector<float> scale = Vector(in, where, 2, channels, 1), mean = Vector(in, where, 3, channels, 0), inverse = Vector(in, where, 4, channels, 1);
  const double count = static_cast<double>(x.count()) / channels;
  const std::vector<float> wideMean = rows.Tiled(mean);
  std::vector<double> sums, products;
  Columns(rows, &sums, &products, [&](int64_t at, int64_t n, int64_t w, float *p, float *q, double *s, double *t) {
    LOOP(ColumnGradients, dy.data() + at, x.data() + at, wideMean.data(), n, w, p, q, s, t);
  });
  std::vector<float> p(channels), q(channels), r(channels);
  std::vector<double> dScale(channels);
  for (int64_t j = 0; j < channels; j++) {
    const double factor = static_cast<double>(scale[j]) * inverse[j];
    dScale[j] = products[j] * inverse[j];
    p[j] = static_cast<float>(factor);
    q[j] = static_cast<float>(-factor * inverse[j] * dScale[j] / count);
    r[j] = static_cast<float>(-factor * sums[j] / count);
  }
  const std::vector<float> wp = rows.Tiled(p), wq = rows.Tiled(q), wr = rows.Tiled(r);
  out->emplace_back(ShapeOf(x));
  float *dx = out->back().data();
  Everywhere(rows, [&](int64_t at, int64_t n, int64_t w) {
    LOOP(BatchGradient, dy.data() + at, x.data() + at, wideMean.data(), wp.data(), wq.data(), wr.data(), n, w, dx + at);
  });
  out->push_back(FromDoubles(dScale));
  out->push_back(FromDoubles(sums));
}

// The vectors of batch norm at given statistics, tiled: (x − mean)·factor + offset.
struct Given {
  std::vector<float> mean, factor, offset, inverse, narrowFactor;
  Given(const std::vector<Input> &in, const int32_t *where, int from, double epsilon, const Rows &rows) {
    const int64_t channels = rows.channels;
    const std::vector<float> variance = Vector(in, where, from + 1, channels, 1), scale = Vector(in, where, from + 2, channels, 1);
    narrowFactor.resize(channels);
    inverse.resize(channels);
    for (int64_t j = 0; j < channels; j++) {
      inverse[j] = 1.0f / std::sqrt(variance[j] + static_cast<float>(epsilon));
      narrowFactor[j] = inverse[j] * scale[j];
    }
    mean = rows.Tiled(Vector(in, where, from, channels, 0));
    factor = rows.Tiled(narrowFactor);
    offset = rows.Tiled(Vector(in, where, from + 3, channels, 0));
  }
};

// 3: x, mean, variance, scale?, offset?; epsilon, ceiling of relu (0: linear) → y
static void GivenNorm(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &x = in[where[0]];
  const Rows rows(x.count(), x.dim(x.rank() - 1));
  const Given given(in, where, 1, numbers[0], rows);
  const float high = static_cast<float>(numbers[1]);
  out->emplace_back(ShapeOf(x));
  float *y = out->back().data();
  Everywhere(rows, [&](int64_t at, int64_t n, int64_t w) {
    LOOP(Normalize, x.data() + at, given.mean.data(), given.factor.data(), given.offset.data(), n, w, high > 0, 0.0f, high, y + at);
  });
}

// 4: dy, x, mean, variance, scale?, offset?; epsilon, ceiling, want dx, dscale, doffset → the wanted ones
static void GivenNormGrad(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &dy = in[where[0]], &x = in[where[1]];
  if (dy.count() != x.count()) throw Failure{"dy has another shape than x"};
  const Rows rows(x.count(), x.dim(x.rank() - 1));
  const Given given(in, where, 2, numbers[0], rows);
  const float high = static_cast<float>(numbers[1]);
  const bool wantX = numbers[2] != 0, wantScale = numbers[3] != 0, wantOffset = numbers[4] != 0;
  std::vector<Output> masked;
  const float *dz = dy.data();
  if (high > 0) {
    masked.emplace_back(ShapeOf(x));
    float *to = masked.back().data();
    Everywhere(rows, [&](int64_t at, int64_t n, int64_t w) {
      LOOP(PassThroughNorm, dy.data() + at, x.data() + at, given.mean.data(), given.factor.data(), given.offset.data(), n, w, high, to + at);
    });
    dz = to;
  }
  std::vector<double> sums, products;
  if (wantScale || wantOffset) {
    Columns(rows, &sums, &products, [&](int64_t at, int64_t n, int64_t w, float *p, float *q, double *s, double *t) {
      LOOP(ColumnGradients, dz + at, x.data() + at, given.mean.data(), n, w, p, q, s, t);
    });
  }
  if (wantX) {
    out->emplace_back(ShapeOf(x));
    float *dx = out->back().data();
    Everywhere(rows, [&](int64_t at, int64_t n, int64_t w) { LOOP(Scale, dz + at, given.factor.data(), n, w, dx + at); });
  }
  if (wantScale) {
    for (int64_t j = 0; j < rows.channels; j++) products[j] *= given.inverse[j];
    out->push_back(FromDoubles(products));
  }
  if (wantOffset) out->push_back(FromDoubles(sums));
}

// 5: dy, x; low, whether low itself passes, high → dy where x lies between; with a fourth number that is not 0: and its sum a channel
static void Between(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &dy = in[where[0]], &x = in[where[1]];
  if (dy.count() != x.count()) throw Failure{"dy has another shape than x"};
  out->emplace_back(ShapeOf(x));
  float *to = out->back().data();
  InParts(x.count(), x.count(), [&](int64_t, int64_t begin, int64_t end) {
    LOOP(PassBetween, dy.data() + begin, x.data() + begin, end - begin, static_cast<float>(numbers[0]), numbers[1] != 0, static_cast<float>(numbers[2]), to + begin);
  });
  if (numbers[3] == 0) return;
  const Rows rows(x.count(), x.rank() > 0 ? x.dim(x.rank() - 1) : 1);
  std::vector<double> sums, unused;
  Columns(rows, &sums, &unused, [&](int64_t at, int64_t n, int64_t w, float *p, float *q, double *s, double *) {
    LOOP(ColumnSums, to + at, nullptr, n, w, p, q, s, nullptr);
  });
  out->push_back(FromDoubles(sums));
}

// 6: n variables, n gradients, n velocities or none; n, momentum, dampening, nesterov, rateInVelocity, n rates, n firsts → n variables, velocities
static void SgdStep(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const int64_t n = static_cast<int64_t>(numbers[0]);
  const bool moving = static_cast<int64_t>(in.size()) == 3 * n;
  for (int64_t i = 0; i < n; i++) out->emplace_back(ShapeOf(in[where[i]]));
  for (int64_t i = 0; moving && i < n; i++) out->emplace_back(ShapeOf(in[where[i]]));
  for (int64_t i = 0; i < n; i++) {
    const Input &w = in[where[i]], &g = in[where[n + i]];
    const float *v = moving ? in[where[2 * n + i]].data() : nullptr;
    float *wOut = (*out)[i].data(), *vOut = moving ? (*out)[n + i].data() : nullptr;
    const float rate = static_cast<float>(numbers[5 + i]);
    InParts(w.count(), w.count(), [&](int64_t, int64_t begin, int64_t end) {
      LOOP(Sgd, w.data() + begin, g.data() + begin, v == nullptr ? nullptr : v + begin, end - begin, rate, static_cast<float>(numbers[1]), static_cast<float>(1.0 - numbers[2]), numbers[5 + n + i] != 0, numbers[3] != 0,
           numbers[4] != 0, wOut + begin, vOut == nullptr ? nullptr : vOut + begin);
    });
  }
}

// 7: n variables, gradients, m, v; n, beta1, beta2, epsilon, n rates, n corrections, n corrections, n decays → n variables, m, v
static void AdamStep(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const int64_t n = static_cast<int64_t>(numbers[0]);
  for (int64_t i = 0; i < 3 * n; i++) out->emplace_back(ShapeOf(in[where[i % n]]));
  const double *each = numbers + 4;
  for (int64_t i = 0; i < n; i++) {
    const Input &w = in[where[i]], &g = in[where[n + i]], &m = in[where[2 * n + i]], &v = in[where[3 * n + i]];
    float *wOut = (*out)[i].data(), *mOut = (*out)[n + i].data(), *vOut = (*out)[2 * n + i].data();
    InParts(w.count(), w.count(), [&](int64_t, int64_t begin, int64_t end) {
      LOOP(Adam, w.data() + begin, g.data() + begin, m.data() + begin, v.data() + begin, end - begin, static_cast<float>(each[i]), static_cast<float>(numbers[1]), static_cast<float>(1.0 - numbers[1]), static_cast<float>(numbers[2]),
           static_cast<float>(1.0 - numbers[2]), static_cast<float>(numbers[3]), static_cast<float>(each[n + i]), static_cast<float>(each[2 * n + i]), static_cast<float>(each[3 * n + i]), wOut + begin, mOut + begin, vOut + begin);
    });
  }
}

typedef void (*Kernel)(const std::vector<Input> &, const int32_t *, const double *, std::vector<Output> *);
static const Kernel kKernels[] = {nullptr, BatchNorm, BatchNormGrad, GivenNorm, GivenNormGrad, Between, SgdStep, AdamStep};

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
