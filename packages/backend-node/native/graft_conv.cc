// Products of matrices, which include 1×1 convolutions, and depthwise convolutions, with batch norm and activation in the same pass.

#include <cmath>
#include <memory>

#include "graft_runtime.h"
#include "levels.h"

namespace graft {

struct Tail {
  const float *mean, *factor, *offset;
  float high;
};

struct Window {
  int64_t height, width, channels, kernelHeight, kernelWidth, strideHeight, strideWidth, top, left, outHeight, outWidth;
};

// Rows and columns of C that are in registers at the same time.
struct Tiling {
  int64_t rows, columns;
};

#define LOOPS "conv.inc"
#include "levels.inc"
#undef LOOPS

// The vectors of a tail with `length` values each, padded with zeros. The inputs from index `from` on are mean, variance, scale and
// offset. Each may be left out. Without a variance nothing is divided.
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

// Multiplications that take as long as a pass over one value in memory. This converts the size of a product to an amount of work.
static const int64_t kMultiplicationsPerValue = 16;

// 8: a, b, mean?, variance?, scale?, offset?; rows, columns, depth, a transposed, b transposed, epsilon, ceiling of relu (0: linear), shape of the
// result → tail(a·b). `a` is read as [rows, depth] or, if transposed, as [depth, rows]; `b` as [depth, columns] or [columns, depth].
void Product(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &a = in[where[0]], &b = in[where[1]];
  const int64_t rows = numbers[0], columns = numbers[1], depth = numbers[2];
  const bool turnedA = numbers[3] != 0, turnedB = numbers[4] != 0;
  if (a.count() != rows * depth || b.count() != depth * columns) throw Failure{"the factors do not fit"};
  std::vector<int64_t> shape;
  for (int64_t i = 0; i < static_cast<int64_t>(numbers[7]); i++) shape.push_back(numbers[8 + i]);
  out->emplace_back(shape);
  float *c = out->back().data();
  const Tiling tiling = WIDEST(kTiling);
  const int64_t panels = (columns + tiling.columns - 1) / tiling.columns, tiles = (rows + tiling.rows - 1) / tiling.rows;
  const TailVectors tail(in, where, 2, numbers[5], numbers[6], columns, panels * tiling.columns);
  const Scratch packedB(panels * depth * tiling.columns), packedA(turnedA ? tiles * depth * tiling.rows : 0);
  const int64_t work = rows * columns * depth / kMultiplicationsPerValue;
  InParts(panels, depth * columns, [&](int64_t, int64_t begin, int64_t end) {
    WIDEST(PackColumns)(b.data(), turnedB ? 1 : columns, turnedB ? depth : 1, depth, columns, begin, end, packedB.data());
  });
  if (turnedA) {
    InParts(tiles, rows * depth, [&](int64_t, int64_t begin, int64_t end) { WIDEST(PackRows)(a.data(), rows, depth, rows, begin, end, packedA.data()); });
  }
  auto run = [&](int64_t row0, int64_t row1, int64_t panel0, int64_t panel1) {
    WIDEST(ProductRows)(turnedA ? packedA.data() : a.data(), turnedA, packedB.data(), depth, columns, row0, row1, panel0, panel1, tail.get(), c);
  };
  if (tiles >= panels) {
    InParts(tiles, work, [&](int64_t, int64_t begin, int64_t end) { run(begin * tiling.rows, std::min(rows, end * tiling.rows), 0, panels); });
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
      WIDEST(DepthwiseRow)(x.data() + image * w.height * w.width * w.channels, filter.data(), w, i % w.outHeight, tail.get(), y + image * w.outHeight * w.outWidth * w.channels);
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
      WIDEST(DepthwiseInputRow)(dy.data() + image * w.outHeight * w.outWidth * w.channels, filter.data(), w, i % w.height, dx + image * w.height * w.width * w.channels);
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
  // Channels per pass. They are whole vectors on every level, so that no value depends on the end of a group.
  const int64_t size = 64, groups = (w.channels + size - 1) / size;
  InParts(groups, dy.count() * 4, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; group++) {
      for (int64_t image = 0; image < batch; image++) {
        WIDEST(DepthwiseFilterImage)(x.data() + image * w.height * w.width * w.channels, dy.data() + image * w.outHeight * w.outWidth * w.channels, w, group * size, std::min(w.channels, group * size + size), sums.data());
      }
    }
  });
  out->emplace_back(std::vector<int64_t>{w.kernelHeight, w.kernelWidth, w.channels, 1});
  for (size_t i = 0; i < sums.size(); i++) out->back().data()[i] = static_cast<float>(sums[i]);
}

}  // namespace graft
