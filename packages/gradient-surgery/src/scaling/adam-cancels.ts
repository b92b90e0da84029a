const withAdam =
  "Adam divides by the size of the gradient, so a constant factor cancels. Use `rateMultipliers`, which scale the update.";

/** Rules that cancel a constant factor on the gradient, and the reason. */
export const adamCancels: Readonly<Record<string, string>> = { adam: withAdam, adamw: withAdam };
