import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobResult } from "../../packages/mpi/test/job.ts";
import { bundled, underMpirun } from "../../packages/mpi/test/ranks.ts";
import { seeded } from "../../packages/tuner/src/random/random.ts";

/** Ranks of a job, and steps of a run. */
const [RANKS, STEPS] = [2, 60];
/** Most milliseconds between the start of all ranks and the kill. An undisturbed run takes a few seconds. */
const MOST_MS = 2500;
/** Seconds within which mpirun must end the job after a kill. */
const LIMIT_SECONDS = 20;

/**
 * Kills a random rank at a random moment, then starts the job again, until it ends. Then the next run begins, until there are enough
 * kills. Wrong: a job that ends with exit code 0 although a rank was killed, a job that does not end in time, or weights that differ in
 * any bit from those of a run that was not killed.
 */
export async function fuzzMpi(
  kills: number,
): Promise<{ trials: number; slowestSeconds: number; wrong: readonly string[] }> {
  const program = await bundled("rank");
  const random = seeded("mpi");
  const wrong: string[] = [];
  const job = { method: "adam", steps: STEPS, everySteps: 2 } as const;
  const digest = (ranks: readonly JobResult[] | undefined): string =>
    JSON.stringify(ranks?.map(({ weights }) => weights));
  const expected = await underMpirun(program, RANKS, [{ method: "adam", steps: STEPS }]);
  if (expected.code !== 0) throw new Error(`A job fails even if nothing kills it: ${expected.err}`);
  let [done, slowest] = [0, 0];
  while (done < kills) {
    const folder = mkdtempSync(join(tmpdir(), "graft-mpi-"));
    try {
      for (let resume = false; ; resume = true) {
        let killedAt: number | undefined;
        const victim = Math.floor(random() * RANKS);
        const delay = random() * MOST_MS;
        const wanted = done < kills;
        const started = (pids: readonly number[]): void => {
          if (wanted) setTimeout(() => kill(pids[victim]), delay);
        };
        const output = await underMpirun(program, RANKS, [{ ...job, checkpoint: folder, resume }], { started });
        function kill(pid: number | undefined): void {
          try {
            process.kill(pid as number, "SIGKILL");
            killedAt = performance.now();
          } catch {
            // The job has ended already.
          }
        }
        const where = `kill ${done} of rank ${victim} after ${delay.toFixed(0)} ms`;
        if (output.code === 0) {
          if (digest(output.results[0]) !== digest(expected.results[0])) wrong.push(`${where}: other weights`);
          break;
        }
        if (killedAt === undefined) {
          wrong.push(`${where}: the job failed although nothing killed it: ${output.err.slice(0, 300)}`);
          break;
        }
        const seconds = (performance.now() - killedAt) / 1000;
        slowest = Math.max(slowest, seconds);
        if (seconds > LIMIT_SECONDS) wrong.push(`${where}: the job ended only after ${seconds.toFixed(0)} s`);
        done++;
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return { trials: done, slowestSeconds: Number(slowest.toFixed(2)), wrong };
}
