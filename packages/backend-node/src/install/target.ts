import { arch, platform } from "node:os";
import { UnsupportedLibcError, UnsupportedPlatformError } from "../errors.ts";

/** A platform and device that can be installed for, as a key of the table in `wheels.ts`. */
export type Target = "linux-x64-cpu" | "linux-x64-gpu" | "linux-arm64-cpu" | "darwin-arm64-cpu";
/** Device on which TensorFlow computes. */
export type Device = "cpu" | "gpu";

/** Properties of a machine that decide its target. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc, or undefined if Node runs on another C library (musl). Ignored outside of Linux. */
  readonly glibc: string | undefined;
}

const TARGETS: readonly Target[] = ["linux-x64-cpu", "linux-x64-gpu", "linux-arm64-cpu", "darwin-arm64-cpu"];
const OLDEST_GLIBC = "2.17";
const ELSEWHERE = "Use @graftjs/backend-webgpu (graphics card) or @graftjs/backend-wasm (anywhere): both train.";

/** Returns the properties of this machine. */
export function thisMachine(): Machine {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return { platform: platform(), arch: arch(), glibc: report?.header?.glibcVersionRuntime };
}

/**
 * Returns the target for a machine and a device.
 *
 * @throws UnsupportedPlatformError or UnsupportedLibcError, which name an alternative.
 */
export function targetFor(device: Device, machine: Machine = thisMachine()): Target {
  const name = `${machine.platform}-${machine.arch}-${device}`;
  const target = TARGETS.find((known) => known === name);
  if (target === undefined) {
    const missing = machine.platform === "win32" ? "Windows has no native backend" : `${name} has no native backend`;
    throw new UnsupportedPlatformError(
      `${missing}: TensorFlow does not publish a C library for it that Graft could load.`,
      device === "gpu" && machine.platform !== "win32" ? `Leave out \`gpu\`, or: ${ELSEWHERE}` : ELSEWHERE,
    );
  }
  if (machine.platform === "linux") checkLibc(machine.glibc);
  return target;
}

function checkLibc(glibc: string | undefined): void {
  if (glibc === undefined) {
    throw new UnsupportedLibcError(
      "TensorFlow's libraries are linked against glibc, but this Node runs on another C library (Alpine has musl).",
      `Use a Debian- or Ubuntu-based image (node:22-slim). ${ELSEWHERE}`,
    );
  }
  if (older(glibc, OLDEST_GLIBC)) {
    throw new UnsupportedLibcError(
      `TensorFlow's libraries need glibc ${OLDEST_GLIBC} or newer, but this machine has ${glibc}.`,
      `Update the system. ${ELSEWHERE}`,
    );
  }
}

function older(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor < bMajor || (aMajor === bMajor && aMinor < bMinor);
}
