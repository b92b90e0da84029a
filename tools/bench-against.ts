// `pnpm bench against <folder>` compares this checkout with another one in `<folder>`, installed in the same way: steps of the optimizer
// on stock wasm, steps of nets on wasm and native, and whole processes of `fineTune`. The two take turns in one run, so a busy machine
// slows both. Only the ratios count. Writes bench-against.json beside itself.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const here = join(import.meta.dirname, "..");
const other = resolve(process.argv[2] ?? "");
const TREES = { here, other };
type Tree = keyof typeof TREES;
const ROUNDS = 7;
const tsx = (tree: string): string => join(tree, "node_modules/.bin/tsx");
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

interface Comparison {
  readonly name: string;
  /** Median milliseconds of the other checkout, and of this one. */
  readonly before: number;
  readonly after: number;
  /** Median of the ratios of neighbouring rounds, after ÷ before. */
  readonly ratio: number;
  /** Whether both reach the same loss, bit for bit. Undefined if no loss is measured. */
  readonly sameLoss?: boolean;
}

/** Lets the two take turns. The order changes from round to round. */
async function compare(
  name: string,
  rounds: number,
  measure: (tree: Tree) => Promise<{ readonly ms: number; readonly loss?: number }>,
): Promise<Comparison> {
  const times = { here: [] as number[], other: [] as number[] };
  const losses: { here?: number; other?: number } = {};
  for (let round = 0; round < rounds; round++) {
    for (const tree of round % 2 === 0 ? (["here", "other"] as const) : (["other", "here"] as const)) {
      const { ms, loss } = await measure(tree);
      times[tree].push(ms);
      if (loss !== undefined) losses[tree] = loss;
    }
  }
  const row: Comparison = {
    name,
    before: median(times.other),
    after: median(times.here),
    ratio: median(times.here.map((ms, i) => ms / (times.other[i] as number))),
    ...(losses.here === undefined ? {} : { sameLoss: losses.here === losses.other }),
  };
  console.log(`${name}: ${row.before.toFixed(1)} → ${row.after.toFixed(1)} ms, ratio ${row.ratio.toFixed(3)}`);
  return row;
}

/** Runs a bench's worker, which answers each line `<net> <steps>` with one line of JSON. */
function worker(tree: string, file: string, args: readonly string[]) {
  const child: ChildProcess = spawn(tsx(tree), [join(tree, file), ...args], {
    cwd: tree,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return {
    async train(net: string, steps: number): Promise<{ ms: number; loss: number }> {
      child.stdin?.write(`${net} ${steps}\n`);
      for (;;) {
        const { value, done } = await answers.next();
        if (done) throw new Error(`${file} ended.`);
        if (!value.startsWith("{")) continue;
        const { milliseconds, loss } = JSON.parse(value) as { milliseconds: number[]; loss: number };
        return { ms: median(milliseconds), loss };
      }
    },
    end: (): void => void child.stdin?.end(),
  };
}

async function nets(backend: string, file: string, args: readonly string[]): Promise<Comparison[]> {
  const workers = { here: worker(here, file, args), other: worker(other, file, args) };
  const rows: Comparison[] = [];
  for (const net of ["mobilenet-v2-like", "resnet-like", "transformer"]) {
    for (const tree of ["here", "other"] as const) await workers[tree].train(net, 3);
    rows.push(await compare(`${backend}, ${net}`, ROUNDS, (tree) => workers[tree].train(net, 4)));
  }
  workers.here.end();
  workers.other.end();
  return rows;
}

/** Runs a program in the checkout and returns the JSON on its last line. */
function once<T>(tree: string, args: readonly string[]): T {
  const { stdout, stderr, status } = spawnSync(tsx(tree), [...args], { cwd: tree, encoding: "utf8", maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${args.join(" ")} failed: ${stderr.slice(-500)}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

async function tuner(backend: string): Promise<Comparison> {
  return compare(`fineTune, ${backend}, head of MobileNetV2, 3 epochs`, 3, async (tree) => {
    const run = once<{ seconds: number; loss: number[] }>(TREES[tree], [
      "packages/tuner/bench/worker.ts",
      backend,
      "graft",
      "head",
      "3",
    ]);
    return { ms: run.seconds * 1000, loss: run.loss.at(-1) as number };
  });
}

const OVERHEAD = `import { overhead } from "./packages/core/bench/overhead.ts";
console.log(JSON.stringify(await overhead()));`;
interface Overhead {
  readonly net: string;
  readonly rule: string;
  readonly oursMs: number;
}

/** One process measures four steps of the optimizer. Each becomes a row. */
async function core(): Promise<Comparison[]> {
  const runs = { here: [] as Overhead[][], other: [] as Overhead[][] };
  for (const tree of ["here", "other"] as const) writeFileSync(join(TREES[tree], ".overhead.ts"), OVERHEAD);
  for (let round = 0; round < 3; round++)
    for (const tree of ["here", "other"] as const) runs[tree].push(once(TREES[tree], [".overhead.ts"]));
  for (const tree of ["here", "other"] as const) rmSync(join(TREES[tree], ".overhead.ts"));
  const rows: Comparison[] = [];
  for (const [i, { net, rule }] of (runs.here[0] as Overhead[]).entries()) {
    const times = (tree: Tree): number[] => runs[tree].map((run) => (run[i] as Overhead).oursMs);
    const queue = { here: times("here"), other: times("other") };
    rows.push(await compare(`optimizer, ${net}, ${rule}`, 3, async (tree) => ({ ms: queue[tree].shift() as number })));
  }
  return rows;
}

const rows = [
  ...(await core()),
  ...(await nets("wasm", "packages/backend-wasm/bench/worker.ts", [])),
  ...(await nets("native", "packages/backend-node/bench/worker.ts", ["graft"])),
  await tuner("wasm"),
  await tuner("native"),
];
const machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.versions.node };
const commit = (tree: string): string =>
  spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: tree, encoding: "utf8" }).stdout.trim();
const report = { machine, before: commit(other), after: commit(here), rows };
writeFileSync(join(import.meta.dirname, "bench-against.json"), `${JSON.stringify(report, null, 2)}\n`);
