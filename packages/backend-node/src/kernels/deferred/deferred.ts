import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeKernelBackend, NativeTensor, NativeTensorData } from "../../load/native-backend-types.ts";
import type { Margin } from "../conv/depthwise.ts";
import { type Convolution, NO_TAIL, type Tail } from "../conv/tail.ts";
import type { Native } from "../native.ts";

/** A computation that has not run yet. It keeps its input tensors alive until all shares are released. */
export interface Work {
  readonly run: Convolution;
  /** Adds a share and returns the same work. */
  share(): Work;
  /** Gives up a share. */
  release(): void;
}

/** How to compute a deferred tensor: work, and the batch norm after it or the zeros around it. */
export interface Plan {
  readonly work: Work;
  readonly tail: Tail;
  /** Zeros around the result of the work. */
  readonly margin?: Margin;
}

/** Data of a deferred tensor. Its value is computed when its id is first read. */
class DeferredData implements NativeTensorData {
  readonly shape: readonly number[];
  readonly dtype: number;
  values: ArrayBufferView | null = null;
  refCount = 1;
  plan: Plan | undefined;
  #id = -1;
  readonly #compute: (plan: Plan) => NativeTensor;
  constructor(shape: readonly number[], dtype: number, plan: Plan, compute: (plan: Plan) => NativeTensor) {
    this.shape = shape;
    this.dtype = dtype;
    this.plan = plan;
    this.#compute = compute;
  }
  get id(): number {
    if (this.plan) {
      this.#id = this.#compute(this.plan).id;
      this.drop();
    }
    return this.#id;
  }
  set id(value: number) {
    this.drop();
    this.#id = value;
  }
  drop(): void {
    this.plan?.work.release();
    this.plan = undefined;
  }
}

/** Makes work over tensors, given by the binding's ids. The work keeps them alive. */
export function deferredWork(
  native: Native,
  ids: readonly number[],
  run: (ids: readonly number[]) => Convolution,
): Work {
  const references = ids.map((id) => (id < 0 ? undefined : native.execute("Identity", native.attr.float, [id])));
  const convolution = run(references.map((tensor) => tensor?.id ?? -1));
  let shares = 1;
  const work: Work = {
    run: convolution,
    share() {
      shares++;
      return work;
    },
    release() {
      if (--shares === 0) native.free(...references);
    },
  };
  return work;
}

/** Returns a deferred tfjs tensor of this shape. */
export function defer(
  native: Native,
  shape: readonly number[],
  plan: Plan,
  compute: (plan: Plan) => NativeTensor = ({ work, tail }) => work.run(tail),
): TensorInfo {
  const dataId = {};
  const { backend } = native;
  backend.tensorMap.set(dataId, new DeferredData(shape, backend.binding.TF_FLOAT, plan, compute));
  return { dataId, shape: [...shape], dtype: "float32" };
}

/** Returns the plan of a deferred tensor, or undefined if the tensor has a value. */
export function planOf({ backend }: Native, { dataId }: TensorInfo): Plan | undefined {
  const data = backend.tensorMap.get(dataId);
  return data instanceof DeferredData ? data.plan : undefined;
}

/** Says whether nothing follows the work of a plan yet. */
export const isBare = ({ tail }: Plan): boolean => tail === NO_TAIL;

/** Makes `disposeData` drop deferred tensors without computing them. Returns a function that undoes this. */
export function disposeWithoutComputing(backend: NativeKernelBackend): () => void {
  const former = backend.disposeData;
  backend.disposeData = function disposeDeferred(this: NativeKernelBackend, dataId: object, force = false): boolean {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    if (!(data instanceof DeferredData) || !data.plan) return former.call(this, dataId, force);
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    data.drop();
    this.tensorMap.delete(dataId);
    return true;
  };
  return () => {
    backend.disposeData = former;
  };
}
