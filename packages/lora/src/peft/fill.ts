import type { StoredTensor } from "@graftjs/tuner";
import type { Layout } from "./layouts.ts";
import { FLOATS } from "./stored-values.ts";

/** A stored tensor and the parameter that takes its values. */
export interface Fill {
  readonly role: string;
  readonly layout: Layout;
  readonly stored: StoredTensor;
}

/** A parameter that a file must have. */
export interface WantedTensor {
  readonly role: string;
  readonly layout: Layout;
}

/**
 * Compares the tensors of a module with those that its layer takes.
 *
 * @param problems receives one line per missing, unexpected or unsuitable tensor
 */
export function matchTensors(
  module: string,
  layer: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  wanted: readonly WantedTensor[],
  problems: string[],
): readonly Fill[] {
  const suffixes = wanted.map(({ layout }) => layout.suffix);
  for (const suffix of tensors.keys())
    if (!suffixes.includes(suffix)) problems.push(`\`${module}.${suffix}\` does not fit the layer \`${layer}\`.`);
  return wanted.flatMap(({ role, layout }) => {
    const key = `${module}.${layout.suffix}`;
    const stored = tensors.get(layout.suffix);
    if (!stored) problems.push(`\`${key}\` is missing.`);
    else if (!FLOATS.has(stored.dtype)) problems.push(`\`${key}\` has the type ${stored.dtype}, but must have floats.`);
    else if (stored.shape.join() !== layout.shape.join())
      problems.push(`\`${key}\` is [${stored.shape}], but \`${layer}\` takes [${layout.shape}].`);
    return stored ? [{ role, layout, stored }] : [];
  });
}
