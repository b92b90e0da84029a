// Gelu, softmax and layer norm with their gradients, and reshapes.

#include "graft_runtime.h"
#include "levels.h"

namespace graft {

#define LOOPS "rows.inc"
#include "levels.inc"
#undef LOOPS

// Passes over a value take about as long as this number of passes that only read and write it.
static const int64_t kPassesOfGelu = 6, kPassesOfSoftmax = 6, kPassesOfNorm = 4;

static void CheckSame(const Input &a, const Input &b) {
  if (a.count() != b.count()) throw Failure{"dy has another shape than the forward pass"};
}

// The last axis of `x` as columns, the others as rows.
struct Matrix {
  int64_t columns, rows;
  Matrix(const Input &x) : columns(x.rank() > 0 ? x.dim(x.rank() - 1) : 1), rows(columns > 0 ? x.count() / columns : 0) {}
};

// 16: x, dy?; 1 for the formula with erf, 0 for the one with tanh → gelu(x), or dy·gelu'(x)
void Gelu(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &x = in[where[0]];
  const Input *const dy = where[1] >= 0 ? &in[where[1]] : nullptr;
  if (dy != nullptr) CheckSame(x, *dy);
  out->emplace_back(ShapeOf(x));
  float *y = out->back().data();
  const bool isExact = numbers[0] != 0;
  // Parts begin at whole vectors of every level, so that a value does not depend on the parts.
  const int64_t blocks = (x.count() + 63) / 64;
  InParts(blocks, x.count() * kPassesOfGelu, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t from = begin * 64, count = std::min(x.count(), end * 64) - from;
    const float *const d = dy == nullptr ? nullptr : dy->data() + from;
    if (isExact) {
      WIDEST(GeluLoop<true>)(x.data() + from, d, count, y + from);
    } else {
      WIDEST(GeluLoop<false>)(x.data() + from, d, count, y + from);
    }
  });
}

// 17: x → softmax over the last axis
void Softmax(const std::vector<Input> &in, const int32_t *where, const double *, std::vector<Output> *out) {
  const Input &x = in[where[0]];
  const Matrix matrix(x);
  out->emplace_back(ShapeOf(x));
  float *y = out->back().data();
  InParts(matrix.rows, x.count() * kPassesOfSoftmax, [&](int64_t, int64_t begin, int64_t end) {
    WIDEST(SoftmaxRows)(x.data() + begin * matrix.columns, end - begin, matrix.columns, y + begin * matrix.columns);
  });
}

// 18: y, dy → the gradient of softmax
void SoftmaxGrad(const std::vector<Input> &in, const int32_t *where, const double *, std::vector<Output> *out) {
  const Input &y = in[where[0]], &dy = in[where[1]];
  CheckSame(y, dy);
  const Matrix matrix(y);
  out->emplace_back(ShapeOf(y));
  float *dx = out->back().data();
  InParts(matrix.rows, y.count() * 2, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t at = begin * matrix.columns;
    WIDEST(SoftmaxGradRows)(y.data() + at, dy.data() + at, end - begin, matrix.columns, dx + at);
  });
}

// 19: x, gamma, beta; epsilon → y, and per row the mean and 1/√(variance + epsilon)
void LayerNorm(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const Input &x = in[where[0]];
  const Matrix matrix(x);
  const std::vector<float> gamma = Vector(in, where, 1, matrix.columns, 1), beta = Vector(in, where, 2, matrix.columns, 0);
  out->emplace_back(ShapeOf(x));
  out->emplace_back(std::vector<int64_t>{matrix.rows});
  out->emplace_back(std::vector<int64_t>{matrix.rows});
  float *const y = (*out)[0].data(), *const mean = (*out)[1].data(), *const inverse = (*out)[2].data();
  InParts(matrix.rows, x.count() * kPassesOfNorm, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t at = begin * matrix.columns;
    WIDEST(LayerNormRows)(x.data() + at, gamma.data(), beta.data(), end - begin, matrix.columns, numbers[0], y + at, mean + begin, inverse + begin);
  });
}

// 20: x, dy, gamma, mean, 1/√(variance + epsilon) → dx, dgamma, dbeta
void LayerNormGrad(const std::vector<Input> &in, const int32_t *where, const double *, std::vector<Output> *out) {
  const Input &x = in[where[0]], &dy = in[where[1]];
  CheckSame(x, dy);
  const Matrix matrix(x);
  const int64_t columns = matrix.columns;
  const std::vector<float> gamma = Vector(in, where, 2, columns, 1), mean = Vector(in, where, 3, matrix.rows, 0), inverse = Vector(in, where, 4, matrix.rows, 1);
  out->emplace_back(ShapeOf(x));
  float *const dx = out->back().data();
  std::vector<std::vector<double>> sums(kMaxParts);
  InParts(matrix.rows, x.count() * kPassesOfNorm, [&](int64_t part, int64_t begin, int64_t end) {
    const int64_t at = begin * columns;
    sums[part].assign(2 * columns, 0.0);
    std::vector<float> partial(2 * columns);
    WIDEST(LayerNormGradRows)(x.data() + at, dy.data() + at, gamma.data(), mean.data() + begin, inverse.data() + begin, end - begin, columns, partial.data(), partial.data() + columns, dx + at, sums[part].data(), sums[part].data() + columns);
  });
  for (int64_t half = 0; half < 2; half++) {
    out->emplace_back(std::vector<int64_t>{columns});
    for (int64_t j = 0; j < columns; j++) {
      double sum = 0;
      for (const std::vector<double> &part : sums) sum += part.empty() ? 0.0 : part[half * columns + j];
      out->back().data()[j] = static_cast<float>(sum);
    }
  }
}

// 21: x; the number of axes and their sizes → x with another shape. It shares the values, which no kernel writes.
void Reshape(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  std::vector<int64_t> shape;
  int64_t count = 1;
  for (int64_t i = 0; i < static_cast<int64_t>(numbers[0]); i++) {
    shape.push_back(numbers[1 + i]);
    count *= shape.back();
  }
  if (count != in[where[0]].count()) throw Failure{"the shape has another number of values"};
  out->push_back(in[where[0]].Shared(shape));
}

}  // namespace graft
