/**
 * Kills the installer (SIGKILL) twenty times at random moments of a run, also after its end. After each kill the cache must have no
 * install or one that computes. Other files in the cache are counted, because a killed process cannot remove them. At the end one more
 * run must finish and remove all leftovers. Needs the pinned wheel: GRAFT_WHEEL=file tsx bench/kill-trials.ts
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installFolder, readInstall } from "../src/install/cache.ts";
import { targetFor } from "../src/install/target.ts";
import { verifyInstall } from "../src/install/verify.ts";
import { WHEELS } from "../src/install/wheels.ts";

const TRIALS = 20;
const wheel = process.env.GRAFT_WHEEL;
if (!wheel) throw new Error("Set GRAFT_WHEEL to the path of the pinned wheel.");
const cache = mkdtempSync(join(tmpdir(), "graft-kill-"));
const target = targetFor("cpu");
const folder = installFolder(cache, target, WHEELS[target][0]?.version ?? "");
const start = (): ReturnType<typeof spawn> =>
  spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      join(import.meta.dirname, "../src/bin.ts"),
      "install",
      "--skip-own-route",
      "--cache",
      cache,
      "--wheel",
      wheel,
    ],
    { stdio: "ignore" },
  );

const began = performance.now();
const [first] = await once(start(), "exit");
if (first !== 0) throw new Error("The installer fails even if it is not killed.");
/** Moments may lie after the end of the timed run, because a killed run may be slower. */
const wholeRunMs = Math.round(performance.now() - began);
rmSync(folder, { recursive: true });

interface Outcome {
  readonly afterMs: number;
  /** State of the install. */
  readonly left: "nothing" | "a whole install" | "HALF AN INSTALL";
  /** Leftovers that the next run removes: staging folders and the lock of killed runs. */
  readonly beside: number;
}
const outcomes: Outcome[] = [];
for (let trial = 0; trial < TRIALS; trial++) {
  const afterMs = Math.round(((trial + Math.random()) / TRIALS) * 1.1 * wholeRunMs);
  const child = start();
  const ended = once(child, "exit");
  await new Promise((wait) => setTimeout(wait, afterMs));
  child.kill("SIGKILL");
  await ended;
  const left = !existsSync(folder) ? "nothing" : (await computes()) ? "a whole install" : "HALF AN INSTALL";
  outcomes.push({ afterMs, left, beside: others().length });
  if (left === "a whole install") rmSync(folder, { recursive: true });
}
const [status] = await once(start(), "exit");
const whole = status === 0 && (await computes());
const leftovers = others();
const result = {
  trials: TRIALS,
  wholeRunMs,
  half: outcomes.filter(({ left }) => left === "HALF AN INSTALL").length,
  nextRunFinished: whole,
  leftovers,
  outcomes,
};
writeFileSync(join(import.meta.dirname, "kill-trials.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(result);
rmSync(cache, { recursive: true, force: true });
process.exitCode = result.half === 0 && whole && leftovers.length === 0 ? 0 : 1;

function others(): readonly string[] {
  return readdirSync(cache).filter((name) => !name.startsWith("tensorflow-"));
}

/** Says whether the folder is an install whose library multiplies two matrices. */
async function computes(): Promise<boolean> {
  return (
    readInstall(folder) !== undefined &&
    (await verifyInstall(folder).then(
      () => true,
      () => false,
    ))
  );
}
