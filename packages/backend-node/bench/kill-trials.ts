/**
 * Kills the installer twenty times at random moments. After each kill there must be no install or a whole one, and at the
 * end one more run must finish and leave nothing of the killed ones. Needs the pinned wheel: GRAFT_WHEEL=file tsx bench/kill-trials.ts
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installFolder, readInstall } from "../src/install/cache.ts";
import { targetFor } from "../src/install/target.ts";
import { WHEELS } from "../src/install/wheels.ts";

const TRIALS = 20;
const LONGEST_MS = 15_000;
const wheel = process.env.GRAFT_WHEEL;
if (!wheel) throw new Error("GRAFT_WHEEL names no file.");
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

const outcomes: { readonly afterMs: number; readonly left: "nothing" | "a whole install" | "HALF AN INSTALL" }[] = [];
for (let trial = 0; trial < TRIALS; trial++) {
  const afterMs = Math.round(((trial + Math.random()) / TRIALS) * LONGEST_MS);
  const child = start();
  const ended = once(child, "exit");
  await new Promise((wait) => setTimeout(wait, afterMs));
  child.kill("SIGKILL");
  await ended;
  const left = !existsSync(folder) ? "nothing" : readInstall(folder) ? "a whole install" : "HALF AN INSTALL";
  outcomes.push({ afterMs, left });
  if (left === "a whole install") rmSync(folder, { recursive: true });
}
const [status] = await once(start(), "exit");
const whole = status === 0 && readInstall(folder) !== undefined;
const leftovers = readdirSync(cache).filter((name) => !name.startsWith("tensorflow-"));
const result = {
  trials: TRIALS,
  half: outcomes.filter(({ left }) => left === "HALF AN INSTALL").length,
  nextRunFinished: whole,
  leftovers,
  outcomes,
};
writeFileSync(join(import.meta.dirname, "kill-trials.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(result);
rmSync(cache, { recursive: true, force: true });
process.exitCode = result.half === 0 && whole && leftovers.length === 0 ? 0 : 1;
