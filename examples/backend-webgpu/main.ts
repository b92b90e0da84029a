// Fine-tunes a small net on WebGPU in Node, destroys the device midway, and continues on wasm from the last checkpoint.
import "@tensorflow/tfjs-backend-cpu";
import { cpuBackend, runOnBackends } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { webgpuBackend } from "@graftjs/backend-webgpu";
import {
  adam,
  type BackendSession,
  HookedOptimizer,
  loadState,
  namedParams,
  type SavedState,
  saveState,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { accuracy, loss, net } from "./model.ts";
import { shapes } from "./shapes.ts";

const STEPS = 40;
const LOST_AT = 25;
const SAVE_EVERY = 10;

/** State of a run as plain numbers, which survive the loss of the device. */
interface Checkpoint {
  readonly step: number;
  readonly weights: readonly Float32Array[];
  readonly state?: SavedState;
}

/** Trains the base model on bright shapes on dark ground. */
async function pretrained(): Promise<Checkpoint> {
  const session = await wasmBackend().init();
  const [model, data] = [net(), shapes(24, 1, false)];
  const optimizer = new HookedOptimizer({ params: namedParams(model), rule: adam(), learningRate: 0.01 });
  for (let step = 0; step < 12; step++) tf.tidy(() => void optimizer.minimize(() => loss(model, data)));
  console.log(`base: ${percent(await accuracy(model, data))} of bright shapes`);
  const weights = await numbers(model.getWeights());
  optimizer.dispose();
  model.dispose();
  tf.dispose([data.x, data.y]);
  await session.dispose();
  return { step: 0, weights };
}

/** Fine-tunes from `checkpoint` on the current backend. Calls `save` with a new checkpoint every ten steps. */
async function fineTune(
  session: BackendSession,
  checkpoint: Checkpoint,
  save: (checkpoint: Checkpoint) => void,
  loseAt?: number,
): Promise<number> {
  const [model, data] = [net(), shapes(24, 2, true)];
  const weights = model.getWeights().map(({ shape }, i) => tf.tensor(checkpoint.weights[i] as Float32Array, shape));
  model.setWeights(weights);
  tf.dispose(weights);
  // Freeze the first layer, because dark shapes have the same edges as bright ones.
  const params = namedParams(model).filter(({ layer }) => layer !== "edges");
  const optimizer = new HookedOptimizer({ params, rule: adam(), learningRate: 0.01 });
  if (checkpoint.state) loadState(optimizer, checkpoint.state);
  console.log(`${session.name}, ${session.capabilities.description}: from step ${checkpoint.step}`);
  for (let step = checkpoint.step; step < STEPS; step++) {
    // Without WebGPU the run is on wasm from the start, and has no device to lose.
    if (step === loseAt && "device" in session) (session.device as { destroy(): void }).destroy();
    const value = tf.tidy(() => optimizer.minimize(() => loss(model, data), true) as tf.Scalar);
    const [number] = await value.data();
    value.dispose();
    if ((step + 1) % SAVE_EVERY === 0) {
      console.log(`step ${step + 1}: loss ${number?.toFixed(4)}`);
      save({ step: step + 1, weights: await numbers(model.getWeights()), state: await saveState(optimizer) });
    }
  }
  return await accuracy(model, data);
}

async function numbers(tensors: readonly tf.Tensor[]): Promise<readonly Float32Array[]> {
  return Promise.all(tensors.map(async (tensor) => Float32Array.from(await tensor.data())));
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

let checkpoint = await pretrained();
const found = await runOnBackends(
  [webgpuBackend({ allowSoftware: true }), wasmBackend(), cpuBackend()],
  async (session, lost) => {
    if (lost) console.log(`lost: ${lost.message.split("\n")[0]}`);
    const save = (next: Checkpoint): void => {
      checkpoint = next;
    };
    for (const reason of session.passedOver ?? []) console.log(`skipped ${reason}`);
    const share = await fineTune(session, checkpoint, save, lost ? undefined : LOST_AT);
    await session.dispose();
    return share;
  },
);
console.log(`fine-tuned: ${percent(found)} of dark shapes`);
