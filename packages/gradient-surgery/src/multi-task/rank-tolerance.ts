/**
 * Eigenvalues below this share of the largest count as 0. The entries of a Gramian of float32 gradients have errors of about
 * 1e-7 of the largest entry. Smaller eigenvalues are rounding errors, and their inverses would be noise.
 */
export const RANK_TOLERANCE = 1e-6;
