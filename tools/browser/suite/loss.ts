import * as tf from "@tensorflow/tfjs-core";
import {
  type BackendAdapter,
  BackendLostError,
  type BackendSession,
  cpuBackend,
  HookedOptimizer,
  loadState,
  type Param,
  runOnBackends,
  type SavedState,
  saveState,
  sgd,
} from "../../../packages/core/src/index.ts";
import { disagreement, numbers } from "./numbers.ts";

/** A session whose device the test can take away. */
export interface Victim {
  readonly adapter: BackendAdapter;
  /** Takes the device away. */
  kill(session: BackendSession): void;
}

/** What happened at one moment. */
export interface LossRow {
  /** Kernel at which the device went. */
  readonly kernel: number;
  /** Step that was running then, and step that threw; equal, or one apart where only the next operation can know. */
  readonly killedIn: number;
  readonly thrownIn: number;
  readonly resumedFrom: number;
  readonly error: number;
}

/** Small on purpose: every moment opens a device of its own, and compiles every shader anew. */
const STEPS = 6;
const SHAPES: { readonly [name: string]: readonly number[] } = { "a/kernel": [5, 3], "a/bias": [3] };

interface Checkpoint {
  readonly step: number;
  readonly weights: readonly Float32Array[];
  readonly state: SavedState;
}

/** Where the run is; shared with what counts the kernels. */
interface Progress {
  step: number;
  checkpoint: Checkpoint | undefined;
}

/** Trains from the last checkpoint to the end, writing one after each step. */
async function train(progress: Progress): Promise<readonly Float32Array[]> {
  const { checkpoint } = progress;
  const params: readonly Param[] = Object.entries(SHAPES).map(([name, shape], i) => {
    const value = tf.tensor(checkpoint?.weights[i] ?? numbers({ kind: "any", shape }, i), [...shape]);
    const [layer, role] = name.split("/") as [string, string];
    return { name, layer, role, shape, unitAxes: [], variable: tf.variable(value) };
  });
  const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.1 });
  if (checkpoint) loadState(optimizer, checkpoint.state);
  const x = tf.tensor(numbers({ kind: "any", shape: [6, 5] }, 70), [6, 5]);
  const y = tf.tensor(numbers({ kind: "any", shape: [6, 3] }, 71), [6, 3]);
  const [w, b] = params.map(({ variable }) => variable) as [tf.Variable, tf.Variable];
  for (let step = checkpoint?.step ?? 0; step < STEPS; step++) {
    progress.step = step;
    const loss = tf.tidy(
      () =>
        optimizer.minimize(
          () => tf.mean(tf.square(tf.sub(tf.add(tf.matMul(x, w), b), y))) as tf.Scalar,
          true,
        ) as tf.Scalar,
    );
    await loss.data();
    progress.checkpoint = { step: step + 1, weights: await weightsOf(params), state: await saveState(optimizer) };
  }
  return await weightsOf(params);
}

async function weightsOf(params: readonly Param[]): Promise<readonly Float32Array[]> {
  const all: Float32Array[] = [];
  for (const { variable } of params) all.push(Float32Array.from(await variable.data()));
  return all;
}

/** Calls `each` before every kernel of the current backend; `stop` puts the backend's own method back. */
function countKernels(method: string, each: () => void): void {
  const backend = tf.backend() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const own = backend[method] as (...args: unknown[]) => unknown;
  backend[method] = (...args: unknown[]) => {
    each();
    return own.apply(backend, args);
  };
}

/**
 * Takes the device away at `moments` different kernels of a run, goes on with cpu from the last checkpoint, and compares
 * the final weights with those of an undisturbed run on the same device.
 *
 * @param method name of the method through which all of the backend's kernels pass.
 */
export async function loseAtMoments(
  { adapter, kill }: Victim,
  method: string,
  moments: number,
): Promise<readonly LossRow[]> {
  let kernels = 0;
  const calm = await runOnBackends([adapter], async (session) => {
    countKernels(method, () => {
      kernels += 1;
    });
    const weights = await train({ step: 0, checkpoint: undefined });
    await session.dispose();
    return weights;
  });
  const rows: LossRow[] = [];
  for (let moment = 0; moment < moments; moment++) {
    const at = Math.floor((moment * kernels) / moments);
    const progress: Progress = { step: 0, checkpoint: undefined };
    let killedIn = -1;
    let thrownIn = -1;
    let resumedFrom = -1;
    const weights = await runOnBackends([adapter, cpuBackend()], async (session, lost) => {
      if (lost) {
        if (!(lost instanceof BackendLostError)) throw new Error(`Not a BackendLostError: ${lost}`);
        thrownIn = progress.step;
        resumedFrom = progress.checkpoint?.step ?? 0;
        return train(progress);
      }
      let seen = 0;
      countKernels(method, () => {
        if (seen++ !== at) return;
        killedIn = progress.step;
        kill(session);
      });
      return train(progress);
    });
    const error = Math.max(...weights.map((part, i) => disagreement(part, calm[i] ?? [])));
    rows.push({ kernel: at, killedIn, thrownIn, resumedFrom, error });
  }
  return rows;
}
