import { type LayersLike, layerPath, seeded, walkLayers } from "@graftjs/core";
import { type H5Values, type H5Wasm, LoadError, readH5 } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { type AdapterPatch, adapterPatch, type PlannedChange } from "../adapter/adapter-patch.ts";
import { loraChange } from "../methods/lora.ts";
import { findTargets } from "../targets/find-targets.ts";
import { type Target, withOutputs } from "../targets/target.ts";

/**
 * Makes a patch from a `*.lora.h5` file, as keras-hub's `save_lora_weights` writes it. The file has no names: it numbers the layers
 * that have weights. So the model must have the same layers in the same order, and none inside another model. α is the rank, as in
 * Keras.
 *
 * @param h5wasm the module `await import("h5wasm")`
 * @param model the model that the patch is for. It is not changed before `apply`.
 * @throws LoadError with all problems if the file is damaged, or if its layers do not fit the model's
 */
export async function readKerasLora(bytes: Uint8Array, h5wasm: H5Wasm, model: LayersLike): Promise<AdapterPatch> {
  const places = walkLayers(model).filter(({ layer }) => layer.weights.length > 0);
  const nested = places.find(({ around }) => around.length > 0);
  if (nested)
    throw new LoadError(
      `\`${layerPath(nested)}\` is inside another layer, so the numbers in a .lora.h5 file do not tell which layer is meant.`,
      "Use a model without nested models, or merge the adapter in Keras by saving the whole model.",
    );
  const kernels = new Map(
    findTargets(model).flatMap((target): [string, Target][] =>
      target.weight.role === "kernel" ? [[target.path, target]] : [],
    ),
  );
  // Some numbers more than the model has layers, to notice the adapter of a larger model.
  const numbers = Array.from({ length: 2 * places.length + 16 }, (_, i) => i);
  const pathOf = (i: number, side: "a" | "b"): string => `lora/${i}/vars/lora_kernel_${side}`;
  const paths = numbers.flatMap((i) => [pathOf(i, "a"), pathOf(i, "b")]);
  const found = await readH5(bytes, h5wasm, paths);
  const problems: string[] = [];
  const changes = numbers.flatMap((i): readonly PlannedChange[] => {
    const [a, b] = [found.get(pathOf(i, "a")), found.get(pathOf(i, "b"))];
    if (!a && !b) return [];
    const place = places[i];
    const target = place && kernels.get(layerPath(place));
    if (a && b && target && fits(target, a, b)) return [filled(target, a, b)];
    const shape = target ? ` [${target.weight.shape}]` : ", which has no kernel";
    const layer = place ? `\`${layerPath(place)}\`${shape}` : "none";
    const sides = `a [${a?.shape ?? "missing"}] and b [${b?.shape ?? "missing"}]`;
    problems.push(`lora/${i} has ${sides}. The layer with this number: ${layer}.`);
    return [];
  });
  if (found.size === 0) problems.push("The file has no `lora/<number>/vars/lora_kernel_a`.");
  if (problems.length > 0)
    throw new LoadError(
      `The .lora.h5 file does not fit \`${model.name}\`.`,
      [...problems, "Is it the adapter of another model?"].join("\n"),
    );
  return adapterPatch("lora", () => changes);
}

function fits(target: Target, a: H5Values, b: H5Values): boolean {
  const [rank = 0] = b.shape;
  const wanted = [withOutputs(target, rank), [rank, target.outputs]];
  return rank > 0 && [a.shape, b.shape].join(";") === wanted.join(";");
}

function filled(target: Target, a: H5Values, b: H5Values): PlannedChange {
  const rank = b.shape[0] as number;
  return {
    target,
    make: (of) => {
      const settings = { rank, scale: 1, dropout: 0, initialization: "default" } as const;
      const change = loraChange(of, settings, seeded(0, "keras", of.name));
      tf.tidy(() => {
        change.a.assign(tf.tensor(a.values, [...a.shape]));
        change.b.assign(tf.tensor(b.values, [...b.shape]));
      });
      return change;
    },
  };
}
