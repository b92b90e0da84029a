// Vectors, and the choice between builds of loops for the processor's vector instructions. A file that includes levels.inc includes this first.
#pragma once
#include <cstdint>

namespace graft {

typedef float Eight __attribute__((vector_size(32)));
typedef float Sixteen __attribute__((vector_size(64)));
typedef int32_t EightWhole __attribute__((vector_size(32)));
typedef int32_t SixteenWhole __attribute__((vector_size(64)));

}  // namespace graft

// Unroll loops over registers. Otherwise some compilers keep the values in memory.
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

#if defined(__x86_64__)
#define WIDEST(name) (kLevel == kAvx512 ? avx512::name : kLevel == kAvx2 ? avx2::name : baseline::name)
#else
#define WIDEST(name) baseline::name
#endif
