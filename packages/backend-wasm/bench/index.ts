/**
 * Measures step times of four nets on wasm and on its peers: `pnpm bench wasm`. The peers alternate in one run, so that a busy
 * machine slows all of them. Only the ratios count. Writes results.json.
 *
 * Peers: `GRAFT_TORCH_PYTHON` (a Python with torch), `GRAFT_BENCH_NODE` (another Node binary), and stock tfjs-node and
 * `@graftjs/backend-node` if packages/backend-node has been installed. Absent peers are listed.
 */
import { writeFileSync } from "node:fs";
import os from "node:os";
import { peers } from "./peers.ts";
import { versions } from "./versions.ts";

/** Rounds of the peers. A busy machine needs more; pass a number on the command line. */
const ROUNDS = Number(process.argv[2] ?? 5);
/** Steps before the first round, and in each round. A step at 224×224 takes seconds. */
const NETS = {
  "mobilenet-v2-like": { warm: 4, steps: 4 },
  "resnet-like": { warm: 4, steps: 4 },
  transformer: { warm: 4, steps: 4 },
  "mobilenet-v2-224": { warm: 2, steps: 1 },
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const { present, absent } = peers();
const lost = new Set<string>();
const results: Record<
  string,
  Record<string, { readonly median: number; readonly best: number; readonly loss: number }>
> = {};
for (const [net, { warm, steps }] of Object.entries(NETS)) {
  const times = new Map<string, number[]>();
  const losses = new Map<string, number>();
  for (let round = -1; round < ROUNDS; round++) {
    for (const peer of present) {
      if (lost.has(peer.name)) continue;
      try {
        const { milliseconds, loss } = await peer.train(net, round < 0 ? warm : steps);
        if (round >= 0) times.set(peer.name, [...(times.get(peer.name) ?? []), ...milliseconds]);
        losses.set(peer.name, loss);
      } catch (error) {
        lost.add(peer.name);
        absent.push(`${peer.name} (${error instanceof Error ? error.message : String(error)})`);
      }
    }
  }
  results[net] = Object.fromEntries(
    [...times].map(([name, values]) => [
      name,
      { median: median(values), best: Math.min(...values), loss: losses.get(name) as number },
    ]),
  );
  console.log(`\n${net}: ms per step, median (best)`);
  const ours = results[net]?.wasm?.median as number;
  for (const [name, { median: middle, best }] of Object.entries(results[net] ?? {})) {
    console.log(
      `  ${name.padEnd(28)} ${middle.toFixed(1).padStart(8)} (${best.toFixed(1)})  wasm is ${(middle / ours).toFixed(2)}× as fast`,
    );
  }
}
for (const peer of present) peer.end();
console.log(`\nabsent: ${absent.join("; ") || "none"}`);
const load = os.loadavg()[0] as number;
writeFileSync(
  new URL("results.json", import.meta.url),
  `${JSON.stringify({ versions: versions(), cpus: os.cpus().length, load: Number(load.toFixed(1)), batch: 8, absent, nets: results }, null, 2)}\n`,
);
await import("./readme.ts");
