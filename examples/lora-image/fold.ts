import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** The parts of a model's JSON that change. */
interface LayerJson {
  readonly class_name: string;
  readonly config: { readonly name: string; use_bias?: boolean; readonly epsilon: number };
  readonly inbound_nodes: [string, ...unknown[]][][];
}

/**
 * Makes a copy of a model in which every batch norm is part of the convolution before it. The copy computes the same, and its convolutions
 * have a bias. It is for nets such as MobileNetV2: their convolutions have no bias of their own, and no activation before the batch norm.
 */
export async function folded(model: tfl.LayersModel): Promise<tfl.LayersModel> {
  const json = JSON.parse(model.toJSON() as string) as { config: { layers: LayerJson[] } };
  const isNorm = ({ class_name }: LayerJson): boolean => class_name === "BatchNormalization";
  const norms = json.config.layers.filter(isNorm);
  const sources = new Map(norms.map(({ config, inbound_nodes: [node] }) => [config.name, node?.[0]?.[0] as string]));
  json.config.layers = json.config.layers.filter((layer) => !isNorm(layer));
  for (const { config, inbound_nodes } of json.config.layers) {
    if ([...sources.values()].includes(config.name)) config.use_bias = true;
    for (const input of inbound_nodes.flat()) input[0] = sources.get(input[0]) ?? input[0];
  }
  const topology = json as unknown as Parameters<typeof tfl.models.modelFromJSON>[0];
  const copy = await tfl.models.modelFromJSON(topology);
  tf.tidy(() => {
    for (const layer of copy.layers) {
      const weights = model.getLayer(layer.name).getWeights();
      const missing = layer.weights.slice(weights.length).map(({ shape }) => tf.zeros(shape as number[]));
      layer.setWeights([...weights, ...missing]);
    }
    for (const { config } of norms) {
      const [gamma, beta, mean, variance] = model.getLayer(config.name).getWeights() as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const scale = tf.div(gamma, tf.sqrt(tf.add(variance, config.epsilon)));
      const conv = copy.getLayer(sources.get(config.name) as string);
      const [kernel] = conv.getWeights() as [tf.Tensor];
      // The channels of a depthwise kernel are the axis before the last.
      const channels = conv.getClassName() === "DepthwiseConv2D" ? [-1, 1] : [-1];
      conv.setWeights([tf.mul(kernel, tf.reshape(scale, channels)), tf.sub(beta, tf.mul(mean, scale))]);
    }
  });
  return copy;
}
