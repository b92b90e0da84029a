import { type WebGLSession, webglBackend } from "@graftjs/backend-webgl";
import {
  adam,
  BackendLostError,
  HookedOptimizer,
  loadState,
  namedParams,
  type SavedState,
  saveState,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";

/** State of a run as plain numbers, which survive the loss of the context. */
interface Checkpoint {
  readonly step: number;
  readonly weights: readonly Float32Array[];
  readonly state: SavedState;
}

/** Options for observing and disturbing a run. */
export interface Watch {
  log(line: string): void;
  /** Called with each session, so that a button can take its context away. */
  opened?(session: WebGLSession): void;
  /** Step before which the context is taken away once. */
  readonly loseAt?: number;
}

const STEPS = 60;
const SAVE_EVERY = 10;

/** Fits sin(x) with a small net on WebGL. After a lost context it opens a new one and continues. Returns the last loss. */
export async function train({ log, opened, loseAt }: Watch): Promise<number> {
  let checkpoint: Checkpoint | undefined;
  let loseBefore = loseAt;
  for (;;) {
    const session = await webglBackend().init();
    opened?.(session);
    log(`${session.capabilities.description}: from step ${checkpoint?.step ?? 0}`);
    try {
      return await run(session, checkpoint, loseBefore, log, (next) => {
        checkpoint = next;
      });
    } catch (error) {
      if (!(error instanceof BackendLostError)) throw error;
      log("the context was lost: continuing with a new one");
      loseBefore = undefined;
    } finally {
      await session.dispose();
    }
  }
}

async function run(
  session: WebGLSession,
  checkpoint: Checkpoint | undefined,
  loseAt: number | undefined,
  log: (line: string) => void,
  save: (checkpoint: Checkpoint) => void,
): Promise<number> {
  const model = layers.sequential({
    layers: [
      layers.layers.dense({
        inputShape: [1],
        units: 16,
        activation: "tanh",
        kernelInitializer: layers.initializers.randomNormal({ stddev: 1, seed: 3 }),
        name: "hidden",
      }),
      layers.layers.dense({ units: 1, kernelInitializer: layers.initializers.glorotUniform({ seed: 5 }), name: "out" }),
    ],
  });
  if (checkpoint) {
    const { weights: saved } = checkpoint;
    const weights = model.getWeights().map(({ shape }, i) => tf.tensor(saved[i] as Float32Array, shape));
    model.setWeights(weights);
    tf.dispose(weights);
  }
  const optimizer = new HookedOptimizer({ params: namedParams(model), rule: adam(), learningRate: 0.03 });
  if (checkpoint) loadState(optimizer, checkpoint.state);
  const x = tf.tidy(() => tf.reshape(tf.linspace(-3, 3, 64), [64, 1]));
  const y = tf.sin(x);
  let last = Number.NaN;
  for (let step = checkpoint?.step ?? 0; step < STEPS; step++) {
    if (step === loseAt) session.gl.getExtension("WEBGL_lose_context")?.loseContext();
    const value = tf.tidy(
      () =>
        optimizer.minimize(
          () => tf.losses.meanSquaredError(y, model.apply(x) as tf.Tensor) as tf.Scalar,
          true,
        ) as tf.Scalar,
    );
    last = (await value.data())[0] as number;
    value.dispose();
    if ((step + 1) % SAVE_EVERY === 0) {
      log(`step ${step + 1}: loss ${last.toFixed(4)}`);
      const weights: Float32Array[] = [];
      for (const tensor of model.getWeights()) weights.push(Float32Array.from(await tensor.data()));
      save({ step: step + 1, weights, state: await saveState(optimizer) });
    }
  }
  optimizer.dispose();
  model.dispose();
  tf.dispose([x, y]);
  return last;
}
