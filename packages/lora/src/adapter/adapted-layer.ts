import { type CallableLayer, type LayerCall, onlyTensor, overrideCall, type WeightLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Change } from "../methods/change.ts";
import type { Target } from "../targets/target.ts";
import { activate, addBias, product } from "../layers/linear.ts";

/** A change that is attached to a layer. */
export interface Attached {
  readonly change: Change;
  /** Whether the layer computes with the change now. */
  active: boolean;
  /** For each row of the batch 1 if it uses the change and 0 otherwise. Undefined: all rows use it. */
  rows: tf.Tensor1D | undefined;
}

/** The changes of one layer, in the order in which they were attached. */
interface AdaptedLayer {
  readonly attached: Set<Attached>;
  readonly undo: () => void;
}

const adapted = new WeakMap<CallableLayer, AdaptedLayer>();

/** Attaches a change to its layer. Returns a function that takes it off; the last one restores the layer's own `call`. */
export function attach(entry: Attached): () => void {
  const { layer } = entry.change.target;
  let state = adapted.get(layer);
  if (!state) {
    const attached = new Set<Attached>();
    state = { attached, undo: overrideCall(layer, (previous) => adaptedCall(attached, previous)) };
    adapted.set(layer, state);
  }
  const { attached, undo } = state;
  attached.add(entry);
  return () => {
    if (!attached.delete(entry) || attached.size > 0) return;
    undo();
    adapted.delete(layer);
  };
}

function adaptedCall(attached: ReadonlySet<Attached>, previous: LayerCall): LayerCall {
  return (inputs, kwargs) => {
    const active = [...attached].filter((entry) => entry.active);
    const [first] = active;
    if (!first) return previous(inputs, kwargs);
    const { target } = first.change;
    if (target.kind === "inside") return withKernels(active, () => previous(inputs, kwargs));
    return tf.tidy(() => computeBeside(target, active, onlyTensor(inputs), kwargs?.training === true));
  };
}

/** Computes act(output(product(input(x)) + bias)) with the changes of every active adapter. */
function computeBeside(target: Target, active: readonly Attached[], given: tf.Tensor, training: boolean): tf.Tensor {
  const kernel = target.holder.read();
  const x = inTurn(active, given, ({ input }, value) => input?.(value));
  const z = inTurn(active, product(target, x, kernel), (change, value) => change.product?.(x, value, kernel, training));
  return activate(
    target,
    inTurn(active, addBias(target, z), ({ output }, value) => output?.(value)),
  );
}

/** Lets every change in turn replace `value`, in the rows of the batch that use it. */
function inTurn(
  active: readonly Attached[],
  value: tf.Tensor,
  step: (change: Change, value: tf.Tensor) => tf.Tensor | undefined,
): tf.Tensor {
  return active.reduce((before, { change, rows }) => {
    const after = step(change, before);
    if (!after || !rows) return after ?? before;
    const mask = tf.reshape(rows, [rows.size, ...Array<number>(before.rank - 1).fill(1)]);
    return tf.add(before, tf.mul(mask, tf.sub(after, before)));
  }, value);
}

/** Runs a layer with its kernels replaced by the merged ones. It is for layers that read a kernel in several places. */
function withKernels<T extends tf.TensorContainer>(active: readonly Attached[], run: () => T): T {
  const holders = new Map<WeightLike, Change[]>();
  for (const { change } of active) {
    const { holder } = change.target;
    holders.set(holder, [...(holders.get(holder) ?? []), change]);
  }
  return tf.tidy(() => {
    const undo: (() => void)[] = [];
    try {
      for (const [holder, changes] of holders) {
        const kernel = changes.reduce((before, change) => change.merge({ kernel: before }).kernel, holder.read());
        undo.push(replaceRead(holder, () => kernel));
      }
      return run();
    } finally {
      for (const step of undo) step();
    }
  });
}

/** Replaces `read` of a weight. Returns a function that restores it, whether it was the object's own or its class's. */
function replaceRead(holder: WeightLike, read: () => tf.Tensor): () => void {
  const own = Object.getOwnPropertyDescriptor(holder, "read");
  Object.defineProperty(holder, "read", { value: read, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(holder, "read", own);
    else delete (holder as { read?: unknown }).read;
  };
}
