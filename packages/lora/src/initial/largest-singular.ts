import { seeded } from "@graftjs/core";
import { addScaled, dot, orthonormal, randomRows } from "./orthogonal.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** A singular value of a matrix [rows, columns] with its vectors of length 1. */
export interface SingularTriple {
  readonly value: number;
  /** [rows]. */
  readonly left: Float64Array;
  /** [columns]. Its largest entry is positive. */
  readonly right: Float64Array;
}

interface EigenPair {
  readonly value: number;
  readonly vector: Float64Array;
}

/** Iterations after which the vectors count as found. Only close values need so many. */
const LIMIT = 300;
/** Largest residual of an eigenvector, relative to the largest eigenvalue. */
const TOLERANCE = 1e-7;

/**
 * Computes the largest singular values of a matrix, in float64 and the same on every machine.
 *
 * It iterates a subspace of the smaller side under polynomials of the matrix times its transpose (Saad 2011, "Numerical Methods for Large
 * Eigenvalue Problems", §5.3 and §7.4). The subspace is larger than `count`, which makes it converge sooner.
 *
 * @param values the matrix, row by row
 */
export function largestSingular(
  values: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  count: number,
): SingularTriple[] {
  const tall = columns <= rows;
  // Rows of the matrix if it is tall, and of its transpose if it is wide: `lines` vectors of the smaller side.
  const lines = Array.from({ length: tall ? rows : columns }, (_, i) =>
    Float64Array.from(
      { length: tall ? columns : rows },
      (_, j) => values[tall ? i * columns + j : j * columns + i] as number,
    ),
  );
  return largestEigen(gram(lines), count).map(({ value, vector }) => {
    const size = Math.sqrt(Math.max(0, value));
    const other = Float64Array.from(lines, (line) => (size > 0 ? dot(line, vector) / size : 0));
    const [left, right] = tall ? [other, vector] : [vector, other];
    const largest = right.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
    const sign = largest < 0 ? -1 : 1;
    return { value: size, left: left.map((entry) => sign * entry), right: right.map((entry) => sign * entry) };
  });
}

/** Computes the sum of the outer products of the lines with themselves. */
function gram(lines: readonly Float64Array[]): Float64Array[] {
  const size = lines[0]?.length ?? 0;
  const sum = Array.from({ length: size }, () => new Float64Array(size));
  for (const line of lines) for (const [i, row] of sum.entries()) addScaled(row, line, line[i] as number);
  return sum;
}

function largestEigen(matrix: readonly Float64Array[], count: number): readonly EigenPair[] {
  const size = matrix.length;
  const random = seeded(0, "singular");
  let basis = orthonormal(randomRows(Math.min(size, count + 8), size, random), random);
  for (let iteration = 0; ; iteration++) {
    const images = basis.map((row) => combined(row, matrix));
    const { values, vectors } = symmetricEigen(
      basis.map((row) => Float64Array.from(images, (image) => dot(row, image))),
    );
    const [found, mapped] = [basis, images].map((rows) => vectors.map((vector) => combined(vector, rows))) as [
      Float64Array[],
      Float64Array[],
    ];
    const pairs = found.map((vector, i) => ({ value: values[i] as number, vector }));
    const largest = values[0] as number;
    const residuals = pairs.slice(0, count).map(({ value, vector }, i) => {
      const rest = mapped[i]?.slice() as Float64Array;
      addScaled(rest, vector, -value);
      return Math.sqrt(dot(rest, rest));
    });
    if (Math.max(...residuals) <= TOLERANCE * largest || iteration === LIMIT) return pairs.slice(0, count);
    basis = orthonormal(
      pairs.map(({ vector }) => amplified(vector, matrix, largest, values.at(-1) as number)),
      random,
    );
  }
}

/**
 * Multiplies a vector by the Chebyshev polynomial of the matrix that is at most 1 for eigenvalues up to `bound` and grows fastest above
 * it. Its degree is small enough to keep the parts of the smaller values above the rounding of the largest one.
 */
function amplified(
  vector: Float64Array,
  matrix: readonly Float64Array[],
  largest: number,
  bound: number,
): Float64Array {
  if (bound <= 1e-12 * largest) return combined(vector, matrix);
  const degree = Math.max(1, Math.floor(Math.log(1e6) / Math.acosh((2 * largest) / bound - 1)));
  const next = (row: Float64Array): Float64Array =>
    combined(row, matrix).map((value, i) => (2 * value) / bound - (row[i] as number));
  let [before, now] = [vector, next(vector)];
  for (let i = 1; i < Math.min(degree, 50); i++) {
    const last = before;
    [before, now] = [now, next(now).map((value, k) => 2 * value - (last[k] as number))];
  }
  return now;
}

/** Adds up the rows, each with its factor. */
function combined(factors: Float64Array, rows: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(rows[0]?.length ?? 0);
  for (let i = 0; i < factors.length; i++) addScaled(out, rows[i] as Float64Array, factors[i] as number);
  return out;
}
