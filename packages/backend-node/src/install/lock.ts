import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CacheBusyError, codeOf } from "../errors.ts";
import { alive, makeFolder, stagingName, unwritable } from "./cache.ts";
import type { Reporter } from "./report.ts";

/** Names the process that installs into a cache folder or removes from it. */
const LOCK = ".lock";
/** A lock that names nobody yet is somebody's all the same: he is between two system calls. */
const NAMELESS_MS = 2000;
const LOOK_AGAIN_MS = 200;
/** How long an installer waits for another. A slow line takes longer: then the error says who is at work. */
const PATIENCE_MS = 10 * 60_000;

/** The lock of a cache folder, or the process that has it. */
export type Lock = { readonly release: () => void } | { readonly holder: number | undefined };

/**
 * Takes the lock of a cache folder, which is made where it is missing. What a killed process left is taken over.
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
      // ENOENT: who had the lock before has removed the empty cache between our two calls.
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
 * @returns whether somebody else had it, and how to give it back.
 * @throws CacheBusyError after `patienceMs`, naming the process that has it.
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
    if (!waited) report.step(`${who(lock.holder)} is at work in ${cache}: waiting for it`);
    await pause(LOOK_AGAIN_MS);
  }
}

/** The error for a cache folder that another process has. */
export function busy(cache: string, holder: number | undefined): CacheBusyError {
  return new CacheBusyError(
    `${who(holder)} is at work in ${cache}.`,
    `Try again when it has ended. If it is no installer of Graft, remove ${join(cache, LOCK)}.`,
  );
}

function who(holder: number | undefined): string {
  return holder === undefined ? "Another process" : `Process ${holder}`;
}

function readLock(file: string): { readonly text: string; readonly ageMs: number } | undefined {
  try {
    return { text: readFileSync(file, "utf8"), ageMs: Date.now() - statSync(file).mtimeMs };
  } catch {
    return undefined; // given back meanwhile
  }
}

/** Moved aside first and looked at there: of two that find the same dead owner, one must not remove the lock of the other. */
function removeIfStill(text: string, file: string, cache: string): void {
  const aside = join(cache, stagingName(randomUUID()));
  try {
    renameSync(file, aside);
  } catch {
    return; // not there any more
  }
  if (readLock(aside)?.text === text) rmSync(aside, { force: true });
  else renameSync(aside, file);
}
