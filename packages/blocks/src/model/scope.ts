import { formatNames, OptionsError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { dropout } from "../ops/dropout.ts";
import type { Scope } from "./block.ts";
import type { BlockLayer } from "./block-layer.ts";
import type { LayeredBlock } from "./block-layers.ts";

/** Makes the scope of one call of a block. */
export function scopeOf({ block, layers }: LayeredBlock, training: boolean): Scope {
  const call = (path: string, className: string, roles: string, x: tf.Tensor, options?: object): tf.Tensor => {
    const layer: BlockLayer | undefined = layers.get(path);
    if (layer?.getClassName() !== className) throw lacking(block.name, path, roles, layers);
    return layer.call(x, { training, ...options });
  };
  return {
    training,
    weight(path) {
      const slash = path.lastIndexOf("/");
      const layer = layers.get(path.slice(0, Math.max(0, slash)));
      const weight = layer?.weights.find(({ originalName }) => originalName === `${block.name}/${path}`);
      if (!weight) throw lacking(block.name, path, "this variable", layers);
      return weight.read();
    },
    dense: (layer, x) => call(layer, "Dense", "`kernel` [inputs, outputs] and at most a `bias` [outputs]", x),
    embed: (layer, ids) => call(layer, "Embedding", "only `embeddings` [size, width]", ids),
    layerNorm: (layer, x, epsilon = 1e-5) =>
      call(layer, "LayerNormalization", "only `gamma` [width] and `beta` [width]", x, { epsilon }),
    dropout(x, rate) {
      if (!block.random)
        throw new OptionsError(
          `Block \`${block.name}\` calls \`scope.dropout\` and does not declare that it is random.`,
          "Add random: true to the block. Otherwise its output could be cached.",
        );
      return training && rate > 0 ? dropout(x, rate) : x;
    },
  };
}

function lacking(block: string, path: string, roles: string, layers: ReadonlyMap<string, BlockLayer>): OptionsError {
  const names = [...layers.values()].flatMap(({ weights }) => weights.map(({ originalName }) => originalName));
  return new OptionsError(
    `Block \`${block}\` asks for \`${path}\` and has no such entry in \`variables\` with ${roles}.`,
    names.length > 0 ? `It has ${formatNames(names)}.` : "It has no variables.",
  );
}
