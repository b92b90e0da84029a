// A separate module: load(path) loads a shared library and returns the text that its initializers wrote to stderr. It must not be
// linked against TensorFlow, because TensorFlow's initializers would then run before this code. It also catches lines that other
// threads write meanwhile. The caller prints all lines that it does not recognize.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc has a function for this only since 2.27. Kernels before 3.17 do not support it, and then nothing is caught.
static int MemoryFile(void) { return (int)syscall(SYS_memfd_create, "graft-stderr", 1u /* MFD_CLOEXEC */); }

static napi_value TextOf(napi_env env, int file) {
  struct stat status;
  napi_value text = NULL;
  char *bytes = NULL;
  ssize_t length = 0;
  if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0 && (bytes = malloc((size_t)status.st_size)) != NULL) {
    length = pread(file, bytes, (size_t)status.st_size, 0);
  }
  napi_create_string_utf8(env, bytes == NULL ? "" : bytes, length > 0 ? (size_t)length : 0, &text);
  free(bytes);
  return text;
}

static napi_value Load(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value arg;
  char path[4096];
  if (napi_get_cb_info(env, info, &argc, &arg, NULL, NULL) != napi_ok || argc < 1 ||
      napi_get_value_string_utf8(env, arg, path, sizeof path, NULL) != napi_ok) {
    napi_throw_type_error(env, NULL, "load(path) takes a string");
    return NULL;
  }
  const int file = MemoryFile();
  const int original = file < 0 ? -1 : fcntl(2, F_DUPFD_CLOEXEC, 3);
  if (original >= 0) dup2(file, 2);
  // Keep it open, so that the binding finds it loaded. If loading fails, it fails again in the binding, which reports the error.
  dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (original >= 0) {
    dup2(original, 2);
    close(original);
  }
  const napi_value text = TextOf(env, file);
  if (file >= 0) close(file);
  return text;
}

NAPI_MODULE_INIT() {
  napi_value load;
  if (napi_create_function(env, "load", NAPI_AUTO_LENGTH, Load, NULL, &load) != napi_ok) return NULL;
  napi_set_named_property(env, exports, "load", load);
  return exports;
}
