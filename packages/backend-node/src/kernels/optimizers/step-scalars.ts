import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";

/** Scalars of one step: made once each, freed together. A schedule makes new ones every step, so they are not kept. */
export interface Scalars {
  of(value: number): number;
  free(): void;
}

export function stepScalars(native: Native): Scalars {
  const made = new Map<number, NativeTensor>();
  return {
    of(value) {
      const known = made.get(value);
      if (known) return known.id;
      const fresh = native.temporary(value);
      made.set(value, fresh);
      return fresh.id;
    },
    free() {
      native.free(...made.values());
      made.clear();
    },
  };
}
