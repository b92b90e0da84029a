import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { assertSpace } from "../errors.ts";
import { run, tail } from "./run.ts";
import type { PinnedWheel } from "./wheels.ts";

/** Commands that may start pip, in the order in which they are tried. */
const CANDIDATES: readonly (readonly [command: string, ...args: string[]])[] = [
  ["python3", "-m", "pip"],
  ["python", "-m", "pip"],
  ["pip3"],
  ["pip"],
];

/** Returns the command line of the first pip that can be started, or undefined if there is none. */
export async function findPip(): Promise<readonly string[] | undefined> {
  for (const [command, ...args] of CANDIDATES) {
    const { status } = await run(command, [...args, "--version"]);
    if (status === 0) return [command, ...args];
  }
  return undefined;
}

/**
 * Downloads a wheel by pip, with the index, proxy and certificates of the user's own configuration.
 *
 * @param temporary folder for pip's temporary files, on the same disk as the cache.
 * @returns the path of the wheel, or the reason why it could not be downloaded.
 * @throws an error with code ENOSPC if pip reports a full disk.
 */
export async function pipDownload(
  pip: readonly string[],
  wheel: PinnedWheel,
  into: string,
  temporary: string,
): Promise<{ path: string } | { reason: string }> {
  const [command = "pip", ...args] = pip;
  mkdirSync(temporary, { recursive: true });
  const { status, stderr } = await run(
    command,
    [
      ...args,
      "download",
      "--quiet",
      "--no-deps",
      "--only-binary=:all:",
      "--python-version=3.11",
      "--implementation=cp",
      ...wheel.platforms.map((tag) => `--platform=${tag}`),
      "--retries=2",
      `--dest=${into}`,
      `${wheel.project}==${wheel.version}`,
    ],
    { env: { ...process.env, TMPDIR: temporary, PIP_DISABLE_PIP_VERSION_CHECK: "1" } },
  );
  const path = join(into, wheel.file);
  if (status === 0 && existsSync(path)) return { path };
  assertSpace(stderr);
  return { reason: status === 0 ? `pip downloaded another file than ${wheel.file}` : `pip: ${tail(stderr)}` };
}
