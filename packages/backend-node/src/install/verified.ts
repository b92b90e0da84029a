import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { Manifest } from "./cache.ts";
import { checkFile } from "./checksum.ts";
import { tfjsCore } from "./verify.ts";

/** Note in an install's folder of the last time a child process computed with it. */
const VERIFIED = "verified.json";

/** When an install computed, with which files and where. */
export interface Verification {
  readonly tensorflow: string;
  /** Digest over path, size, mtime and ctime of every file of the install. */
  readonly files: string;
  /** Digest over what else decides whether the libraries load. */
  readonly surroundings: string;
  readonly at: string;
}

/** What a note says about an install as it is now. */
export type Known =
  | { readonly state: "unchanged"; readonly verification: Verification }
  /** The same files in other surroundings: to be loaded again, and not to be read again. */
  | { readonly state: "elsewhere" }
  | { readonly state: "unknown" };

/** Compares the note in `folder` with its files and with this process; reads no file but the note. */
export function recallVerification(folder: string): Known {
  let verification: Verification;
  try {
    verification = JSON.parse(readFileSync(join(folder, VERIFIED), "utf8")) as Verification;
    if (verification.files !== digestOfFiles(folder)) return { state: "unknown" };
  } catch {
    return { state: "unknown" }; // no note, or half of one
  }
  return verification.surroundings === digestOfSurroundings()
    ? { state: "unchanged", verification }
    : { state: "elsewhere" };
}

/** Notes that `folder` computed just now. Where the cache may only be read, nothing is noted and it is verified each time. */
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
    // somebody else's cache
  }
}

/**
 * Reads the libraries of an install and compares them with what the wheel held. Installs of before the manifest held sums
 * pass.
 *
 * @throws ChecksumError
 */
export async function checkLibraries(folder: string, { sha256 = {} }: Manifest): Promise<void> {
  for (const [path, expected] of Object.entries(sha256)) await checkFile(join(folder, path), expected);
}

/** The change time too: it moves with every write, and no tool can set it back. */
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

/** Version of NVIDIA's driver on Linux; empty where there is none. */
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
