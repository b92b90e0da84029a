import * as tf from "@tensorflow/tfjs-core";
import { LoadError } from "../../files/load-error.ts";
import { raise } from "../load/load-limits.ts";

/** The attributes of kernels whose output may be far larger than their inputs. */
interface Attributes {
  readonly shape?: readonly number[];
  readonly reps?: readonly number[];
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
  readonly num?: number;
  readonly depth?: number;
  readonly size?: readonly number[] | number;
  readonly paddings?: readonly (readonly [number, number])[];
  readonly outputShape?: readonly number[];
  readonly numSamples?: number;
}

type Inputs = Readonly<Record<string, { readonly shape?: readonly number[] }>>;
type SizeOf = (attributes: Attributes, inputs: Inputs) => number;

/** The number of values that each of these kernels computes. Other kernels compute about as many as they read. */
const SIZES: Readonly<Record<string, SizeOf>> = {
  Fill: ({ shape }) => product(shape),
  Range: ({ start = 0, stop = 0, step = 1 }) => Math.ceil(Math.abs((stop - start) / step)),
  LinSpace: ({ num = 0 }) => num,
  Tile: ({ reps }, { x }) => product(x?.shape) * product(reps),
  OneHot: ({ depth = 0 }, { indices }) => product(indices?.shape) * depth,
  PadV2: padded,
  MirrorPad: padded,
  ScatterNd: ({ shape }) => product(shape),
  SparseToDense: ({ outputShape }) => product(outputShape),
  ResizeBilinear: resized,
  ResizeNearestNeighbor: resized,
  DenseBincount: ({ size = 0 }, { x }) => Number(size) * ((x?.shape?.length ?? 0) > 1 ? (x?.shape?.[0] ?? 1) : 1),
  Multinomial: ({ numSamples = 0 }, { logits }) => numSamples * (logits?.shape?.[0] ?? 1),
};

function padded({ paddings = [] }: Attributes, { x }: Inputs): number {
  return product(x?.shape?.map((n, axis) => n + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0)));
}

function resized({ size }: Attributes, { images }: Inputs): number {
  const [batch = 1, , , channels = 1] = images?.shape ?? [];
  return batch * channels * product(size as readonly number[]);
}

function product(shape: readonly number[] = []): number {
  return shape.reduce((a, b) => a * b, 1);
}

interface Engine {
  runKernel(name: string, inputs: Inputs, attributes?: Attributes): unknown;
}

/**
 * Runs `execute`, and refuses kernels whose output would have more than `most` values before they allocate it. The shapes in a graph may
 * themselves be computed, so they are known only then. Broadcasts are done by Tile or by kernels that read a tensor of the whole shape.
 *
 * @throws LoadError that names the kernel and the limit.
 */
export function limitingOutputs<T>(most: number, execute: () => T): T {
  const engine = tf.engine() as unknown as Engine;
  const own = Object.getOwnPropertyDescriptor(engine, "runKernel");
  const { runKernel } = engine;
  engine.runKernel = function (name, inputs, attributes) {
    const values = SIZES[name]?.(attributes ?? {}, inputs) ?? 0;
    if (!(values <= most))
      throw new LoadError(
        `${name} in the graph computes ${values} values; at most ${most} are allowed.`,
        raise("maxOutputValues"),
      );
    return runKernel.call(this, name, inputs, attributes);
  };
  try {
    return execute();
  } finally {
    if (own) Object.defineProperty(engine, "runKernel", own);
    else delete (engine as Partial<Engine>).runKernel;
  }
}
