// Measures the constants of docs/mpi-cost.md, and the cost of the hook for a gradient as large as MobileNetV2. Rank 0 prints JSON.
//
//   mpirun -n 2 tsx packages/mpi/bench/link.ts
//   DELAY=0.1ms RATE=1gbit tools/mpi/network.sh tsx packages/mpi/bench/link.ts
//
// The figures count only if nothing else runs on the machine.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { averageGradients } from "../src/index.ts";
import { mpi } from "../src/node.ts";

/** Parameters of MobileNetV2 with 1,000 classes. */
const PARAMETERS = 3_538_984;
const collective = mpi();
tf.env().set("PROD", true);
await tf.setBackend("cpu");

const few = new Float32Array(4);
const many = new Float32Array(PARAMETERS);
const copy = new Float32Array(PARAMETERS);
const grads = { "all/kernel": tf.zeros([PARAMETERS]) };
const hook = averageGradients(collective);
const ctx = { step: 0, learningRate: 0, rates: {}, params: {}, infos: [] };

const latency = median(200, () => collective.sum(few));
const allreduce = median(15, () => collective.sum(many));
const copying = median(15, () => copy.set(many));
const hooked = median(15, () => tf.tidy(() => void hook.transform(grads, null, ctx)));
if (collective.rank === 0) {
  const share = (2 * (collective.size - 1)) / collective.size;
  const bytesPerSecond = (share * PARAMETERS * 4) / Math.max(allreduce - latency, 1e-9);
  const ratio = hooked / (copying + allreduce);
  console.log(JSON.stringify({ ranks: collective.size, latency, bytesPerSecond, allreduce, copying, hooked, ratio }));
}

/** Returns the median time of `work` in seconds. All ranks begin each time together. */
function median(times: number, work: () => void): number {
  const seconds = Array.from({ length: times }, () => {
    collective.barrier();
    const start = performance.now();
    work();
    return (performance.now() - start) / 1000;
  });
  return seconds.sort((a, b) => a - b)[Math.floor(times / 2)] as number;
}
