import { GraftError, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LowRankChange } from "../methods/lora.ts";
import { outputAxis } from "../targets/target.ts";
import type { AdapterHandle } from "./adapter-patch.ts";

/**
 * Writes the values and scales of one adapter into another, as HF PEFT's `hotswap_adapter` does. Lower ranks are padded with zeros, so
 * that no variable changes its shape. Kernels that only the receiver adapts get zeros.
 *
 * @param into the adapter that receives the values
 * @param from an adapter on the same model
 * @throws OptionsError with all reasons why the values do not fit, and GraftError if `into` is merged. Nothing is changed then.
 */
export function swapValues(into: AdapterHandle, from: AdapterHandle): void {
  if (into.merged)
    throw new GraftError("The adapter is merged, so its values cannot be swapped.", "Call unmerge() first.");
  const problems = methodProblems(into, from);
  const receivers = new Map((into.changes as readonly LowRankChange[]).map((change) => [change.target.name, change]));
  const sources = new Map((from.changes as readonly LowRankChange[]).map((change) => [change.target.name, change]));
  if (problems.length === 0)
    for (const [name, { rank }] of sources) {
      const most = receivers.get(name)?.rank;
      if (most === undefined) problems.push(`${name} is adapted by the new adapter only.`);
      else if (rank > most) problems.push(`${name} has rank ${rank}, and the adapter on the model has rank ${most}.`);
    }
  if (problems.length > 0)
    throw new OptionsError(
      `The adapter cannot be swapped in: ${problems.length} problem(s). Nothing was changed.`,
      [
        ...problems,
        "Add it as an adapter of its own, or begin with an adapter of all targets and the highest rank.",
      ].join("\n"),
    );
  for (const [name, receiver] of receivers) tf.tidy(() => write(receiver, sources.get(name)));
  into.file?.swapped();
}

function methodProblems(into: AdapterHandle, from: AdapterHandle): string[] {
  return Object.entries({ "The adapter on the model": into, "The new adapter": from }).flatMap(([which, handle]) => {
    if (handle.method !== "lora")
      return [`${which} is a \`${handle.method}\` adapter. Only values of \`lora\` can be swapped.`];
    if ((handle.changes as readonly LowRankChange[]).some(({ initialization }) => initialization === "pissa"))
      return [`${which} began with "pissa", so its values mean something for its own first values only.`];
    return handle.file?.storesLayers ? [`${which} has layers that its file stores in full.`] : [];
  });
}

function write(into: LowRankChange, from: LowRankChange | undefined): void {
  if (!from) {
    into.a.assign(tf.zerosLike(into.a));
    into.b.assign(tf.zerosLike(into.b));
    return;
  }
  into.a.assign(padded(from.a, outputAxis(into.target.kind, into.a.rank), into.rank));
  into.b.assign(padded(from.b, 0, into.rank));
  into.scale = from.scale;
}

/** Appends zeros along an axis until it has `size` entries. */
function padded(value: tf.Tensor, axis: number, size: number): tf.Tensor {
  return tf.pad(
    value,
    value.shape.map((side, i) => [0, i === axis ? size - side : 0] as [number, number]),
  );
}
