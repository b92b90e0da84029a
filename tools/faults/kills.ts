import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { seeded } from "../../packages/tuner/src/random/random.ts";
import type { RunFuzz } from "../../packages/tuner/test/fuzz-runs.ts";
import { bundled } from "./bundle.ts";
import { inNewFolder } from "./new-folder.ts";

/** Most milliseconds between the start of a run and its kill. A step with its checkpoint takes about 10. */
const MOST_MS = 250;

/** The output of one process: the steps that it printed, and its result if it was not killed. */
interface Life {
  readonly from: number | undefined;
  readonly last: number;
  readonly digest: string | undefined;
  readonly problems: readonly string[];
  readonly killed: boolean;
}

/**
 * Kills a run at random moments, resumes it, and kills it again until it ends. Then the next run begins, until there are enough kills.
 * Wrong: a finished checkpoint that is lost or damaged, or weights that differ in any bit from those of a run that was not killed.
 */
export async function fuzzKills(backend: "cpu" | "wasm", kills: number): Promise<RunFuzz> {
  const script = await bundled("tools/faults/checkpoint-run.ts");
  const random = seeded("kills", backend);
  const wrong: string[] = [];
  const expected = await inNewFolder((folder) => live(script, backend, folder, undefined));
  if (expected.digest === undefined) throw new Error(`A run fails even if nothing kills it: ${expected.problems}`);
  let done = 0;
  while (done < kills)
    await inNewFolder(async (folder) => {
      let reached = 0;
      for (;;) {
        const life = await live(script, backend, folder, done < kills ? random() * MOST_MS : undefined);
        const where = `${backend}, kill ${done}`;
        wrong.push(...life.problems.map((problem) => `${where}: ${problem}`));
        // The checkpoint of a step is complete before the next step begins.
        if (life.from !== undefined && life.from < reached - 1)
          wrong.push(`${where}: resumed from step ${life.from}, although the run had reached step ${reached}`);
        reached = Math.max(reached, life.last);
        if (life.killed) done++;
        else {
          if (life.digest !== expected.digest) wrong.push(`${where}: other weights, or no result`);
          wrong.push(...left(folder).map((name) => `${where}: ${name} is left`));
          return life;
        }
      }
    });
  return { trials: done, wrong };
}

/** Names of files that a finished run must not leave: locks, and files that are half written. */
function left(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => !/^step-\d{10}\.graft$/.test(name));
}

/** Runs a process to its end, or kills it after `ms` milliseconds from the start of its run. */
function live(script: string, backend: string, folder: string, ms: number | undefined): Promise<Life> {
  const child = spawn(process.execPath, [script, backend, folder], { stdio: ["ignore", "pipe", "pipe"] });
  let from: number | undefined;
  let last = 0;
  let digest: string | undefined;
  const problems: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.endsWith("}")) return;
    const said = JSON.parse(line) as { from?: number; step?: number; digest?: string; warnings?: readonly string[] };
    if (said.from !== undefined) {
      from = said.from;
      if (ms !== undefined) setTimeout(() => child.kill("SIGKILL"), ms);
    }
    last = said.step ?? last;
    digest = said.digest ?? digest;
    problems.push(...(said.warnings ?? []));
  });
  createInterface({ input: child.stderr }).on("line", (line) => problems.push(line));
  return new Promise((resolve) =>
    child.on("close", (_code, signal) => resolve({ from, last, digest, problems, killed: signal === "SIGKILL" })),
  );
}
