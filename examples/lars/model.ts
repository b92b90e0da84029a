import * as tfl from "@tensorflow/tfjs-layers";

/** Makes a net of four convolutions with batch norm and a dense head, for 28×28 digits. `seed` determines all weights. */
export function digitNet(seed: number): tfl.LayersModel {
  const model = tfl.sequential();
  const filters = [8, 16, 32, 32];
  for (const [i, count] of filters.entries()) {
    model.add(
      tfl.layers.conv2d({
        ...(i === 0 ? { inputShape: [28, 28, 1] } : {}),
        name: `conv${i + 1}`,
        filters: count,
        kernelSize: 3,
        strides: i < 3 ? 2 : 1,
        padding: "same",
        useBias: false,
        kernelInitializer: tfl.initializers.heNormal({ seed: seed + i }),
      }),
    );
    model.add(tfl.layers.batchNormalization({ name: `bn${i + 1}`, momentum: 0.9 }));
    model.add(tfl.layers.activation({ name: `relu${i + 1}`, activation: "relu" }));
  }
  model.add(tfl.layers.flatten({ name: "flatten" }));
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: seed + 9 });
  model.add(tfl.layers.dense({ name: "head", units: 10, activation: "softmax", kernelInitializer }));
  return model;
}
