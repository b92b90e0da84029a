import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeKernelBackend, NativeTensor, NativeTensorData } from "../../load/native-backend-types.ts";
import type { Margin } from "../conv/depthwise.ts";
import { type Convolution, NO_TAIL, type Tail } from "../conv/tail.ts";
import type { Native } from "../native.ts";

/** A computation that has not been done, with tensors held for it. Freed when nobody shares it any more. */
export interface Work {
  readonly run: Convolution;
  share(): Work;
  release(): void;
}

/** What a tensor is that has not been computed: work, and the batch norm that follows it, or an image within zeros. */
export interface Plan {
  readonly work: Work;
  readonly tail: Tail;
  /** The work's image stands within zeros. */
  readonly margin?: Margin;
}

/** Data of a tensor whose value is computed when somebody asks for its number. */
class PendingData implements NativeTensorData {
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

/** Work over tensors by the binding's numbers, which are held for it. */
export function deferredWork(
  native: Native,
  ids: readonly number[],
  run: (held: readonly number[]) => Convolution,
): Work {
  const held = ids.map((id) => (id < 0 ? undefined : native.one("Identity", native.attr.float, [id])));
  const convolution = run(held.map((tensor) => tensor?.id ?? -1));
  let shares = 1;
  const work: Work = {
    run: convolution,
    share() {
      shares++;
      return work;
    },
    release() {
      if (--shares === 0) native.free(...held);
    },
  };
  return work;
}

/** A tfjs tensor for a plan. */
export function defer(
  native: Native,
  shape: readonly number[],
  plan: Plan,
  compute: (plan: Plan) => NativeTensor = ({ work, tail }) => work.run(tail),
): TensorInfo {
  const dataId = {};
  const { backend } = native;
  backend.tensorMap.set(dataId, new PendingData(shape, backend.binding.TF_FLOAT, plan, compute));
  return { dataId, shape: [...shape], dtype: "float32" };
}

/** The plan of a tensor that has not been computed yet. */
export function planOf({ backend }: Native, { dataId }: TensorInfo): Plan | undefined {
  const data = backend.tensorMap.get(dataId);
  return data instanceof PendingData ? data.plan : undefined;
}

/** Work that does nothing but the tail: for a tensor that is there. */
export const isBare = ({ tail }: Plan): boolean => tail === NO_TAIL;

/** Has `disposeData` drop a tensor that was never computed, without computing it. Returns what puts the former back. */
export function disposeWithoutComputing(backend: NativeKernelBackend): () => void {
  const former = backend.disposeData;
  backend.disposeData = function disposePending(this: NativeKernelBackend, dataId: object, force = false): boolean {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    if (!(data instanceof PendingData) || !data.plan) return former.call(this, dataId, force);
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
