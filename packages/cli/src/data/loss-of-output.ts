import type { FineTuneOptions, Loss } from "@graftjs/tuner";

/** The loss of a run: one for all outputs, or one for each. */
export type LossUse = FineTuneOptions["loss"];

/** Returns the loss of one output of a model. */
export function lossOfOutput(outputNames: readonly string[], loss: LossUse, output: number): Loss | undefined {
  if (typeof loss !== "object" || "compute" in loss) return loss as Loss;
  const key = Array.isArray(loss) ? Math.min(output, loss.length - 1) : (outputNames[output] as string);
  return (loss as Readonly<Record<string | number, Loss>>)[key];
}

/** Tells whether a loss takes class indices, and not one-hot labels. */
export function isSparse(loss: Loss | undefined): boolean {
  return typeof loss === "object" ? loss.sparse === true : String(loss).startsWith("sparse");
}
