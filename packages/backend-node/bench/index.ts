/**
 * `pnpm bench native` measures milliseconds per training step on the nets of nets.ts: Graft, stock tfjs-node with the same libraries,
 * and PyTorch if GRAFT_TORCH_PYTHON names a Python with torch. Each peer is a process. The peers take turns in each round, so that all
 * of them run under the same load. Writes results.json, and names missing peers.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

interface Answer {
  readonly milliseconds: readonly number[];
  readonly loss: number;
  readonly tensors?: number;
  readonly rss: number;
}

const ROUNDS = 6;
const STEPS = 8;
const WARM = 4;
const NETS = ["mobilenet-v2-like", "resnet-like", "transformer", "mobilenet-v2-tail"] as const;
const here = import.meta.dirname;
const tsx = join(here, "..", "node_modules", ".bin", "tsx");
const python = process.env.GRAFT_TORCH_PYTHON;

const commands: Readonly<Record<string, readonly [string, ...string[]]>> = {
  graft: [tsx, join(here, "worker.ts"), "graft"],
  "tfjs-node": [tsx, join(here, "worker.ts"), "stock"],
  ...(python ? { torch: [python, join(here, "torch_worker.py")] as const } : {}),
};
if (!python) console.log("PyTorch is absent: set GRAFT_TORCH_PYTHON to a Python that has torch.");

/** A peer's process, and a function to run steps in it. */
function start([command, ...args]: readonly [string, ...string[]]): {
  ask(net: string, steps: number): Promise<Answer>;
  end(): Promise<unknown>;
} {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return {
    async ask(net, steps) {
      child.stdin?.write(`${net} ${steps}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ${args.join(" ")} ended while it trained ${net}.`);
      return JSON.parse(value) as Answer;
    },
    end() {
      child.stdin?.end();
      return once(child, "exit");
    },
  };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
const results: Record<string, Record<string, object>> = {};
for (const net of NETS) {
  const peers = Object.entries(commands).map(([name, command]) => [name, start(command)] as const);
  const steps: Record<string, number[]> = {};
  const firstLoss: Record<string, number> = {};
  const rss: Record<string, number> = {};
  for (const [name, peer] of peers) {
    firstLoss[name] = (await peer.ask(net, 1)).loss;
    await peer.ask(net, WARM);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, peer] of peers) {
      const answer = await peer.ask(net, STEPS);
      steps[name] = [...(steps[name] ?? []), ...answer.milliseconds];
      rss[name] = answer.rss;
    }
  }
  for (const [, peer] of peers) await peer.end();
  const graft = median(steps.graft as number[]);
  results[net] = Object.fromEntries(
    peers.map(([name]) => {
      const of = steps[name] as number[];
      const row = {
        medianMs: round2(median(of)),
        minMs: round2(Math.min(...of)),
        timesGraft: round2(median(of) / graft),
        firstLoss: firstLoss[name],
        rssMB: Math.round((rss[name] as number) / 1e6),
      };
      return [name, row];
    }),
  );
  console.log(net);
  console.table(results[net]);
}
const machine = {
  processor: cpus()[0]?.model,
  cores: cpus().length,
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
};
writeFileSync(
  join(here, "results.json"),
  `${JSON.stringify({ machine, rounds: ROUNDS, stepsARound: STEPS, results }, null, 2)}\n`,
);
await import("./readme.ts");

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
