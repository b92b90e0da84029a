export { nativeBackend } from "./adapter.ts";
export {
  CacheBusyError,
  CacheNotWritableError,
  ChecksumError,
  CompileError,
  DownloadError,
  NoSpaceError,
  TooLateError,
  UnsupportedLibcError,
  UnsupportedPlatformError,
  VerifyError,
} from "./errors.ts";
export { type InstallOptions, type InstallReport, installNative } from "./install/install.ts";
export type { Device } from "./install/target.ts";
export { type UninstallOptions, type UninstallReport, uninstallNative } from "./install/uninstall.ts";
export { nativeLayers } from "./layers/native-layers.ts";
export { type NativeEnvironment, setNativeEnvironment } from "./load/environment.ts";
export type { NativeBackendOptions } from "./options.ts";
export { plugins } from "./plugins.ts";
