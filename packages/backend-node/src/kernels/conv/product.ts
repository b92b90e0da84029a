import type { NativeTensor } from "../../load/native-backend-types.ts";
import { NO_TAIL, type Tail, tailIds } from "./tail.ts";
import type { RunGraft } from "../native.ts";

/** Two matrices, by the binding's ids, and the sizes of their product [rows, columns]. */
export interface Factors {
  /** [rows, depth], or [depth, rows] with `transposedA`. */
  readonly a: number;
  /** [depth, columns], or [columns, depth] with `transposedB`. */
  readonly b: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly transposedA?: boolean;
  readonly transposedB?: boolean;
  /** Shape that the product gets. */
  readonly shape: readonly number[];
}

/** Computes a product of matrices, and a tail over its columns. */
export function product(
  runGraft: RunGraft,
  { a, b, rows, columns, depth, transposedA = false, transposedB = false, shape }: Factors,
  tail: Tail = NO_TAIL,
): NativeTensor {
  const sizes = [rows, columns, depth, Number(transposedA), Number(transposedB)];
  const numbers = [...sizes, tail.epsilon ?? 0, tail.ceiling, shape.length, ...shape];
  return runGraft("product", [a, b, ...tailIds(tail)], numbers, [shape])[0] as NativeTensor;
}
