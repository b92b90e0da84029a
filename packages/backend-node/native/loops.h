// The loops of loops.inc, compiled for the baseline processor and for AVX2.
#pragma once
#include <cstdint>

namespace graft {
namespace baseline {
#include "loops.inc"
}  // namespace baseline
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#include "loops.inc"
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
}  // namespace graft
