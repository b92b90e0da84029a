/**
 * Eigenvalues below this share of the largest count as 0. A Gramian of float32 gradients is known to about 1e-7 of its
 * largest entry: what is smaller is rounding, and its inverse would be noise.
 */
export const RANK_TOLERANCE = 1e-6;
