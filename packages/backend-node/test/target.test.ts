import { describe, expect, it } from "vitest";
import { UnsupportedLibcError, UnsupportedPlatformError } from "../src/errors.ts";
import { targetFor, thisMachine } from "../src/install/target.ts";
import { WHEELS } from "../src/install/wheels.ts";

const linux = { platform: "linux", arch: "x64", glibc: "2.36" };

describe("targetFor", () => {
  it("knows the machines that have libraries", () => {
    expect(targetFor("cpu", linux)).toBe("linux-x64-cpu");
    expect(targetFor("gpu", linux)).toBe("linux-x64-gpu");
    expect(targetFor("cpu", { ...linux, arch: "arm64", glibc: "2.17" })).toBe("linux-arm64-cpu");
    expect(targetFor("cpu", { platform: "darwin", arch: "arm64", glibc: undefined })).toBe("darwin-arm64-cpu");
  });

  it("says that Windows is not supported, and names alternatives", () => {
    expect(() => targetFor("cpu", { platform: "win32", arch: "x64", glibc: undefined })).toThrow(
      UnsupportedPlatformError,
    );
    expect(() => targetFor("gpu", { platform: "win32", arch: "x64", glibc: undefined })).toThrow(
      /Windows has no native backend[\s\S]*backend-webgpu[\s\S]*backend-wasm/,
    );
    expect(() => targetFor("gpu", { ...linux, arch: "arm64" })).toThrow(/linux-arm64-gpu[\s\S]*Leave out `gpu`/);
    expect(() => targetFor("cpu", { ...linux, arch: "ia32" })).toThrow(UnsupportedPlatformError);
  });

  it("reports musl and an old glibc", () => {
    expect(() => targetFor("cpu", { ...linux, glibc: undefined })).toThrow(/musl/);
    expect(() => targetFor("cpu", { ...linux, glibc: "2.12" })).toThrow(UnsupportedLibcError);
    expect(() => targetFor("cpu", { ...linux, glibc: "2.9" })).toThrow(/needs? glibc 2\.17[\s\S]*has 2\.9/);
  });

  it("reads this machine", () => {
    expect(thisMachine()).toMatchObject({ platform: process.platform, arch: process.arch });
  });
});

describe("the pinned wheels", () => {
  it("each have a sha256 and the version in the file name", () => {
    for (const wheel of Object.values(WHEELS).flat()) {
      expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(wheel.file).toBe(
        `${wheel.project.replaceAll("-", "_")}-${wheel.version}${wheel.file.slice(wheel.project.length + 1 + wheel.version.length)}`,
      );
    }
    expect(WHEELS["linux-x64-gpu"].length).toBe(13);
  });
});
