import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import { depthwise, type Margin, windowOf } from "../conv/depthwise.ts";
import { type ConvAttrs, isPointwise, pointwise } from "../conv/pointwise.ts";
import { CEILING, type Convolution, NO_TAIL, type Tail } from "../conv/tail.ts";
import type { Native, RunGraft } from "../native.ts";
import { isBare, type Plan, planOf, defer, type Work, deferredWork } from "./deferred.ts";

/** The stock kernels that ours stand before. */
type Names =
  | "Conv2D"
  | "DepthwiseConv2dNative"
  | "FusedConv2D"
  | "FusedDepthwiseConv2D"
  | "PadV2"
  | "FusedBatchNorm"
  | "GraftBatchNorm"
  | "Relu"
  | "Relu6";
type Stock = Readonly<Record<Names, KernelFunc>>;

/** From so many values on a pass over memory costs more than what is held for later. */
const LARGE = 1 << 15;

/**
 * Convolution, batch norm and relu in one pass, and zero padding in none, where nothing is recorded.
 *
 * The layers of a model call one kernel after the other. A convolution therefore waits until somebody asks for its value; a batch norm
 * takes it over, still waiting, and a relu computes all three. Whoever asks in between gets what they asked for.
 */
export function inferenceKernels(native: Native, own: RunGraft, stock: Stock): Readonly<Record<string, KernelFunc>> {
  const { id, info } = native;
  const computed = (plan: Plan, ceiling: number): TensorInfo => info(plan.work.run({ ...plan.tail, ceiling }));
  /** A convolution now, or later where it is large and nothing records it. */
  const convolved = ({ x, filter, shape, run }: Chosen): TensorInfo => {
    if (!mayWait(shape)) return info(run(x, filter)(NO_TAIL));
    const work = deferredWork(native, [x, filter], ([a, b]) => run(a as number, b as number));
    return defer(native, shape, { work, tail: NO_TAIL });
  };
  const choose = { Conv2D: choosePointwise(native, own), DepthwiseConv2dNative: chooseDepthwise(native, own) };
  const plain =
    (name: keyof typeof choose): KernelFunc =>
    (args) => {
      const chosen = choose[name](args);
      if (!chosen) return stock[name](args);
      const result = convolved(chosen);
      native.free(chosen.made);
      return result;
    };
  /** With bias and activation. tfjs-layers comes this way without either, too. */
  const fused =
    (name: keyof typeof choose, whole: KernelFunc): KernelFunc =>
    (args) => {
      const { bias } = args.inputs as { bias?: TensorInfo };
      const { activation = "linear" } = args.attrs as { activation?: string };
      const ceiling = CEILING[activation];
      const fits = ceiling !== undefined && (!bias || (bias.shape.length === 1 && bias.dtype === "float32"));
      const chosen = fits ? choose[name](args) : undefined;
      if (!chosen || (bias && bias.shape[0] !== chosen.shape[3])) {
        native.free(chosen?.made);
        return whole(args);
      }
      const { x, filter, run, made } = chosen;
      const bare = !bias && ceiling === 0;
      const result = bare
        ? convolved(chosen)
        : info(run(x, filter)({ ...(bias ? { offset: id(bias) } : {}), ceiling: ceiling as number }));
      native.free(made);
      return result;
    };
  const relu =
    (name: "Relu" | "Relu6", ceiling: number): KernelFunc =>
    (args) => {
      const plan = planOf(native, args.inputs.x as TensorInfo);
      return plan && !plan.margin ? computed(plan, ceiling) : stock[name](args);
    };

  /** Batch norm at given statistics, and the activation that `GraftBatchNorm` has with it. */
  const norm =
    (name: "FusedBatchNorm" | "GraftBatchNorm"): KernelFunc =>
    (args) => {
      const { x, mean, variance, scale, offset } = args.inputs as unknown as Vectors;
      const vectors = [mean, variance, ...(scale ? [scale] : []), ...(offset ? [offset] : [])];
      const fits = x.shape.length === 4 && x.dtype === "float32" && vectors.every(({ shape }) => shape.length === 1);
      if (!fits || !mayWait(x.shape)) return stock[name](args);
      const { varianceEpsilon: epsilon, activation = "linear" } = args.attrs as {
        varianceEpsilon: number;
        activation?: string;
      };
      const plan = planOf(native, x);
      const before = plan && isBare(plan) && !plan.margin ? plan.work.share() : undefined;
      const ids = [mean, variance, scale, offset].map((vector) => (vector ? id(vector) : -1));
      const work = before
        ? after(native, before, ids, epsilon)
        : normed(native, own, [id(x), ...ids], epsilon, x.shape);
      if (activation === "linear") return defer(native, x.shape, { work, tail: TAKEN });
      const y = info(work.run({ ceiling: CEILING[activation] as number }));
      work.release();
      return y;
    };

  return {
    Conv2D: plain("Conv2D"),
    DepthwiseConv2dNative: plain("DepthwiseConv2dNative"),
    FusedConv2D: fused("Conv2D", stock.FusedConv2D),
    FusedDepthwiseConv2D: fused("DepthwiseConv2dNative", stock.FusedDepthwiseConv2D),
    PadV2: (args) => {
      const x = args.inputs.x as TensorInfo;
      const { paddings, constantValue } = args.attrs as unknown as {
        paddings: [number, number][];
        constantValue: number;
      };
      const [batch, rows, columns, channels] = paddings;
      const around = x.shape.length === 4 && batch?.every(isZero) && channels?.every(isZero) && constantValue === 0;
      const shape = x.shape.map((size, i) => size + (paddings[i]?.[0] ?? 0) + (paddings[i]?.[1] ?? 0));
      if (!around || x.dtype !== "float32" || !mayWait(shape)) return stock.PadV2(args);
      const [height, width] = x.shape.slice(1, 3) as [number, number];
      const margin: Margin = { top: rows?.[0] ?? 0, left: columns?.[0] ?? 0, height, width };
      const identity = (a: number) => (): NativeTensor => native.one("Identity", native.attr.float, [a]);
      const work = deferredWork(native, [id(x)], ([a]) => identity(a as number));
      return defer(native, shape, { work, tail: NO_TAIL, margin }, () => {
        const whole = info(work.run(NO_TAIL));
        const made = stock.PadV2({ ...args, inputs: { x: { ...whole, shape: x.shape } } }) as TensorInfo;
        native.backend.disposeData(whole.dataId);
        return native.take(made);
      });
    },
    FusedBatchNorm: norm("FusedBatchNorm"),
    GraftBatchNorm: norm("GraftBatchNorm"),
    Relu: relu("Relu", CEILING.relu as number),
    Relu6: relu("Relu6", CEILING.relu6 as number),
  };
}

/** A convolution that is ours. */
interface Chosen {
  readonly x: number;
  readonly filter: number;
  readonly shape: readonly number[];
  readonly run: (x: number, filter: number) => Convolution;
  /** To be freed by whoever runs it. */
  readonly made?: NativeTensor;
}
type Choose = (args: Parameters<KernelFunc>[0]) => Chosen | undefined;

function choosePointwise({ id }: Native, own: RunGraft): Choose {
  return ({ inputs, attrs }) => {
    const { x, filter } = inputs as unknown as Record<"x" | "filter", TensorInfo>;
    if (!isPointwise(filter.shape, attrs as unknown as ConvAttrs, x, filter)) return undefined;
    const shape = [...x.shape.slice(0, 3), filter.shape[3] as number];
    return { x: id(x), filter: id(filter), shape, run: (a, b) => pointwise(own, a, b, x.shape, filter.shape) };
  };
}

/** Zeros around x that have not been written are left to the kernel. */
function chooseDepthwise(native: Native, own: RunGraft): Choose {
  const { id } = native;
  return ({ inputs, attrs }) => {
    const { x, filter } = inputs as unknown as Record<"x" | "filter", TensorInfo>;
    if (x.dtype !== "float32" || filter.dtype !== "float32") return undefined;
    const padded = planOf(native, x);
    const window = windowOf(x.shape, filter.shape, attrs as unknown as ConvAttrs, padded?.margin);
    if (!window) return undefined;
    const made = padded?.margin ? padded.work.run(NO_TAIL) : undefined;
    return {
      x: made?.id ?? id(x),
      filter: id(filter),
      shape: window.outShape,
      run: (a, b) => depthwise(own, a, b, window),
      ...(made ? { made } : {}),
    };
  };
}

interface Vectors {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly offset?: TensorInfo;
}

/** The tail of work that has its batch norm within. */
const TAKEN: Tail = { ceiling: 0 };

const isZero = (value: number): boolean => value === 0;

/**
 * While a gradient is recorded every value is kept anyway, but for those within an op that has a gradient of its own: there our
 * kernel runs within that op's.
 */
function mayWait(shape: readonly number[]): boolean {
  const { gradientDepth, kernelDepth, activeTape } = tf.engine().state;
  const isRecorded = kernelDepth <= 1 && (gradientDepth > 0 || activeTape != null);
  return !isRecorded && tf.util.sizeFromShape([...shape]) >= LARGE;
}

/** A convolution that waits, and the batch norm behind it. */
function after(native: Native, before: Work, ids: readonly number[], epsilon: number): Work {
  const vectors = deferredWork(
    native,
    ids,
    ([mean, variance, scale, offset]) =>
      ({ ceiling }) =>
        before.run({
          mean: mean as number,
          variance: variance as number,
          scale: scale as number,
          offset: offset as number,
          epsilon,
          ceiling,
        }),
  );
  const { release } = vectors;
  let shares = 1;
  const work: Work = {
    run: vectors.run,
    share() {
      shares++;
      return work;
    },
    release() {
      if (--shares > 0) return;
      release();
      before.release();
    },
  };
  return work;
}

/** The batch norm of a tensor that is there. */
function normed(
  native: Native,
  own: RunGraft,
  ids: readonly number[],
  epsilon: number,
  shape: readonly number[],
): Work {
  return deferredWork(
    native,
    ids,
    (held) =>
      ({ ceiling }) =>
        own(3, held, [epsilon, ceiling], [shape])[0] as NativeTensor,
  );
}
