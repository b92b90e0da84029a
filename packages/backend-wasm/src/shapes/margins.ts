import type { Geometry } from "./window-geometry.ts";

/** Padding around [batch, height, width, channels]. Negative numbers crop. */
export interface Margins {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Returns the padding with which the filter taps read exactly the padded image. tfjs's own padding may be too small or too
 * large at the bottom and right.
 */
export function exactMargins(g: Geometry): Margins {
  const { top, left } = g.padInfo;
  return {
    top,
    left,
    bottom: (g.outHeight - 1) * g.strideHeight + (g.filterHeight - 1) * g.dilationHeight + 1 - g.inHeight - top,
    right: (g.outWidth - 1) * g.strideWidth + (g.filterWidth - 1) * g.dilationWidth + 1 - g.inWidth - left,
  };
}
