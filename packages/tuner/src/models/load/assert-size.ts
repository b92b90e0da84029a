import type * as layers from "@tensorflow/tfjs-layers";
import { LoadError } from "../../files/load-error.ts";
import { raise } from "./load-limits.ts";

/**
 * Checks how deeply a configuration is nested. The functions that read it call themselves for each level.
 *
 * @throws LoadError if it has more than `maxDepth` levels.
 */
export function assertDepth(topology: unknown, maxDepth: number, file: string): void {
  let level: unknown[] = [topology];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth)
      throw new LoadError(
        `The model in ${file} is nested more deeply than ${maxDepth} levels.`,
        `${raise("maxDepth")} A model in a model takes 4 levels.`,
      );
    level = level.flatMap((part) => (typeof part === "object" && part !== null ? Object.values(part) : []));
  }
}

/**
 * Checks the number of values that each layer computes for one example, also in nested models.
 *
 * @throws LoadError that names the first layer whose output has more than `most` values.
 */
export function assertOutputs(list: readonly layers.layers.Layer[], most: number, file: string): void {
  for (const layer of list) {
    const nodes = (layer as unknown as { inboundNodes: readonly { outputShapes: Shapes }[] }).inboundNodes;
    for (const shape of nodes.flatMap(({ outputShapes }) => shapesOf(outputShapes))) {
      const values = shape.reduce<number>((product, n) => product * (n ?? 1), 1);
      if (!(values <= most))
        throw new LoadError(
          `Layer \`${layer.name}\` of ${file} computes [${shape.map((n) => n ?? "batch")}], ${values} values per example; at most ${most} are allowed.`,
          raise("maxOutputValues"),
        );
    }
    const { layers: nested } = layer as { layers?: readonly layers.layers.Layer[] };
    if (nested) assertOutputs(nested, most, file);
  }
}

type Shape = readonly (number | null)[];
type Shapes = Shape | readonly Shape[];

function shapesOf(shapes: Shapes): readonly Shape[] {
  return shapes.every((shape) => Array.isArray(shape)) && shapes.length > 0
    ? (shapes as readonly Shape[])
    : [shapes as Shape];
}
