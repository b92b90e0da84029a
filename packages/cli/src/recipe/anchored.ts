import { resolve } from "node:path";
import type { Recipe } from "@graftjs/registry";

/** Returns a recipe whose observers write to absolute paths: like every path in a recipe, `to` is relative to the recipe's file. */
export function anchored(recipe: Recipe, folder: string): Recipe {
  const { observers } = recipe;
  if (!Array.isArray(observers)) return recipe;
  return {
    ...recipe,
    observers: observers.map((use) => {
      const to = destinationOf(use);
      return to === undefined ? use : { ...use, with: { ...use.with, to: resolve(folder, to) } };
    }),
  };
}

/** Returns the path that an observer in a recipe writes to, as the recipe gives it. */
export function destinationOf(use: unknown): string | undefined {
  const { to } = ((use as { with?: { to?: unknown } } | null)?.with ?? {}) as { to?: unknown };
  return typeof to === "string" ? to : undefined;
}
