import { type LayersLike, OptionsError } from "@graftjs/core";
import { everyLayer } from "./every-layer.ts";

/** A layer of tfjs-layers that cannot be trained right. */
interface Refusal {
  readonly why: string;
  readonly fix: string;
}

interface Layer {
  getClassName(): string;
  readonly dilationRate?: readonly number[];
}

const KERAS_FILE = "Or load the model from its Keras file with loadModel, which uses a layer with Keras's numbers.";

/** Reasons to refuse a layer by its class. Each returns undefined if the layer is right. */
const REFUSALS: Readonly<Record<string, (layer: Layer) => Refusal | undefined>> = {
  DepthwiseConv2D: ({ dilationRate = [] }) =>
    dilationRate.every((rate) => rate === 1)
      ? undefined
      : {
          why: `tfjs-layers ignores its \`dilationRate\` of ${dilationRate.join(" × ")}, so it predicts and trains as with a rate of 1.`,
          fix: `Set \`dilationRate\` to 1 if these are the numbers you want. ${KERAS_FILE}`,
        },
  Resizing: () => ({
    why: "tfjs-layers states a wrong output shape for it and cannot run it within a model.",
    fix: `Resize the pictures before training, for example with tf.image.resizeBilinear. ${KERAS_FILE}`,
  }),
};

/** @throws OptionsError that names every layer of tfjs-layers that the model contains and that cannot compute the right values. */
export function refuseLayers(model: LayersLike): void {
  const refused = everyLayer(model).flatMap(({ path, layer }) => {
    const kind = (layer as Layer).getClassName();
    const refusal = Object.hasOwn(layer, "call") ? undefined : REFUSALS[kind]?.(layer as Layer);
    return refusal ? [{ ...refusal, why: `\`${path}\` (${kind}): ${refusal.why}` }] : [];
  });
  if (refused.length === 0) return;
  throw new OptionsError(
    refused.map(({ why }) => why).join("\n"),
    [...new Set(refused.map(({ fix }) => fix))].join("\n"),
  );
}
