import type * as layers from "@tensorflow/tfjs-layers";
import { assignWeights } from "./assign-weights.ts";
import type { H5Dataset, H5File } from "./h5-file.ts";
import { LoadError } from "../../files/load-error.ts";
import { snakeCase } from "../keras/snake-case.ts";

type Layer = layers.layers.Layer;

/** The fields of a configuration that name the groups of the weights. */
export interface KerasConfig {
  readonly class_name: string;
  readonly config: {
    readonly name: string;
    readonly layers?: readonly KerasConfig[];
    readonly layer?: KerasConfig;
    readonly cell?: KerasConfig;
    readonly cells?: readonly KerasConfig[];
  };
}

/**
 * Fills in a model's weights from a `model.weights.h5`. Keras names a layer's group by its class and its index among layers of that
 * class, not by its name.
 *
 * @throws LoadError if a layer's weights do not fit.
 */
export function assignByGroup(model: layers.LayersModel, { config }: KerasConfig, file: H5File, root: string): void {
  for (const [layer, path] of groups(config.layers ?? [], `${root}layers`)) {
    const target = model.layers.find(({ name }) => name === layer.config.name);
    // Operations that only compute masks have no layer.
    if (!target || layer.class_name === "InputLayer") continue;
    const { layer: wrapped } = layer.config;
    if (layer.config.layers) assignByGroup(target as never, layer, file, `${path}/`);
    else if (wrapped?.config.layers)
      assignByGroup((target as never as { layer: never }).layer, wrapped, file, `${path}/layer/`);
    else assignWeights(target, datasets(file, path, numberOfSets(target), layer), path);
  }
}

/** Pairs layers with their groups. */
function groups(list: readonly KerasConfig[], root: string): [KerasConfig, string][] {
  const turns = new Map<string, number>();
  return list.map((layer) => {
    const type = snakeCase(layer.class_name);
    const turn = turns.get(type) ?? 0;
    turns.set(type, turn + 1);
    return [layer, `${root}/${turn === 0 ? type : `${type}_${turn}`}`];
  });
}

/** How many datasets to look for: one more than the layer has weights, so that a surplus is noticed. */
function numberOfSets(layer: Layer): number {
  // `Normalization` stores a third one, an integer that nothing reads.
  return layer.weights.length + (layer.getClassName() === "KerasNormalization" ? 0 : 1);
}

/**
 * Lists a layer's own variables by number, then those of the layers that it wraps.
 *
 * @param entry the layer's configuration, which gives the order of stacked cells.
 * @param most number of variables after which the search stops.
 * @throws LoadError if the groups are nested deeper than any layer, as they are if a group contains itself.
 */
function datasets(file: H5File, path: string, most: number, entry?: KerasConfig, depth = 0): H5Dataset[] {
  if (!file.hasGroup(path)) return [];
  if (depth > MOST_WRAPPERS)
    throw new LoadError(`The groups at ${path} are nested too deeply.`, "Was the file saved by Keras 3?");
  const found: H5Dataset[] = [];
  while (found.length < most) {
    const set = file.dataset(`${path}/vars/${found.length}`);
    if (!set) break;
    found.push(set);
  }
  const config = entry?.config;
  const inner: [KerasConfig | undefined, string][] = WRAPPED.map((name) => [
    config?.cell ?? config?.layer,
    `${path}/${name}`,
  ]);
  for (const [next, group] of [...inner, ...groups(config?.cells ?? [], `${path}/cells`)])
    if (found.length < most) found.push(...datasets(file, group, most - found.length, next, depth + 1));
  return found;
}

const WRAPPED = ["layer", "forward_layer", "backward_layer", "cell"];
/** How deeply layers that wrap layers are nested at most. TimeDistributed(Bidirectional(RNN(cell))) has 3. */
const MOST_WRAPPERS = 8;
