import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type LossUse, lossOfOutput } from "../data/loss-of-output.ts";

/** Losses that take the numbers before an activation, and the loss that takes the numbers after it. */
const LOGITS: Readonly<Record<string, { readonly activation: string; readonly after: string }>> = {
  softmaxCrossEntropy: { activation: "softmax", after: "categoricalCrossentropy" },
  sparseSoftmaxCrossEntropy: { activation: "softmax", after: "sparseCategoricalCrossentropy" },
  sigmoidCrossEntropy: { activation: "sigmoid", after: "binaryCrossentropy" },
};

/** Lists the outputs of a model whose last activation does not suit their loss, each with the cure. */
export function lossWarnings({ outputs, outputNames }: LayersModel, loss: LossUse): readonly string[] {
  return outputs.flatMap((output, i) => {
    const one = lossOfOutput(outputNames, loss, i);
    const name = typeof one === "string" ? one : one?.name;
    const activation = activationOf((output as unknown as { sourceLayer: OutputLayer }).sourceLayer);
    const where = `the output \`${outputNames[i]}\` ends in ${activation === "linear" ? "no activation" : activation}`;
    const taking = Object.entries(LOGITS).find(([, { after }]) => after === name);
    const logits = name === undefined ? undefined : LOGITS[name];
    if (logits && activation === logits.activation)
      return [`Warning: ${where}, but the loss ${name} applies ${activation} itself. Use the loss ${logits.after}.`];
    if (taking && activation === "linear")
      return [`Warning: ${where}, but the loss ${name} takes probabilities. Use the loss ${taking[0]}.`];
    return [];
  });
}

interface OutputLayer {
  getClassName(): string;
  getConfig(): { readonly activation?: unknown };
}

/** Returns the name of a layer's activation, or undefined if the layer does not tell. */
function activationOf(layer: OutputLayer): string | undefined {
  if (layer.getClassName() === "Softmax") return "softmax";
  const { activation } = layer.getConfig();
  return typeof activation === "string" ? activation : undefined;
}
