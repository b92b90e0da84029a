import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { type Crash, crashing, type LossRow, loseAtMoments } from "../../../tools/browser/suite/loss.ts";
import { changingBatchSizes, type PoolReport } from "../../../tools/browser/suite/memory.ts";
import { compareOps } from "../../../tools/browser/suite/ops.ts";
import { type MovedStatistics, movedStatistics } from "../../../tools/browser/suite/statistics.ts";
import { compareTraining } from "../../../tools/browser/suite/training.ts";
import { webglBackend } from "../src/index.ts";
import type { WebGLSession } from "../src/session.ts";

let session: WebGLSession;

export async function open(): Promise<unknown> {
  session = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  return { ...session.capabilities, backend: tf.getBackend() };
}
export const ops = (): ReturnType<typeof compareOps> => compareOps("webgl");
export const training = (): ReturnType<typeof compareTraining> => compareTraining("webgl");
export const pools = (): Promise<PoolReport> => changingBatchSizes(session);
export const statistics = (steps: unknown): Promise<MovedStatistics> => movedStatistics(steps as number);
export const close = (): Promise<void> => session.dispose();
export const probe = (): Promise<unknown> => webglBackend().probe();
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

/** Stock Adam with its default epsilon, which stock WebGL takes from a wrong precision: weights after five steps. */
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

/** A device without float32 textures, as tfjs would have found it: refused, then taken. */
export async function float16(): Promise<{ readonly refused: unknown; readonly taken: unknown }> {
  // The flag is the peer's, and the peer is loaded on demand.
  await webglBackend().probe();
  tf.env().set("WEBGL_RENDER_FLOAT32_CAPABLE", false);
  try {
    const refused = await webglBackend().probe();
    return { refused, taken: await webglBackend({ allowFloat16: true }).probe() };
  } finally {
    tf.env().set("WEBGL_RENDER_FLOAT32_CAPABLE", true);
  }
}

/** Textures over four batch sizes with and without a bound. */
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

/** What is left of tfjs's books: the current backend, whether there is a place named webgl, and whose FloorDiv that has. */
async function books(): Promise<unknown> {
  const nine = tf.getBackend() === "webgl" ? (await tf.square([3]).data())[0] : undefined;
  return {
    backend: tf.getBackend(),
    place: "webgl" in tf.engine().registryFactory,
    dilation: tf.getKernel("Dilation2DBackpropInput", "webgl") !== undefined,
    ...(nine === undefined ? {} : { nine }),
  };
}

/** Sessions that overlap: a lost one disposed before and after the next, two opened at once. */
export async function overlaps(): Promise<{ readonly [sequence: string]: readonly unknown[] }> {
  await tf.setBackend("cpu");
  const [lost, next] = [await webglBackend().init(), webglBackend];
  loseContext(lost);
  // At once: the browser's own word comes after the running task.
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

/** A context that goes while numbers are read from it, and a session disposed of meanwhile: what each read throws. */
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
