import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CacheBusyError, codeOf } from "../errors.ts";
import { alive, makeFolder, stagingName, unwritable } from "./cache.ts";
import type { Reporter } from "./report.ts";

/** File that names the process that is working in a cache folder. */
const LOCK = ".lock";
/** A lock without a name that is younger than this is valid: its process is between two system calls. */
const NAMELESS_MS = 2000;
/** Time between two attempts to take the lock. */
const LOOK_AGAIN_MS = 200;
/** How long an installer waits for another one. On a slow network this may be too short; the error then names the other process. */
const PATIENCE_MS = 10 * 60_000;

/** The lock of a cache folder, or the process that holds it. */
export type Lock = { readonly release: () => void } | { readonly holder: number | undefined };

/**
 * Takes the lock of a cache folder, and makes the folder if it is missing. The lock of a process that has ended is taken over.
 *
 * @throws CacheNotWritableError, NoSpaceError
 */
export function takeLock(cache: string): Lock {
  const file = join(cache, LOCK);
  const mine = `${process.pid} ${randomUUID()}\n`;
  for (let attempt = 0; ; attempt++) {
    try {
      makeFolder(cache);
      writeFileSync(file, mine, { flag: "wx" });
      return { release: () => removeIfStill(mine, file, cache) };
    } catch (cause) {
      // ENOENT means that the former holder removed the empty cache between our two calls.
      const again = codeOf(cause) === "ENOENT" && attempt < 10;
      if (codeOf(cause) !== "EEXIST" && !again) {
        removeIfStill("", file, cache);
        throw unwritable(cause, cache);
      }
    }
    const found = readLock(file);
    if (found === undefined) continue;
    const holder = Number.parseInt(found.text, 10);
    if (Number.isNaN(holder) ? found.ageMs < NAMELESS_MS : alive(holder))
      return { holder: Number.isNaN(holder) ? undefined : holder };
    removeIfStill(found.text, file, cache);
  }
}

/**
 * Waits for the lock of a cache folder.
 *
 * @returns whether it had to wait, and a function that releases the lock.
 * @throws CacheBusyError after `patienceMs`, with the process that holds the lock.
 */
export async function waitForLock(
  cache: string,
  report: Reporter,
  patienceMs: number = PATIENCE_MS,
): Promise<{ readonly waited: boolean; readonly release: () => void }> {
  const began = performance.now();
  for (let waited = false; ; waited = true) {
    const lock = takeLock(cache);
    if ("release" in lock) return { waited, release: lock.release };
    if (performance.now() - began > patienceMs) throw busy(cache, lock.holder);
    if (!waited) report.step(`${who(lock.holder)} is working in ${cache}: waiting for it`);
    await pause(LOOK_AGAIN_MS);
  }
}

/** Returns the error for a cache folder that another process has locked. */
export function busy(cache: string, holder: number | undefined): CacheBusyError {
  return new CacheBusyError(
    `${who(holder)} is working in ${cache}.`,
    `Try again when it has finished. If that process is not an installer of Graft, remove ${join(cache, LOCK)}.`,
  );
}

function who(holder: number | undefined): string {
  return holder === undefined ? "Another process" : `Process ${holder}`;
}

function readLock(file: string): { readonly text: string; readonly ageMs: number } | undefined {
  try {
    return { text: readFileSync(file, "utf8"), ageMs: Date.now() - statSync(file).mtimeMs };
  } catch {
    return undefined; // released meanwhile
  }
}

/**
 * Removes the lock if it still has this text. It is renamed first and checked then: if two processes find the lock of the same ended
 * process, one of them must not remove the lock that the other has taken.
 */
function removeIfStill(text: string, file: string, cache: string): void {
  const aside = join(cache, stagingName(randomUUID()));
  try {
    renameSync(file, aside);
  } catch {
    return; // removed already
  }
  if (readLock(aside)?.text === text) rmSync(aside, { force: true });
  else renameSync(aside, file);
}
