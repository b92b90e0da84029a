import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";

/** Scalars of one step. They are not cached for later steps, because a schedule changes them in every step. */
export interface Scalars {
  /** Returns the id of a scalar, made at its first use. */
  of(value: number): number;
  /** Frees all of them. */
  free(): void;
}

/** Returns an empty set of scalars. */
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
