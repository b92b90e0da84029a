import { cpuBackend, runOnBackends } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import {
  type BackendAdapter,
  BackendLostError,
  type BackendSession,
  HookedOptimizer,
  loadState,
  type Param,
  type SavedState,
  saveState,
  sgd,
} from "../../../packages/core/src/index.ts";
import { disagreement, numbers } from "./numbers.ts";

/** An adapter whose device the test can take away. */
export interface Victim {
  readonly adapter: BackendAdapter;
  /** Ways of taking the device away, used in turn. */
  readonly kills: readonly ((session: BackendSession) => void)[];
  /** Methods of tfjs's backend at whose calls the device is taken away. A `read` is pending then. */
  readonly methods: readonly string[];
  /** Fused kernels at whose calls the device is taken away. @default [] */
  readonly fused?: readonly string[];
}

/** Result for one moment. */
export interface LossRow {
  /** Index, among all calls of a run, of the call at which the device was taken away; and the name of the called method. */
  readonly call: number;
  readonly during: string;
  /** The step that was running, and the step that threw. They differ by one if only the next operation can notice the loss. */
  readonly killedIn: number;
  readonly thrownIn: number;
  readonly resumedFrom: number;
  readonly error: number;
}

/** The net is small, because every moment opens a new device and compiles all shaders again. */
const STEPS = 6;
const SHAPES: { readonly [name: string]: readonly number[] } = { "a/kernel": [5, 3], "a/bias": [3] };

interface Checkpoint {
  readonly step: number;
  readonly weights: readonly Float32Array[];
  readonly state: SavedState;
}

/** Progress of the run, for the code that counts kernels. */
interface Progress {
  step: number;
  checkpoint: Checkpoint | undefined;
}

/** Trains from the last checkpoint to the end, and writes a checkpoint after each step. `before` is awaited before each step. */
async function train(
  progress: Progress,
  before: (step: number) => Promise<void> = async () => {},
): Promise<readonly Float32Array[]> {
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
    await before(step);
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
  progress.step = STEPS;
  return await weightsOf(params);
}

async function weightsOf(params: readonly Param[]): Promise<readonly Float32Array[]> {
  const all: Float32Array[] = [];
  for (const { variable } of params) all.push(Float32Array.from(await variable.data()));
  return all;
}

/** Calls `each` at every call of the victim's methods and fused kernels on the current backend. Returns a function that undoes this. */
function watchCalls({ methods, fused = [] }: Victim, each: (what: string) => void): () => void {
  const backend = tf.backend() as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const method of methods) {
    const own = backend[method] as (...args: unknown[]) => unknown;
    backend[method] = (...args: unknown[]) => {
      if (method !== "read") each(method);
      const result = own.apply(backend, args);
      if (method === "read") each(method);
      return result;
    };
  }
  const undo = fused.map((name) => {
    const config = tf.getKernel(name, tf.getBackend()) as { kernelFunc: tf.KernelFunc };
    const { kernelFunc } = config;
    config.kernelFunc = (args) => {
      each(name);
      return kernelFunc(args);
    };
    return () => {
      config.kernelFunc = kernelFunc;
    };
  });
  return () => {
    for (const step of undo) step();
  };
}

/**
 * Takes the device away at `moments` different calls of a run, continues on cpu from the last checkpoint, and compares the final
 * weights with those of an undisturbed run on the same device.
 */
export async function loseAtMoments(victim: Victim, moments: number): Promise<readonly LossRow[]> {
  const { adapter, kills } = victim;
  const calls: string[] = [];
  const calm = await runOnBackends([adapter], async (session) => {
    const progress: Progress = { step: 0, checkpoint: undefined };
    const undo = watchCalls(victim, (what) => {
      if (progress.step < STEPS) calls.push(what);
    });
    const weights = await train(progress);
    undo();
    await session.dispose();
    return weights;
  });
  // Group the calls by kind, so that moments at equal distances include each kind.
  const order = calls.map((what, i) => ({ what, i })).sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0));
  const rows: LossRow[] = [];
  for (let moment = 0; moment < moments; moment++) {
    const { i: at, what: during } = order[Math.floor((moment * order.length) / moments)] as { i: number; what: string };
    const progress: Progress = { step: 0, checkpoint: undefined };
    let killedIn = -1;
    const found = await lose(adapter, progress, async (session) => {
      let seen = 0;
      const undo = watchCalls(victim, () => {
        if (seen++ !== at) return;
        killedIn = progress.step;
        (kills[moment % kills.length] as Victim["kills"][number])(session);
      });
      try {
        return await train(progress);
      } finally {
        undo();
      }
    });
    const error = Math.max(...found.weights.map((part, i) => disagreement(part, calm[i] ?? [])));
    rows.push({ call: at, during, killedIn, thrownIn: found.thrownIn, resumedFrom: found.resumedFrom, error });
  }
  return rows;
}

/** Runs `first` on `adapter`. If the device is lost, continues on cpu from the last checkpoint. */
async function lose(
  adapter: BackendAdapter,
  progress: Progress,
  first: (session: BackendSession) => Promise<readonly Float32Array[]>,
): Promise<{
  readonly weights: readonly Float32Array[];
  readonly thrownIn: number;
  readonly resumedFrom: number;
}> {
  let [thrownIn, resumedFrom] = [-1, -1];
  const weights = await runOnBackends([adapter, cpuBackend()], async (session, lost) => {
    if (!lost) return first(session);
    if (!(lost instanceof BackendLostError)) throw new Error(`Expected a BackendLostError, got: ${lost}`);
    thrownIn = progress.step;
    resumedFrom = progress.checkpoint?.step ?? 0;
    return train(progress);
  });
  return { weights, thrownIn, resumedFrom };
}

/** A run that pauses before step 3, so that code outside of the page can end the process of the device. */
export interface Crash {
  /** Whether the run is paused. */
  waiting(): boolean;
  goOn(): void;
  readonly done: Promise<Pick<LossRow, "thrownIn" | "resumedFrom" | "error">>;
}

export function crashing(adapter: BackendAdapter): Crash {
  let goOn: () => void = () => {};
  let waiting = false;
  const told = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const progress: Progress = { step: 0, checkpoint: undefined };
  const run = async (): Promise<Awaited<Crash["done"]>> => {
    const calm = await runOnBackends([adapter], async (session) => {
      const weights = await train({ step: 0, checkpoint: undefined });
      await session.dispose();
      return weights;
    });
    const { weights, ...where } = await lose(adapter, progress, () =>
      train(progress, async (step) => {
        if (step < 3) return;
        waiting = true;
        await told;
      }),
    );
    return { ...where, error: Math.max(...weights.map((part, i) => disagreement(part, calm[i] ?? []))) };
  };
  return { waiting: () => waiting, goOn: () => goOn(), done: run() };
}
