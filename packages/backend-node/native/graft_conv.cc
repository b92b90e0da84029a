// Products of matrices (which a 1×1 convolution is) and depthwise convolutions, with batch norm and activation in the same pass.

#include <cmath>
#include <memory>

#include "graft_runtime.h"

namespace graft {

typedef float Eight __attribute__((vector_size(32), aligned(4), may_alias));
static const int64_t kTileRows = 6, kTileColumns = 16, kBlockRows = 72, kDepth = 320;

struct Tail {
  const float *mean, *factor, *offset;
  float high;
};

struct Window {
  int64_t height, width, channels, kernelHeight, kernelWidth, strideHeight, strideWidth, top, left, outHeight, outWidth;
};

namespace baseline {
#define FOR_PROCESSOR
#include "tail.inc"
#include "depthwise.inc"
#include "product.inc"
#undef FOR_PROCESSOR
}  // namespace baseline
#if defined(__x86_64__)
namespace avx2 {
#define FOR_PROCESSOR __attribute__((target("avx2,fma")))
#include "tail.inc"
#include "depthwise.inc"
#include "product.inc"
#undef FOR_PROCESSOR
}  // namespace avx2
#endif

// The vectors of a tail, as long as `length` (zeros behind the channels). Inputs from `from`: mean, variance, scale, offset, any of which may
// be left out; without a variance nothing is divided.
struct TailVectors {
  std::vector<float> mean, factor, offset;
  Tail tail;
  bool isNeeded;
  TailVectors(const std::vector<Input> &in, const int32_t *where, int from, double epsilon, double high, int64_t channels, int64_t length) {
    mean = Vector(in, where, from, channels, 0);
    factor = Vector(in, where, from + 2, channels, 1);
    offset = Vector(in, where, from + 3, channels, 0);
    if (where[from + 1] >= 0) {
      const std::vector<float> variance = Vector(in, where, from + 1, channels, 1);
      for (int64_t j = 0; j < channels; j++) factor[j] *= 1.0f / std::sqrt(variance[j] + static_cast<float>(epsilon));
    }
    for (auto *vector : {&mean, &factor, &offset}) vector->resize(length, 0.0f);
    tail = {mean.data(), factor.data(), offset.data(), static_cast<float>(high)};
    isNeeded = high > 0;
    for (int i = 0; i < 4; i++) isNeeded = isNeeded || where[from + i] >= 0;
  }
  const Tail *get() const { return isNeeded ? &tail : nullptr; }
};

// Products below this many multiplications are not worth a second thread: as many values as a pass over memory does meanwhile.
static const int64_t kMultiplicationsPerValue = 16;

// 8: a, b, mean?, variance?, scale?, offset?; rows, columns, depth, a transposed, b transposed, epsilon, ceiling of relu (0: linear), shape of the
// result → tail(a·b). `a` is [rows, depth] or, transposed, [depth, rows], whatever its own shape; `b` is [depth, columns] or [columns, depth].
void Product(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &a = in[where[0]], &b = in[where[1]];
  const int64_t rows = numbers[0], columns = numbers[1], depth = numbers[2];
  const bool turnedA = numbers[3] != 0, turnedB = numbers[4] != 0;
  if (a.count() != rows * depth || b.count() != depth * columns) throw Failure{"the factors do not fit"};
  std::vector<int64_t> shape;
  for (int64_t i = 0; i < static_cast<int64_t>(numbers[7]); i++) shape.push_back(numbers[8 + i]);
  out->emplace_back(shape);
  float *c = out->back().data();
  const int64_t panels = (columns + kTileColumns - 1) / kTileColumns;
  const TailVectors tail(in, where, 2, numbers[5], numbers[6], columns, panels * kTileColumns);
  const std::unique_ptr<float[]> packed(new float[panels * depth * kTileColumns]);
  const int64_t work = rows * columns * depth / kMultiplicationsPerValue;
  InParts(panels, depth * columns, [&](int64_t, int64_t begin, int64_t end) {
    LOOP(PackColumns, b.data(), turnedB ? 1 : columns, turnedB ? depth : 1, depth, columns, begin, end, packed.get());
  });
  const int64_t rowStep = turnedA ? 1 : depth, depthStep = turnedA ? rows : 1;
  auto run = [&](int64_t row0, int64_t row1, int64_t panel0, int64_t panel1) {
    const std::unique_ptr<float[]> room(new float[turnedA ? kBlockRows * kDepth : 1]);
    LOOP(ProductRows, a.data(), rowStep, depthStep, packed.get(), depth, columns, row0, row1, panel0, panel1, tail.get(), room.get(), c);
  };
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  if (tiles >= panels) {
    InParts(tiles, work, [&](int64_t, int64_t begin, int64_t end) { run(begin * kTileRows, std::min(rows, end * kTileRows), 0, panels); });
  } else {
    InParts(panels, work, [&](int64_t, int64_t begin, int64_t end) { run(0, rows, begin, end); });
  }
}

static Window WindowOf(const double *numbers) {
  int64_t n[11];
  for (int i = 0; i < 11; i++) n[i] = static_cast<int64_t>(numbers[i]);
  return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10]};
}

static void CheckCounts(const Window &w, int64_t batch, const Input *x, const Input *y, const Input *filter) {
  const bool fits = (x == nullptr || x->count() == batch * w.height * w.width * w.channels) && (y == nullptr || y->count() == batch * w.outHeight * w.outWidth * w.channels) &&
                    (filter == nullptr || filter->count() == w.kernelHeight * w.kernelWidth * w.channels);
  if (!fits) throw Failure{"the shapes do not fit"};
}

// 9: x, filter, mean?, variance?, scale?, offset?; eleven numbers of the window (`Window`), batch, epsilon, ceiling → tail(x * filter)
void Depthwise(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &x = in[where[0]], &filter = in[where[1]];
  const Window w = WindowOf(numbers);
  const int64_t batch = numbers[11];
  CheckCounts(w, batch, &x, nullptr, &filter);
  const TailVectors tail(in, where, 2, numbers[12], numbers[13], w.channels, w.channels);
  out->emplace_back(std::vector<int64_t>{batch, w.outHeight, w.outWidth, w.channels});
  float *y = out->back().data();
  InParts(batch * w.outHeight, batch * w.outHeight * w.outWidth * w.channels * 2, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t image = i / w.outHeight;
      LOOP(DepthwiseRow, x.data() + image * w.height * w.width * w.channels, filter.data(), w, i % w.outHeight, tail.get(), y + image * w.outHeight * w.outWidth * w.channels);
    }
  });
}

// 10: dy, filter; the window, batch → dx
void DepthwiseInput(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &dy = in[where[0]], &filter = in[where[1]];
  const Window w = WindowOf(numbers);
  const int64_t batch = numbers[11];
  CheckCounts(w, batch, nullptr, &dy, &filter);
  out->emplace_back(std::vector<int64_t>{batch, w.height, w.width, w.channels});
  float *dx = out->back().data();
  InParts(batch * w.height, batch * w.height * w.width * w.channels * 2, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t image = i / w.height;
      LOOP(DepthwiseInputRow, dy.data() + image * w.outHeight * w.outWidth * w.channels, filter.data(), w, i % w.height, dx + image * w.height * w.width * w.channels);
    }
  });
}

// 11: x, dy; the window, batch → dfilter [kernel height, kernel width, channels, 1]
void DepthwiseFilter(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &x = in[where[0]], &dy = in[where[1]];
  const Window w = WindowOf(numbers);
  const int64_t batch = numbers[11];
  CheckCounts(w, batch, &x, &dy, nullptr);
  std::vector<double> sums(w.kernelHeight * w.kernelWidth * w.channels);
  const int64_t groups = (w.channels + 31) / 32;
  InParts(groups, dy.count() * 4, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; group++) {
      for (int64_t image = 0; image < batch; image++) {
        LOOP(DepthwiseFilterImage, x.data() + image * w.height * w.width * w.channels, dy.data() + image * w.outHeight * w.outWidth * w.channels, w, group * 32, std::min(w.channels, group * 32 + 32), sums.data());
      }
    }
  });
  out->emplace_back(std::vector<int64_t>{w.kernelHeight, w.kernelWidth, w.channels, 1});
  for (size_t i = 0; i < sums.size(); i++) out->back().data()[i] = static_cast<float>(sums[i]);
}

}  // namespace graft
