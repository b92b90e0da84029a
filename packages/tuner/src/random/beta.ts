import type { Random } from "./random.ts";

/** Draws from Beta(α, α) by Jöhnk's method (1964), which is exact, and fast for the small α of mixup. */
export function beta(alpha: number, random: Random): number {
  for (;;) {
    const x = random() ** (1 / alpha);
    const y = random() ** (1 / alpha);
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}
