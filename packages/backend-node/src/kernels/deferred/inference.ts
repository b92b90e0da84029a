import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import { depthwise, type Margin, windowOf } from "../conv/depthwise.ts";
import { type ConvAttrs, isPointwise, pointwise } from "../conv/pointwise.ts";
import { CEILING, type Convolution, NO_TAIL, type Tail } from "../conv/tail.ts";
import type { Native, RunGraft } from "../native.ts";
import { defer, deferredWork, isBare, type Plan, planOf, type Work } from "./deferred.ts";

/** Stock kernels that ours replace. They are still used for other cases. */
type Names =
  | "Conv2D"
  | "DepthwiseConv2dNative"
  | "FusedConv2D"
  | "FusedDepthwiseConv2D"
  | "PadV2"
  | "FusedBatchNorm"
  | "GraftBatchNorm"
  | "Relu"
  | "Relu6"
  | "ClipByValue";
type Stock = Readonly<Record<Names, KernelFunc>>;

/** From this many values on, a pass over memory costs more than deferring. */
const LARGE = 1 << 15;

/**
 * Makes kernels that compute convolution, batch norm and relu in one pass, and zero padding in none, while no gradient is
 * recorded.
 *
 * The layers of a model call one kernel after the other. A convolution is therefore deferred until its value is needed. A batch
 * norm and a relu join the deferred convolution, and so does a clip after the relu: tfjs-layers computes ReLU with `maxValue` by
 * both. A relu6 computes all three. If a value is read in between, it is computed then.
 */
export function inferenceKernels(
  native: Native,
  runGraft: RunGraft,
  stock: Stock,
): Readonly<Record<string, KernelFunc>> {
  const { id, info } = native;
  const computed = (plan: Plan, ceiling: number): TensorInfo => info(plan.work.run({ ...plan.tail, ceiling }));
  /** Computes a convolution, or defers it if it is large and no gradient is recorded. */
  const convolved = ({ x, filter, shape, run }: Supported): TensorInfo => {
    if (!mayDefer(shape)) return info(run(x, filter)(NO_TAIL));
    const work = deferredWork(native, [x, filter], ([a, b]) => run(a as number, b as number));
    return defer(native, shape, { work, tail: NO_TAIL });
  };
  const choose = {
    Conv2D: choosePointwise(native, runGraft),
    DepthwiseConv2dNative: chooseDepthwise(native, runGraft),
  };
  const plain =
    (name: keyof typeof choose): KernelFunc =>
    (args) => {
      const chosen = choose[name](args);
      if (!chosen) return stock[name](args);
      const result = convolved(chosen);
      native.free(chosen.made);
      return result;
    };
  /** Kernel with bias and activation. tfjs-layers calls it even if it has neither. */
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
  const relu: KernelFunc = (args) => {
    const x = args.inputs.x as TensorInfo;
    const plan = planOf(native, x);
    if (!plan || plan.margin) return stock.Relu(args);
    if (!mayDefer(x.shape)) return computed(plan, Number.POSITIVE_INFINITY);
    const tail = { ...plan.tail, ceiling: Number.POSITIVE_INFINITY };
    return defer(native, x.shape, { work: plan.work.share(), tail });
  };
  const relu6: KernelFunc = (args) => {
    const plan = planOf(native, args.inputs.x as TensorInfo);
    return plan && !plan.margin ? computed(plan, 6) : stock.Relu6(args);
  };
  const clip: KernelFunc = (args) => {
    const { clipValueMin, clipValueMax } = args.attrs as { clipValueMin: number; clipValueMax: number };
    const plan = planOf(native, args.inputs.x as TensorInfo);
    const afterRelu = plan && !plan.margin && plan.tail.ceiling === Number.POSITIVE_INFINITY;
    return afterRelu && clipValueMin === 0 && clipValueMax > 0 ? computed(plan, clipValueMax) : stock.ClipByValue(args);
  };

  /** Batch norm at given statistics, with the activation of `GraftBatchNorm`. */
  const norm =
    (name: "FusedBatchNorm" | "GraftBatchNorm"): KernelFunc =>
    (args) => {
      const { x, mean, variance, scale, offset } = args.inputs as unknown as Vectors;
      const vectors = [mean, variance, ...(scale ? [scale] : []), ...(offset ? [offset] : [])];
      const fits = x.shape.length === 4 && x.dtype === "float32" && vectors.every(({ shape }) => shape.length === 1);
      if (!fits || !mayDefer(x.shape)) return stock[name](args);
      const { varianceEpsilon: epsilon, activation = "linear" } = args.attrs as {
        varianceEpsilon: number;
        activation?: string;
      };
      const plan = planOf(native, x);
      const before = plan && isBare(plan) && !plan.margin ? plan.work.share() : undefined;
      const ids = [mean, variance, scale, offset].map((vector) => (vector ? id(vector) : -1));
      const work = before
        ? withBatchNorm(native, before, ids, epsilon)
        : deferredBatchNorm(native, runGraft, [id(x), ...ids], epsilon, x.shape);
      if (activation === "linear") return defer(native, x.shape, { work, tail: NORMALIZED });
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
      if (!around || x.dtype !== "float32" || !mayDefer(shape)) return stock.PadV2(args);
      const [height, width] = x.shape.slice(1, 3) as [number, number];
      const margin: Margin = { top: rows?.[0] ?? 0, left: columns?.[0] ?? 0, height, width };
      const identity = (a: number) => (): NativeTensor => native.execute("Identity", native.attr.float, [a]);
      const work = deferredWork(native, [id(x)], ([a]) => identity(a as number));
      return defer(native, shape, { work, tail: NO_TAIL, margin }, () => {
        const whole = info(work.run(NO_TAIL));
        const made = stock.PadV2({ ...args, inputs: { x: { ...whole, shape: x.shape } } }) as TensorInfo;
        native.backend.disposeData(whole.dataId);
        return native.detach(made);
      });
    },
    FusedBatchNorm: norm("FusedBatchNorm"),
    GraftBatchNorm: norm("GraftBatchNorm"),
    Relu: relu,
    Relu6: relu6,
    ClipByValue: clip,
  };
}

/** A convolution that our kernels support. */
interface Supported {
  readonly x: number;
  readonly filter: number;
  readonly shape: readonly number[];
  readonly run: (x: number, filter: number) => Convolution;
  /** A tensor that the caller frees after the convolution has run or was deferred. */
  readonly made?: NativeTensor;
}
type Choose = (args: Parameters<KernelFunc>[0]) => Supported | undefined;

function choosePointwise({ id }: Native, runGraft: RunGraft): Choose {
  return ({ inputs, attrs }) => {
    const { x, filter } = inputs as unknown as Record<"x" | "filter", TensorInfo>;
    if (!isPointwise(filter.shape, attrs as unknown as ConvAttrs, x, filter)) return undefined;
    const shape = [...x.shape.slice(0, 3), filter.shape[3] as number];
    return { x: id(x), filter: id(filter), shape, run: (a, b) => pointwise(runGraft, a, b, x.shape, filter.shape) };
  };
}

/** If x is deferred zero padding, the kernel reads the image without the zeros. */
function chooseDepthwise(native: Native, runGraft: RunGraft): Choose {
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
      run: (a, b) => depthwise(runGraft, a, b, window),
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

/** Tail of work that contains its batch norm already. */
const NORMALIZED: Tail = { ceiling: 0 };

const isZero = (value: number): boolean => value === 0;

/**
 * Says whether a result of this shape may be deferred. While a gradient is recorded, tfjs keeps every value, so that deferring
 * gains nothing. An exception are the kernels inside an op with its own gradient.
 */
function mayDefer(shape: readonly number[]): boolean {
  const { gradientDepth, kernelDepth, activeTape } = tf.engine().state;
  const isRecorded = kernelDepth <= 1 && (gradientDepth > 0 || activeTape != null);
  return !isRecorded && tf.util.sizeFromShape([...shape]) >= LARGE;
}

/** Adds a batch norm to a deferred convolution. */
function withBatchNorm(native: Native, before: Work, ids: readonly number[], epsilon: number): Work {
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

/** Defers the batch norm of a tensor that has a value. */
function deferredBatchNorm(
  native: Native,
  runGraft: RunGraft,
  ids: readonly number[],
  epsilon: number,
  shape: readonly number[],
): Work {
  return deferredWork(
    native,
    ids,
    (inputs) =>
      ({ ceiling }) =>
        runGraft("batchNorm", inputs, [epsilon, ceiling], [shape])[0] as NativeTensor,
  );
}
