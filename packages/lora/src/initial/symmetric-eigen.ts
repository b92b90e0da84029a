/** The eigenvalues of a symmetric matrix, largest first. Row i of `vectors` is the eigenvector of value i. */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/** Computes all eigenvalues of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, §8.5). It changes `matrix`. */
export function symmetricEigen(matrix: readonly Float64Array[]): Eigen {
  const size = matrix.length;
  const rows = matrix.map((_, i) => Float64Array.from({ length: size }, (_, j) => Number(i === j)));
  const total = matrix.reduce((sum, row) => sum + row.reduce((inner, value) => inner + value * value, 0), 0);
  for (let sweep = 0; sweep < 60 && outside(matrix) > 1e-30 * total; sweep++)
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(matrix, rows, p, q);
  const order = [...matrix.keys()].sort((i, j) => at(matrix, j, j) - at(matrix, i, i));
  return { values: order.map((i) => at(matrix, i, i)), vectors: order.map((i) => rows[i] as Float64Array) };
}

/** Turns the axes p and q so that the entry between them becomes 0. */
function rotate(matrix: readonly Float64Array[], vectors: readonly Float64Array[], p: number, q: number): void {
  const between = at(matrix, p, q);
  if (between === 0) return;
  const half = (at(matrix, q, q) - at(matrix, p, p)) / (2 * between);
  const tan = Math.sign(half || 1) / (Math.abs(half) + Math.hypot(1, half));
  const cos = 1 / Math.hypot(1, tan);
  const sin = tan * cos;
  for (const row of matrix) turn(row, row, p, q, cos, sin);
  const [first, second] = [matrix[p] as Float64Array, matrix[q] as Float64Array];
  for (let i = 0; i < matrix.length; i++) turn(first, second, i, i, cos, sin);
  const [u, v] = [vectors[p] as Float64Array, vectors[q] as Float64Array];
  for (let i = 0; i < matrix.length; i++) turn(u, v, i, i, cos, sin);
}

function turn(a: Float64Array, b: Float64Array, i: number, j: number, cos: number, sin: number): void {
  const [x, y] = [a[i] as number, b[j] as number];
  a[i] = cos * x - sin * y;
  b[j] = sin * x + cos * y;
}

function outside(matrix: readonly Float64Array[]): number {
  return matrix.reduce(
    (sum, row, i) => sum + row.reduce((inner, value, j) => inner + (i === j ? 0 : value * value), 0),
    0,
  );
}

function at(matrix: readonly Float64Array[], i: number, j: number): number {
  return (matrix[i] as Float64Array)[j] as number;
}
