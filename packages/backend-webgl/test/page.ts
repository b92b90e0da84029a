import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { HookedOptimizer, type LayersLike, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { compareEquivalences } from "../../../tools/browser/suite/equivalences.ts";
import { compareLayers } from "../../../tools/browser/suite/layers.ts";
import { type Crash, crashing, type LossRow, loseAtMoments } from "../../../tools/browser/suite/loss.ts";
import { changingBatchSizes, type PoolReport } from "../../../tools/browser/suite/memory.ts";
import { convNet } from "../../../tools/browser/suite/nets.ts";
import { compareOps } from "../../../tools/browser/suite/ops.ts";
import { type MovedStatistics, movedStatistics } from "../../../tools/browser/suite/statistics.ts";
import { compareTraining } from "../../../tools/browser/suite/training.ts";
import type { PrecompileProgress, WebGLSession } from "../src/index.ts";
import { webglBackend } from "../src/index.ts";

let session: WebGLSession;

export async function open(): Promise<unknown> {
  session = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  return { ...session.capabilities, backend: tf.getBackend() };
}
export const ops = (): ReturnType<typeof compareOps> => compareOps("webgl");
export const training = (steps: number): ReturnType<typeof compareTraining> => compareTraining("webgl", steps);
export const equivalences = compareEquivalences;
export const layers = (every: unknown): ReturnType<typeof compareLayers> => compareLayers("webgl", every as number);
export const pools = (): Promise<PoolReport> => changingBatchSizes(session);
export const statistics = (steps: unknown): Promise<MovedStatistics> => movedStatistics(steps as number);
export const close = (): Promise<void> => session.dispose();
export const probe = (): Promise<unknown> => webglBackend().availability();
export const lose = (moments: unknown): Promise<readonly LossRow[]> =>
  loseAtMoments(
    {
      adapter: webglBackend(),
      kills: [(victim) => loseContext(victim as WebGLSession)],
      methods: ["runWebGLProgram", "read"],
    },
    moments as number,
  );
let crashed: Crash;
export const crash = (): Crash["done"] => {
  crashed = crashing(webglBackend());
  return crashed.done;
};
export const crashWaiting = (): boolean => crashed.waiting();
export const crashGoOn = (): void => crashed.goOn();
export { watchWorker } from "../../../tools/browser/suite/worker.ts";

/** Runs stock Adam with its default epsilon, which stock WebGL derives from a wrong precision, for five steps. */
export async function stockAdam(): Promise<{ readonly epsilon: number; readonly error: number }> {
  const run = async (): Promise<Float32Array> => {
    const optimizer = tf.train.adam(0.01);
    const w = tf.variable(tf.tensor1d([1, 2, 3]));
    for (let i = 0; i < 5; i++) optimizer.minimize(() => tf.sum(tf.mul(tf.square(w), 1e-5)) as tf.Scalar, false, [w]);
    return (await w.data()) as Float32Array;
  };
  await tf.setBackend("cpu");
  const want = await run();
  await tf.setBackend("webgl");
  const got = await run();
  return { epsilon: tf.backend().epsilon(), error: Math.max(...want.map((x, i) => Math.abs(x - (got[i] as number)))) };
}

/** Simulates a device without float32 textures. Returns the answers without and with `allowFloat16`. */
export async function float16(): Promise<{ readonly refused: unknown; readonly taken: unknown }> {
  // Load the peer first, because it defines the flag.
  await webglBackend().availability();
  tf.env().set("WEBGL_RENDER_FLOAT32_CAPABLE", false);
  try {
    const refused = await webglBackend().availability();
    return { refused, taken: await webglBackend({ allowFloat16: true }).availability() };
  } finally {
    tf.env().set("WEBGL_RENDER_FLOAT32_CAPABLE", true);
  }
}

/** Measures textures over four batch sizes, with and without a limit. */
export async function bounds(): Promise<{
  readonly unbounded: number;
  readonly bounded: number;
  readonly live: number;
}> {
  const allocated = async (textureBytes: number): Promise<PoolReport> => {
    const own = await webglBackend({ textureBytes }).init();
    tf.env().set("WEBGL_CPU_FORWARD", false);
    const report = await changingBatchSizes(own, 4);
    await own.dispose();
    return report;
  };
  const unbounded = await allocated(2 ** 30);
  const bounded = await allocated(0);
  return { unbounded: unbounded.beforeTrim, bounded: bounded.beforeTrim, live: bounded.live };
}

function loseContext({ gl }: WebGLSession): void {
  gl.getExtension("WEBGL_lose_context")?.loseContext();
}

/** Reads tfjs's registries: the current backend, whether webgl is registered, and whether our kernels are. */
async function books(): Promise<unknown> {
  const nine = tf.getBackend() === "webgl" ? (await tf.square([3]).data())[0] : undefined;
  return {
    backend: tf.getBackend(),
    place: "webgl" in tf.engine().registryFactory,
    dilation: tf.getKernel("Dilation2DBackpropInput", "webgl") !== undefined,
    ...(nine === undefined ? {} : { nine }),
  };
}

/** Opens overlapping sessions: a lost one that is disposed before or after the next one, and two at once. */
export async function overlaps(): Promise<{ readonly [sequence: string]: readonly unknown[] }> {
  await tf.setBackend("cpu");
  const [lost, next] = [await webglBackend().init(), webglBackend];
  loseContext(lost);
  // Open the next session at once, because the browser reports the loss only after the running task.
  const b = await next().init();
  await lost.dispose();
  const afterLost = [await books()];
  await b.dispose();
  afterLost.push(await books());

  const again = await webglBackend().init();
  loseContext(again);
  const c = await webglBackend().init();
  await c.dispose();
  await again.dispose();
  const lostLast = [await books()];

  const [d, e] = await Promise.allSettled([webglBackend().init(), webglBackend().init()]);
  const atOnce = [
    d.status,
    e.status === "rejected" ? (e.reason as Error).message.split("\n")[0] : e.status,
    await books(),
  ];
  if (d.status === "fulfilled") await d.value.dispose();
  atOnce.push(await books());
  return { afterLost, lostLast, atOnce };
}

async function thrown(f: () => unknown): Promise<string> {
  try {
    await f();
    return "nothing";
  } catch (cause) {
    return `${(cause as Error).name}: ${(cause as Error).message.split("\n")[0]}`;
  }
}

/** Loses the context during reads, and disposes a session during a read. Returns the error of each read. */
export async function duringRead(): Promise<readonly string[]> {
  const own = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  const y = tf.square(tf.ones([4, 4]));
  const readPixels = own.gl.readPixels;
  own.gl.readPixels = (...args: unknown[]) => {
    loseContext(own);
    (readPixels as (...given: unknown[]) => void).apply(own.gl, args);
  };
  const sync = await thrown(() => y.dataSync());
  await own.dispose();
  const lost = await webglBackend().init();
  const pending = thrown(() => tf.square(tf.ones([4, 4])).data());
  loseContext(lost);
  const later = await pending;
  await lost.dispose();
  const left = await webglBackend().init();
  const unread = thrown(() => tf.square(tf.ones([4, 4])).data());
  await left.dispose();
  return [sync, later, await unread];
}

/** Compiles a net's step beforehand. Returns the progress, later compilations, and how often the page had a turn. */
export async function compileBeforehand(): Promise<unknown> {
  const own = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  const net = convNet();
  const params = namedParams(net.model as unknown as LayersLike);
  const make = (): HookedOptimizer => new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.02 });
  const weights = async (): Promise<string> => String(await Promise.all(params.map(({ variable }) => variable.data())));
  const start = await weights();
  const tensors = tf.memory().numTensors;
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 0);
  const told: PrecompileProgress[] = [];
  const compiled = await own.precompile(
    () => {
      const trial = make();
      // Take two steps, because the momentum is zero only in the first one.
      for (let i = 0; i < 2; i++) trial.minimize(net.loss);
      trial.dispose();
    },
    (progress) => told.push(progress),
  );
  clearInterval(ticking);
  const leaked = tf.memory().numTensors - tensors;
  const untouched = (await weights()) === start;
  let late = 0;
  const { gl } = own;
  const link = gl.linkProgram;
  gl.linkProgram = (program: WebGLProgram) => {
    late += 1;
    link.call(gl, program);
  };
  const optimizer = make();
  const steps = [0, 1].map(() => tf.tidy(() => optimizer.minimize(net.loss, true) as tf.Scalar));
  // Stop counting here, because reading needs a shader of its own.
  gl.linkProgram = link;
  const losses = (await Promise.all(steps.map((loss) => loss.data()))).map(([loss]) => loss);
  tf.dispose(steps);
  optimizer.dispose();
  const again = await own.precompile(() => tf.variableGrads(net.loss));
  net.dispose();
  await own.dispose();
  const counted = told.every(({ done, total }, i) => done === i && total === compiled);
  return { compiled, told: told.length, counted, leaked, untouched, turns, late, again, losses };
}
