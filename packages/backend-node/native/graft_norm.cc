// Batch norm, its gradients, and the gradients of activations.

#include <cmath>

#include "graft_runtime.h"
#include "loops.h"

namespace graft {

// `times` short rows form a wide row. The last few rows may be left over.
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

// Calls pass(begin of the values, rows, width) for parts of the wide rows, then for the rows that are left over.
template <typename Pass>
static void Everywhere(const Rows &rows, Pass pass) {
  InParts(rows.wide, rows.wide * rows.width, [&](int64_t, int64_t begin, int64_t end) { pass(begin * rows.width, end - begin, rows.width); });
  if (rows.left > 0) pass(rows.wide * rows.width, 1, rows.left * rows.channels);
}

// Adds up, per channel, the two double vectors that `pass(begin, rows, width, partial, partial2, first, second)` fills.
template <typename Pass>
static void Columns(const Rows &rows, std::vector<double> *first, std::vector<double> *second, Pass pass) {
  const int64_t width = rows.width;
  std::vector<std::vector<double>> firsts(kMaxParts + 1), seconds(kMaxParts + 1);
  auto run = [&](int64_t slot, int64_t begin, int64_t count, int64_t wide) {
    firsts[slot].assign(width, 0.0);
    seconds[slot].assign(width, 0.0);
    std::vector<float> partial(width), partial2(width);
    pass(begin, count, wide, partial.data(), partial2.data(), firsts[slot].data(), seconds[slot].data());
  };
  InParts(rows.wide, rows.wide * width, [&](int64_t part, int64_t begin, int64_t end) { run(part, begin * width, end - begin, width); });
  if (rows.left > 0) run(kMaxParts, rows.wide * width, 1, rows.left * rows.channels);
  first->assign(rows.channels, 0.0);
  second->assign(rows.channels, 0.0);
  for (size_t slot = 0; slot < firsts.size(); slot++) {
    for (size_t j = 0; j < firsts[slot].size(); j++) {
      (*first)[j % rows.channels] += firsts[slot][j];
      (*second)[j % rows.channels] += seconds[slot][j];
    }
  }
}

static Output FromDoubles(const std::vector<double> &values) {
  Output output({static_cast<int64_t>(values.size())});
  for (size_t j = 0; j < values.size(); j++) output.data()[j] = static_cast<float>(values[j]);
  return output;
}

// 1: x, scale, offset; epsilon → y, mean, variance (biased), 1/√(variance + epsilon)
void BatchNorm(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
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
void BatchNormGrad(const std::vector<Input> &in, const int32_t *where, const double *, std::vector<Output> *out) {
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
void GivenNorm(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
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

// 4: dy, x, mean, variance, scale?, offset?; epsilon, ceiling, want dx, dscale, doffset → the wanted ones of dx, dscale, doffset
void GivenNormGrad(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
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

// 5: dy, x; low, whether x = low passes, high, want sum → dy if x is in this range, else 0; and on request its sum per channel
void Between(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
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

// 15: kernel, gradient, sum?, mean, variance, scale?, bias?; epsilon, want dscale, dbias → kernel·s, gradient·s, the wanted ones of dscale, dbias.
// See docs/fused-kernels.md, `GraftNormedKernelGrad`.
void NormedKernelGrad(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &kernel = in[where[0]], &gradient = in[where[1]];
  if (kernel.count() != gradient.count()) throw Failure{"the gradient has another shape than the kernel"};
  const int64_t channels = in[where[3]].count();
  if (channels == 0 || kernel.count() % channels != 0) throw Failure{"the kernel has not whole rows of channels"};
  const bool wantScale = numbers[1] != 0, wantBias = numbers[2] != 0;
  const Rows rows(kernel.count(), channels);
  const std::vector<float> sum = Vector(in, where, 2, channels, 0), mean = Vector(in, where, 3, channels, 0), variance = Vector(in, where, 4, channels, 1);
  const std::vector<float> scale = Vector(in, where, 5, channels, 1), bias = Vector(in, where, 6, channels, 0);
  std::vector<float> inverse(channels), factor(channels);
  for (int64_t j = 0; j < channels; j++) {
    inverse[j] = 1.0f / std::sqrt(variance[j] + static_cast<float>(numbers[0]));
    factor[j] = inverse[j] * scale[j];
  }
  const std::vector<float> wide = rows.Tiled(factor);
  out->emplace_back(ShapeOf(kernel));
  out->emplace_back(ShapeOf(kernel));
  float *scaled = (*out)[0].data(), *scaledGradient = (*out)[1].data();
  std::vector<double> products, unused;
  Columns(rows, &products, &unused, [&](int64_t at, int64_t n, int64_t w, float *p, float *, double *sums, double *) {
    LOOP(ScaleBoth, kernel.data() + at, gradient.data() + at, wide.data(), n, w, p, scaled + at, scaledGradient + at, wantScale ? sums : nullptr);
  });
  if (wantScale) {
    for (int64_t j = 0; j < channels; j++) products[j] = (products[j] + (static_cast<double>(bias[j]) - mean[j]) * sum[j]) * inverse[j];
    out->push_back(FromDoubles(products));
  }
  if (wantBias) {
    out->emplace_back(std::vector<int64_t>{channels});
    for (int64_t j = 0; j < channels; j++) out->back().data()[j] = sum[j] * factor[j];
  }
}

}  // namespace graft
