import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { Manifest } from "./cache.ts";
import { checkFile } from "./checksum.ts";
import { tfjsCore } from "./verify.ts";

/** File in an install's folder that records the last time it computed. */
const VERIFIED = "verified.json";

/** Record of a time when an install computed: with which files, and in which surroundings. */
export interface Verification {
  readonly tensorflow: string;
  /** Digest over path, size, mtime and ctime of every file of the install. */
  readonly files: string;
  /** Digest over other things that decide whether the libraries load, such as the version of Node. */
  readonly surroundings: string;
  /** ISO date and time. */
  readonly at: string;
}

/** Whether a record still describes an install. */
export type Known =
  | { readonly state: "unchanged"; readonly verification: Verification }
  /** The files are the same but the surroundings are not. The libraries must be loaded again, but not read again. */
  | { readonly state: "elsewhere" }
  | { readonly state: "unknown" };

/** Compares the record in `folder` with its files and with this process. Reads no file except the record. */
export function recallVerification(folder: string): Known {
  let verification: Verification;
  try {
    verification = JSON.parse(readFileSync(join(folder, VERIFIED), "utf8")) as Verification;
    if (verification.files !== digestOfFiles(folder)) return { state: "unknown" };
  } catch {
    return { state: "unknown" }; // missing or incomplete
  }
  return verification.surroundings === digestOfSurroundings()
    ? { state: "unchanged", verification }
    : { state: "elsewhere" };
}

/** Records that `folder` has just computed. In a read-only cache nothing is recorded, and the install is verified each time. */
export function noteVerification(folder: string, tensorflow: string): void {
  try {
    const note: Verification = {
      tensorflow,
      files: digestOfFiles(folder),
      surroundings: digestOfSurroundings(),
      at: new Date().toISOString(),
    };
    writeFileSync(join(folder, VERIFIED), `${JSON.stringify(note, null, 2)}\n`);
  } catch {
    // not writable by this user
  }
}

/**
 * Reads the libraries of an install and compares them with the sums of the wheel. Installs of older versions have no sums and
 * pass.
 *
 * @throws ChecksumError if a library differs.
 */
export async function checkLibraries(folder: string, { sha256 = {} }: Manifest): Promise<void> {
  for (const [path, expected] of Object.entries(sha256)) await checkFile(join(folder, path), expected);
}

/** Includes the change time, which every write updates and which cannot be set back. */
function digestOfFiles(folder: string): string {
  const lines = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory() && entry.name !== VERIFIED)
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeMs, ctimeMs } = statSync(path);
      return `${path.slice(folder.length)} ${size} ${mtimeMs} ${ctimeMs}`;
    });
  return digest(lines.sort());
}

function digestOfSurroundings(): string {
  const { LD_LIBRARY_PATH = "", LD_PRELOAD = "" } = process.env;
  const core = tfjsCore();
  return digest([
    ...[process.version, process.arch, release(), LD_LIBRARY_PATH, LD_PRELOAD],
    ...[core, core === "" ? "" : `${statSync(core).size}`],
    driver(),
  ]);
}

/** Returns the version of NVIDIA's driver on Linux, or an empty string without one. */
function driver(): string {
  try {
    return readFileSync("/proc/driver/nvidia/version", "utf8");
  } catch {
    return "";
  }
}

function digest(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
