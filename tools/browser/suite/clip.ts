import * as tf from "@tensorflow/tfjs-core";
import { clipByGlobalNorm } from "../../../packages/gradient-surgery/src/index.ts";
import { disagreement, numbers } from "./numbers.ts";
import type { Row } from "./ops.ts";

interface ClipCase {
  readonly name: string;
  /** Size of the gradients and of the norm to which they are clipped. */
  readonly scale: number;
  readonly norm: number;
  /** Replaces one number of the gradients. @default none */
  readonly poison?: number;
  readonly shapes?: readonly (readonly number[])[];
}

const SHAPES = [[3, 4], [37, 41], [1], []] as const;
const cases: readonly ClipCase[] = [
  { name: "clipped", scale: 1, norm: 0.5 },
  { name: "within the norm", scale: 1, norm: 1000 },
  { name: "gradients of 1e-20", scale: 1e-20, norm: 1e-20 },
  { name: "gradients of 1e20", scale: 1e20, norm: 1e20 },
  { name: "gradients of 1e20 to 1", scale: 1e20, norm: 1 },
  { name: "NaN", scale: 1, norm: 0.5, poison: Number.NaN },
  { name: "infinity", scale: 1, norm: 0.5, poison: Number.NEGATIVE_INFINITY },
  { name: "zeros", scale: 0, norm: 0.5 },
  { name: "no gradient", scale: 1, norm: 0.5, shapes: [] },
];
const KERNELS = ["GraftGlobalNorm", "GraftScaleAll"] as const;

/** Results of clipping, divided by the smaller of the two scales, and the input gradients afterwards. */
interface Result {
  readonly clipped: readonly number[];
  readonly given: readonly number[];
}

async function results(): Promise<readonly Result[]> {
  const all: Result[] = [];
  for (const { scale, norm, poison, shapes = SHAPES } of cases) {
    const grads = Object.fromEntries(
      shapes.map((shape, i) => {
        const values = numbers({ kind: "any", shape }, i).map((x) => x * scale);
        if (poison !== undefined && i === 1) values[7] = poison;
        return [`g${i}`, tf.tensor(values, [...shape])];
      }),
    );
    const clipped = tf.tidy(() => clipByGlobalNorm({ norm }).transform(grads, null, {} as never).grads);
    const read = async (map: { readonly [name: string]: tf.Tensor }): Promise<number[]> => {
      const values: number[] = [];
      for (const tensor of Object.values(map)) values.push(...(await tensor.data()));
      return values;
    };
    const size = Math.min(scale, norm) || 1;
    all.push({ clipped: (await read(clipped)).map((x) => x / size), given: await read(grads) });
    tf.dispose([clipped, grads] as tf.TensorContainer);
  }
  return all;
}

/** Difference between a backend's clipping and cpu's, which is composed of tfjs's kernels. */
export interface ClipReport {
  readonly rows: readonly Row[];
  /** Calls of each fused kernel. */
  readonly calls: { readonly [kernel: string]: number };
  /** Cases in which clipping has changed its input. */
  readonly changed: readonly string[];
  readonly leaked: number;
}

/** Compares clipping by the global norm on `backend`, with its fused kernels, with cpu. Leaves `backend` current. */
export async function compareClipping(backend: string): Promise<ClipReport> {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const want = await results();
  await tf.setBackend(backend);
  const calls: { [kernel: string]: number } = {};
  const restore = KERNELS.map((name) => {
    const config = tf.getKernel(name, backend) as { kernelFunc: tf.KernelFunc };
    const own = config.kernelFunc;
    config.kernelFunc = (args) => {
      calls[name] = (calls[name] ?? 0) + 1;
      return own(args);
    };
    return () => {
      config.kernelFunc = own;
    };
  });
  const got = await results();
  for (const undo of restore) undo();
  return {
    rows: cases.map(({ name }, i) => ({
      name,
      error: disagreement(got[i]?.clipped ?? [Number.NaN], want[i]?.clipped ?? []),
    })),
    calls,
    changed: cases.filter((_, i) => String(got[i]?.given) !== String(want[i]?.given)).map(({ name }) => name),
    leaked: tf.memory().numTensors - before,
  };
}
