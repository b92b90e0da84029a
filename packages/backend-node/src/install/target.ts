import { arch, platform } from "node:os";
import { UnsupportedLibcError, UnsupportedPlatformError } from "../errors.ts";

/** What to install for: one line of the table in `wheels.ts`. */
export type Target = "linux-x64-cpu" | "linux-x64-gpu" | "linux-arm64-cpu" | "darwin-arm64-cpu";
export type Device = "cpu" | "gpu";

/** What decides about a target. Read from this machine by {@link thisMachine}; tests pass others. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc, `undefined` where Node runs on another C library (musl). Ignored outside Linux. */
  readonly glibc: string | undefined;
}

const TARGETS: readonly Target[] = ["linux-x64-cpu", "linux-x64-gpu", "linux-arm64-cpu", "darwin-arm64-cpu"];
const OLDEST_GLIBC = "2.17";
const ELSEWHERE = "Use @graftjs/backend-webgpu (graphics card) or @graftjs/backend-wasm (anywhere): both train.";

/** The machine this process runs on. */
export function thisMachine(): Machine {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return { platform: platform(), arch: arch(), glibc: report?.header?.glibcVersionRuntime };
}

/**
 * The target for a machine and a device.
 *
 * @throws UnsupportedPlatformError, UnsupportedLibcError with what to use instead.
 */
export function targetFor(device: Device, machine: Machine = thisMachine()): Target {
  const name = `${machine.platform}-${machine.arch}-${device}`;
  const target = TARGETS.find((known) => known === name);
  if (target === undefined) {
    const what =
      machine.platform === "win32"
        ? "There is no native backend for Windows"
        : `There is no native backend for ${name}`;
    throw new UnsupportedPlatformError(
      `${what}: TensorFlow publishes no C library for it that Graft could load.`,
      device === "gpu" && machine.platform !== "win32" ? `Without \`gpu\`, or: ${ELSEWHERE}` : ELSEWHERE,
    );
  }
  if (machine.platform === "linux") checkLibc(machine.glibc);
  return target;
}

function checkLibc(glibc: string | undefined): void {
  if (glibc === undefined) {
    throw new UnsupportedLibcError(
      "TensorFlow's libraries are linked against glibc, and this Node runs on another C library (Alpine has musl).",
      `Take a Debian- or Ubuntu-based image (node:22-slim). ${ELSEWHERE}`,
    );
  }
  if (older(glibc, OLDEST_GLIBC)) {
    throw new UnsupportedLibcError(
      `TensorFlow's libraries need glibc ${OLDEST_GLIBC} or newer, and this machine has ${glibc}.`,
      `Update the system. ${ELSEWHERE}`,
    );
  }
}

function older(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor < bMajor || (aMajor === bMajor && aMinor < bMinor);
}
