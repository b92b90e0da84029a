// Steps of optimizers for a list of variables.

#include <cmath>

#include "graft_runtime.h"
#include "loops.h"

namespace graft {

// 6: n variables, n gradients, n velocities or none; n, momentum, dampening, nesterov, rateInVelocity, n rates, n firsts → n variables, velocities
void SgdStep(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
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
void AdamStep(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
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

// 12: n tensors; n → their norms, [n]
void Norms(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const int64_t n = static_cast<int64_t>(numbers[0]);
  out->emplace_back(std::vector<int64_t>{n});
  for (int64_t i = 0; i < n; i++) {
    const Input &x = in[where[i]];
    std::vector<double> sums(kMaxParts);
    InParts(x.count(), x.count(), [&](int64_t part, int64_t begin, int64_t end) { sums[part] = LOOP(SumOfSquares, x.data() + begin, end - begin); });
    double sum = 0;
    for (double value : sums) sum += value;
    (*out)[0].data()[i] = static_cast<float>(std::sqrt(sum));
  }
}

// 13: n tensors x, n tensors y; n, n factors p, n factors q → p·x + q·y
void Blends(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const int64_t n = static_cast<int64_t>(numbers[0]);
  for (int64_t i = 0; i < n; i++) {
    const Input &x = in[where[i]], &y = in[where[n + i]];
    if (x.count() != y.count()) throw Failure{"two tensors have not the same size"};
    out->emplace_back(ShapeOf(x));
    float *to = out->back().data();
    InParts(x.count(), x.count(), [&](int64_t, int64_t begin, int64_t end) {
      LOOP(Blend, x.data() + begin, y.data() + begin, end - begin, static_cast<float>(numbers[1 + i]), static_cast<float>(numbers[1 + n + i]), to + begin);
    });
  }
}

// 14: n variables, gradients, m, v; n, beta1, beta2, epsilon, n corrections, n corrections, n decays → n directions, m, v
void LambDirection(const std::vector<Input> &in, const int32_t *where, const double *numbers, std::vector<Output> *out) {
  const int64_t n = static_cast<int64_t>(numbers[0]);
  for (int64_t i = 0; i < 3 * n; i++) out->emplace_back(ShapeOf(in[where[i % n]]));
  const double *each = numbers + 4;
  for (int64_t i = 0; i < n; i++) {
    const Input &w = in[where[i]], &g = in[where[n + i]], &m = in[where[2 * n + i]], &v = in[where[3 * n + i]];
    float *u = (*out)[i].data(), *mOut = (*out)[n + i].data(), *vOut = (*out)[2 * n + i].data();
    InParts(w.count(), w.count(), [&](int64_t, int64_t begin, int64_t end) {
      LOOP(Direction, w.data() + begin, g.data() + begin, m.data() + begin, v.data() + begin, end - begin, static_cast<float>(numbers[1]), static_cast<float>(1.0 - numbers[1]), static_cast<float>(numbers[2]), static_cast<float>(1.0 - numbers[2]),
           static_cast<float>(numbers[3]), static_cast<float>(each[i]), static_cast<float>(each[n + i]), static_cast<float>(each[2 * n + i]), u + begin, mOut + begin, vOut + begin);
    });
  }
}

}  // namespace graft
