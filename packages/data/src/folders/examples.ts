import type { Column } from "./labels.ts";

/** Examples as numbers, as `fineTune` takes them. */
export interface Examples {
  readonly xs: Column;
  readonly ys: Column;
}
