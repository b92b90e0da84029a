import { type LayersLike, type NamedWeight, namedWeights } from "@graftjs/core";
import type { StoredTensor } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { type Fill, matchTensors } from "./fill.ts";
import { ownLayout } from "./layouts.ts";
import { type ModuleNames, moduleName } from "./module-names.ts";
import { assignStored } from "./stored-values.ts";

/** Weights of a layer that a file stores in full. */
export interface SavedModule {
  readonly path: string;
  readonly weights: readonly NamedWeight[];
  readonly fills: readonly Fill[];
}

/** Returns the weights of a model by the path of their layer. */
function weightsByPath(model: LayersLike): ReadonlyMap<string, readonly NamedWeight[]> {
  const layers = new Map<string, NamedWeight[]>();
  for (const weight of namedWeights(model)) {
    const path = weight.name.slice(0, -weight.role.length - 1);
    layers.set(path, [...(layers.get(path) ?? []), weight]);
  }
  return layers;
}

/**
 * Finds the layers for modules that are stored in full.
 *
 * @param problems receives one line for everything that does not fit
 */
export function matchSaved(
  model: LayersLike,
  saved: ReadonlyMap<string, ReadonlyMap<string, StoredTensor>>,
  names: ModuleNames | undefined,
  problems: string[],
): readonly SavedModule[] {
  const layers = [...weightsByPath(model)];
  return [...saved].flatMap(([module, tensors]) => {
    const [path, weights] = layers.find(([path]) => moduleName(path, names) === module) ?? [];
    if (!path || !weights) {
      problems.push(`\`${module}\` is stored in full, but \`${model.name}\` has no such layer.`);
      return [];
    }
    const wanted = weights.flatMap((weight) => {
      const layout = ownLayout(weight);
      return layout ? [{ role: weight.role, layout }] : [];
    });
    return [{ path, weights, fills: matchTensors(module, path, tensors, wanted, problems) }];
  });
}

/** Writes stored modules into the model. Returns a function that puts the earlier weights back or, with `false`, frees them. */
export function assignSaved(modules: readonly SavedModule[]): (back: boolean) => void {
  const kept = modules.flatMap(({ weights, fills }) =>
    fills.map(({ role, layout, stored }) => {
      const variable = weights.find((weight) => weight.role === role)?.variable as tf.Variable;
      const before = tf.clone(variable);
      assignStored(variable, stored, layout);
      return { variable, before };
    }),
  );
  return (back) => {
    for (const { variable, before } of kept.splice(0)) {
      if (back && !variable.isDisposed) variable.assign(before);
      before.dispose();
    }
  };
}
