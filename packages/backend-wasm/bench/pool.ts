/**
 * Measures the gain and the cost of the pool: `pnpm --filter @graftjs/backend-wasm pool`. Two processes alternate and train two
 * nets on one thread and on two. They run on the machine as it is, and beside one busy loop per core. It also measures the
 * size from which a matrix product gains. Writes pool.json.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { breakEven } from "./break-even.ts";
import { start } from "./peers.ts";

const NETS = ["mobilenet-v2-like", "resnet-like"];
const ROUNDS = Number(process.argv[2] ?? 12);
const STEPS = 6;
/** Largest ratio of the times with two threads and with one on a busy machine. */
const LIMIT = 1.1;

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const node = process.env.GRAFT_BENCH_NODE ?? process.execPath;
const peers = [1, 2].map((threads) =>
  start(`${threads}`, node, ["--import", "tsx", path("worker.ts"), String(threads)]),
);

/** Measures the median step of each peer. A net's first steps compile and are not counted. */
async function measure(net: string): Promise<{ readonly one: number; readonly two: number; readonly ratio: number }> {
  const times: number[][] = [[], []];
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, peer] of peers.entries()) {
      const { milliseconds } = await peer.train(net, STEPS);
      if (round >= 0) times[i]?.push(...milliseconds);
    }
  }
  const [one, two] = times.map(median) as [number, number];
  // Steps differ on a busy machine, and a program waits for their sum, so the ratio is that of the sums.
  const [sumOne, sumTwo] = times.map((list) => list.reduce((sum, value) => sum + value, 0)) as [number, number];
  return { one, two, ratio: sumTwo / sumOne };
}

const products = await breakEven();
for (const { multiplyAdds, one, two } of products) {
  console.log(
    `product of ${(multiplyAdds / 1e6).toFixed(2)} M multiply-adds: 1 thread ${one.toFixed(3)} ms, 2 threads ${two.toFixed(3)} ms, ${(one / two).toFixed(2)}×`,
  );
}

const results: Record<string, Record<string, Awaited<ReturnType<typeof measure>>>> = {};
for (const busy of [0, os.cpus().length]) {
  const loops: ChildProcess[] = Array.from({ length: busy }, () => spawn(node, ["-e", "for (;;);"]));
  const load = os.loadavg()[0] as number;
  for (const net of NETS) {
    const figures = await measure(net);
    results[net] = { ...results[net], [busy === 0 ? "alone" : "contended"]: figures };
    console.log(
      `${net}, ${busy} busy loops (load ${load.toFixed(1)} before): 1 thread ${figures.one.toFixed(1)} ms, 2 threads ${figures.two.toFixed(1)} ms, time with 2 / time with 1: ${figures.ratio.toFixed(2)}`,
    );
  }
  for (const loop of loops) loop.kill();
}
for (const peer of peers) peer.end();
writeFileSync(
  new URL("pool.json", import.meta.url),
  `${JSON.stringify({ node: process.version, cpus: os.cpus().length, load: Number((os.loadavg()[0] as number).toFixed(1)), limit: LIMIT, products, nets: results }, null, 2)}\n`,
);
for (const [net, { contended }] of Object.entries(results)) {
  if (contended && contended.ratio > LIMIT) {
    console.error(`${net}: on a busy machine two threads take ${contended.ratio.toFixed(2)}× the time of one.`);
    process.exitCode = 1;
  }
}
await import("./readme.ts");
