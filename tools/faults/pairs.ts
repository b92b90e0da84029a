import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { keeper } from "../../packages/tuner/src/checkpoint/keeper.ts";
import { seeded } from "../../packages/tuner/src/random/random.ts";
import type { RunFuzz } from "../../packages/tuner/test/fuzz-runs.ts";
import { bundled } from "./bundle.ts";
import type { Answer, Request } from "./checkpoint-protocol.ts";
import { inNewFolder } from "./new-folder.ts";

/** Most milliseconds between the starts of the two runs. A run takes about 100. */
const MOST_MS = 120;
const REFUSALS = /is in use by another run|has checkpoints of an earlier run/;

/**
 * Lets two processes start a whole run on one checkpoint folder, at the same moment or shortly after each other, with and without
 * `resume`. Wrong: no run ends well; a run that ends well has other weights than a single run; an error other than the refusal of the
 * folder; a last checkpoint that is missing or damaged; a file that is left over.
 */
export async function fuzzPairs(pairs: number): Promise<RunFuzz> {
  const script = await bundled("tools/faults/checkpoint-run.ts");
  const random = seeded("pairs");
  const runner = (): ChildProcess => fork(script, ["cpu"], { execArgv: [] });
  const runners = [runner(), runner()] as const;
  const wrong: string[] = [];
  try {
    await Promise.all(runners.map((runner) => once(runner, "message")));
    const expected = await inNewFolder((folder) => ask(runners[0], { folder, resume: false, delay: 0 }));
    if (expected.digest === undefined) throw new Error(`A single run fails: ${JSON.stringify(expected)}`);
    for (let i = 0; i < pairs; i++)
      await inNewFolder(async (folder) => {
        const start = (): Request => ({
          folder,
          resume: random() < 0.5,
          // In a third of the pairs the second run starts as soon as the system allows.
          delay: Math.max(0, random() * 1.5 - 0.5) * MOST_MS,
        });
        const answers = await Promise.all(runners.map((runner) => ask(runner, start())));
        wrong.push(...(await problemsOf(folder, answers, expected)).map((problem) => `pair ${i}: ${problem}`));
      });
  } finally {
    for (const runner of runners) runner.kill();
  }
  return { trials: pairs, wrong };
}

async function ask(runner: ChildProcess, request: Request): Promise<Answer> {
  const answer = once(runner, "message") as Promise<[Answer]>;
  runner.send(request);
  return (await answer)[0];
}

async function problemsOf(folder: string, answers: readonly Answer[], expected: Answer): Promise<string[]> {
  const problems: string[] = [];
  if (!answers.some(({ digest }) => digest !== undefined)) problems.push(`no run ended: ${JSON.stringify(answers)}`);
  for (const { digest, steps, warnings, refused, failed } of answers) {
    if (digest !== undefined && (digest !== expected.digest || steps !== expected.steps))
      problems.push(`other weights after ${steps} steps`);
    if (failed !== undefined || (refused !== undefined && !REFUSALS.test(refused)))
      problems.push(failed ?? String(refused));
    problems.push(...(warnings ?? []));
  }
  const newest = await keeper({ to: folder }, (line) => problems.push(line)).newest();
  const names = readdirSync(folder).sort();
  if (!newest || names.at(-1) !== `step-${String(expected.steps).padStart(10, "0")}.graft`)
    problems.push(`the last checkpoint is missing: ${names}`);
  if (names.length > 2) problems.push(`files are left over: ${names}`);
  return problems;
}
