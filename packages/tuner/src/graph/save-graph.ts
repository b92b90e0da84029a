import type * as tf from "@tensorflow/tfjs-core";
import type { GraphModelLike } from "./graph-model.ts";

/**
 * A tuned GraphModel as artifacts that stock tfjs saves and loads: the same topology and signature, the weights as they are
 * now, in float32 where they were quantised.
 */
export async function graphArtifacts(model: GraphModelLike): Promise<tf.io.ModelArtifacts> {
  const { artifacts } = model as unknown as { artifacts: tf.io.ModelArtifacts };
  const names = (artifacts.weightSpecs ?? []).map(({ name }) => name);
  const specs: tf.io.WeightsManifestEntry[] = [];
  const chunks: Uint8Array[] = [];
  for (const name of names) {
    const tensor = model.weights[name]?.[0];
    if (!tensor) continue;
    const { buffer, byteOffset, byteLength } = await tensor.data();
    specs.push({ name, shape: tensor.shape, dtype: tensor.dtype as tf.io.WeightsManifestEntry["dtype"] });
    chunks.push(new Uint8Array(buffer, byteOffset, byteLength));
  }
  const data = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    data.set(chunk, at);
    at += chunk.length;
  }
  return { ...artifacts, weightSpecs: specs, weightData: data.buffer };
}
