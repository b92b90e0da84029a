import * as layers from "@tensorflow/tfjs-layers";

const { conv2d, batchNormalization, reLU, globalAveragePooling2d, dense } = layers.layers;

/** Builds three blocks of convolution, batch norm and ReLU with a head of five classes. The initial weights are seeded. */
export function net(): layers.LayersModel {
  const model = layers.sequential();
  for (const [i, filters] of [8, 16, 32].entries()) {
    const kernelInitializer = layers.initializers.heNormal({ seed: 1 + i });
    const shape = i === 0 ? { inputShape: [28, 28, 1] } : {};
    model.add(
      conv2d({
        ...shape,
        filters,
        kernelSize: 3,
        strides: i === 0 ? 1 : 2,
        useBias: false,
        kernelInitializer,
        name: `conv_${i}`,
      }),
    );
    model.add(batchNormalization({ name: `bn_${i}` }));
    model.add(reLU({ name: `relu_${i}` }));
  }
  model.add(globalAveragePooling2d({ name: "pool" }));
  model.add(
    dense({
      units: 5,
      activation: "softmax",
      kernelInitializer: layers.initializers.glorotNormal({ seed: 9 }),
      name: "classes",
    }),
  );
  return model;
}
