import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { GraphModelLike } from "../graph/graph-model.ts";

/**
 * Converts a tuned GraphModel to artifacts that stock tfjs can save and load. Topology and signature stay the same; the weights are
 * the current ones. Weights that were quantised are stored as float32.
 *
 * @throws OptionsError if the model does not hold the topology it was loaded from.
 */
export async function graphArtifacts(model: GraphModelLike): Promise<tf.io.ModelArtifacts> {
  const { artifacts } = model as unknown as { artifacts?: tf.io.ModelArtifacts };
  if (!artifacts)
    throw new OptionsError("The GraphModel has no topology.", "Load it with tf.loadGraphModel of tfjs-converter 4.");
  const named = (artifacts.weightSpecs ?? []).flatMap(({ name }) => {
    const tensor = model.weights[name]?.[0];
    return tensor ? [{ name, tensor }] : [];
  });
  const { data, specs } = await tf.io.encodeWeights(named);
  return { ...artifacts, weightSpecs: specs, weightData: data };
}
