// See graft_kernels.cc.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tfnodejs {
class TFJSBackend;
}

namespace graft {
void Run(tfnodejs::TFJSBackend *backend, int32_t code, const int32_t *ids, size_t idCount, const double *numbers, int32_t *outIds, size_t outCount, std::string *error);
}
