// Measures the constants of docs/mpi-cost.md, and the cost of the hook for a gradient as large as MobileNetV2. Rank 0 prints JSON.
//
//   mpirun -n 2 tsx packages/mpi/bench/link.ts
//   DELAY=0.1ms RATE=1gbit tools/mpi/network.sh tsx packages/mpi/bench/link.ts
//
// BACKEND=wasm takes that backend in place of cpu. The measurements take turns, so that other work on the machine meets all of them.
import { wasmBackend } from "@graftjs/backend-wasm";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { averageGradients } from "../src/index.ts";
import { mpi } from "../src/node.ts";

/** Parameters of MobileNetV2 with 1,000 classes: 1,281,000 of the head, and the rest in 156 tensors of different sizes. */
const PARAMETERS = 3_538_984;
const ROUNDS = Number(process.env.ROUNDS ?? 30);
const WARM_UP = 5;
const collective = mpi();
tf.env().set("PROD", true);
if (process.env.BACKEND === "wasm") await wasmBackend({ threads: 1 }).init();
else await tf.setBackend("cpu");

const few = new Float32Array(4);
const many = new Float32Array(PARAMETERS);
const copy = new Float32Array(PARAMETERS);
const grads = Object.fromEntries(sizes().map((size, i) => [`${i}/kernel`, tf.fill([size], 1e-3)]));
const hook = averageGradients(collective);
const ctx = { step: 0, learningRate: 0, rates: {}, params: {}, infos: [] };

const work = {
  latency: () => collective.sum(few),
  allreduce: () => collective.sum(many),
  copying: () => copy.set(many),
  hooked: () => tf.tidy(() => void hook.transform(grads, null, ctx)),
};
type Name = keyof typeof work;
const seconds: Record<Name, number[]> = { latency: [], allreduce: [], copying: [], hooked: [] };
for (let round = 0; round < WARM_UP + ROUNDS; round++)
  for (const name of Object.keys(work) as Name[]) {
    many.fill(1e-3);
    // All ranks begin each time together.
    collective.barrier();
    const start = performance.now();
    work[name]();
    if (round >= WARM_UP) seconds[name].push((performance.now() - start) / 1000);
  }
const [latency, allreduce, copying, hooked] = (["latency", "allreduce", "copying", "hooked"] as const).map((name) =>
  median(seconds[name]),
) as [number, number, number, number];
if (collective.rank === 0) {
  const share = (2 * (collective.size - 1)) / collective.size;
  const bytesPerSecond = (share * PARAMETERS * 4) / Math.max(allreduce - latency, 1e-9);
  const ratios = seconds.hooked.map(
    (time, i) => time / ((seconds.copying[i] as number) + (seconds.allreduce[i] as number)),
  );
  console.log(
    JSON.stringify({
      ...{ ranks: collective.size, backend: tf.getBackend(), wire: collective.wire, rounds: ROUNDS },
      ...{ latency, bytesPerSecond, allreduce, copying, hooked },
      ...{ ratio: hooked / (copying + allreduce), medianOfRatios: median(ratios), best: bestRatio() },
    }),
  );
}

/** Returns the ratio of the shortest times, which other work on the machine disturbs least. */
function bestRatio(): number {
  return Math.min(...seconds.hooked) / (Math.min(...seconds.copying) + Math.min(...seconds.allreduce));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function sizes(): readonly number[] {
  const head = 1_281_000;
  const rest = PARAMETERS - head;
  const weights = Array.from({ length: 156 }, (_, i) => (i + 1) ** 2);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const parts = weights.map((weight) => Math.floor((weight * rest) / total));
  return [...parts, rest - parts.reduce((sum, part) => sum + part, 0), head];
}
