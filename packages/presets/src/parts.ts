import { adam, type AnyRule, type Callback, type ModelPatch } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { averageWithStart } from "@graftjs/gradient-surgery";

/** A part of a recipe as JSON. */
export type Use = string | { readonly use: string; readonly with: object };

/** The JSON of the parts that this package makes. Parts of the caller are described by their names. */
const uses = new WeakMap<object, Use>();

function noted<T extends object>(part: T, use: Use): T {
  uses.set(part, use);
  return part;
}

/** Returns the JSON of a part: with its options if this package made it, else only its name. */
export function useOf(part: { readonly name?: string }): Use {
  return uses.get(part) ?? part.name ?? "a part without a name";
}

export const adamRule = (): AnyRule => noted(adam(), "adam");
export const frozenBn = (): ModelPatch => noted(frozenBatchNorm(), "frozen-bn");
export const average = (weight: number): Callback =>
  noted(averageWithStart({ weight }), { use: "average-with-start", with: { weight } });
