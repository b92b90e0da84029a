/** Roles in which each element belongs to one output unit, for any rank. */
const ELEMENTWISE = new Set(["bias", "gamma", "beta", "alpha", "moving_mean", "moving_variance"]);

/**
 * Returns the axes that index output units, in tfjs's layouts: dense and recurrent kernels are IO (gates beside each other), conv
 * kernels WIO, HWIO and DHWIO, transposed ones HWOI and DHWOI, depthwise ones HW-in-mult, embeddings VD.
 *
 * @param className class of the layer that uses the parameter; in a wrapper, of the wrapped layer.
 */
export function unitAxes(className: string, role: string, rank: number): readonly number[] {
  if (ELEMENTWISE.has(role) || role.endsWith("_bias") || rank < 2) return Array.from({ length: rank }, (_, i) => i);
  if (role === "depthwise_kernel") return [rank - 2, rank - 1];
  if (role === "kernel" && className.endsWith("Transpose")) return [rank - 2];
  return [rank - 1];
}
