import type { Callback, CallbackRun } from "@graftjs/core";

/** A best loss of up to this many times the lowest one before is noise of a few held-out examples. Chosen, not tuned. */
const NOISE = 1.5;

/**
 * Puts the weights at the start of a stage back if the loss of the held-out examples stayed far above the one before the stage. A search for
 * the rate can fail, and a rate that is too high destroys a pretrained body.
 *
 * @param lowest the lowest loss of the held-out examples before the stage
 */
export function notWorseThan(lowest: number): Callback {
  let run: CallbackRun;
  let start: ReadonlyMap<string, Float32Array> = new Map();
  let reached = Number.POSITIVE_INFINITY;
  return {
    name: "notWorse",
    async runStart(started) {
      run = started;
      reached = Number.POSITIVE_INFINITY;
      start = await run.readWeights();
    },
    async epochEnd(_epoch, { val_loss: loss = Number.NaN }) {
      if (loss < reached) reached = loss;
      return undefined;
    },
    async finish() {
      if (reached <= NOISE * lowest) return;
      run.writeWeights(start);
      const now = Number.isFinite(reached) ? reached.toPrecision(3) : "not a finite number";
      run.warn(
        `After the probe the loss of the held-out examples was ${lowest.toPrecision(3)}, later at best ${now}. So the weights of the probe were put back. Give a lower \`learningRate\`.`,
      );
    },
    save: async () => ({ json: { reached: Number.isFinite(reached) ? reached : null }, tensors: start }),
    load({ json, tensors }) {
      reached = (json as { readonly reached: number | null }).reached ?? Number.POSITIVE_INFINITY;
      start = tensors as ReadonlyMap<string, Float32Array>;
    },
  };
}
