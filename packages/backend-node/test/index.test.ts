import { expect, it } from "vitest";
import * as api from "../src/index.ts";

it("exports exactly these names", () => {
  expect(Object.keys(api).sort()).toEqual([
    "CacheBusyError",
    "CacheNotWritableError",
    "ChecksumError",
    "CompileError",
    "DownloadError",
    "NoSpaceError",
    "TooLateError",
    "UnsupportedLibcError",
    "UnsupportedPlatformError",
    "VerifyError",
    "installNative",
    "nativeBackend",
    "nativeLayers",
    "plugins",
    "setNativeEnvironment",
    "uninstallNative",
  ]);
});
