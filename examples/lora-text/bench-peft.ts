// Compares a step of LoRA rank 4 on query and value of MiniLM (batch 8 × 32 tokens) on TensorFlow's library with PyTorch and HF PEFT.
// `pnpm --filter example-lora-text bench-peft [--rounds=5] [--steps=20] [--threads=2]` runs both in turn, each in a process of its own, and
// writes bench-peft.json. Run fetch.sh first. PYTHON names a Python with torch, transformers and peft.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

/** The output of one process. */
interface Run {
  readonly seconds: readonly number[];
  readonly [fact: string]: unknown;
}

const folder = import.meta.dirname;
const option = (name: string, fallback: number): number => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? fallback : Number(given.slice(name.length + 3));
};
const [rounds, steps, threads] = [option("rounds", 5), option("steps", 20), option("threads", 2)];
const peers: Readonly<Record<string, readonly [string, string]>> = {
  graft: ["tsx", join(folder, "bench-graft.ts")],
  peft: [process.env.PYTHON ?? "python3", join(folder, "bench-peft.py")],
};

const runs: Record<string, Run[]> = { graft: [], peft: [] };
for (let round = 0; round < rounds; round++) {
  // The order changes from round to round, so that neither always runs on a warmer processor.
  for (const name of round % 2 === 0 ? ["graft", "peft"] : ["peft", "graft"]) {
    const [program, script] = peers[name] as readonly [string, string];
    const output = execFileSync(program, [script, String(steps), String(threads)], {
      cwd: folder,
      encoding: "utf8",
    });
    const run = JSON.parse(output.trim().split("\n").at(-1) as string) as Run;
    runs[name]?.push(run);
    console.log(`${name}: ${median(warm(run)).toFixed(3)} s per step`);
  }
}
const perStep = Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, median(list.flatMap(warm))]));
const ratio = (perStep.graft as number) / (perStep.peft as number);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
const facts = Object.fromEntries(
  Object.entries(runs).map(([name, list]) => {
    const { seconds: _, ...rest } = list[0] as Run;
    return [name, { ...rest, roundSeconds: list.map((run) => median(warm(run))) }];
  }),
);
const result = { ...machine, threads, rounds, steps, secondsPerStep: perStep, ratio, runs: facts };
writeFileSync(join(folder, "bench-peft.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(`Graft takes ${ratio.toFixed(2)} × the time of PyTorch with PEFT.`);

/** Returns the steps after the first fifth, which warms up. */
function warm({ seconds }: Run): readonly number[] {
  return seconds.slice(Math.ceil(seconds.length / 5));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
