import * as layers from "@tensorflow/tfjs-layers";

const { dense, conv2d, batchNormalization, reLU, globalAveragePooling2d, dropout } = layers.layers;
const init = (seed: number) => layers.initializers.glorotNormal({ seed });

/** Makes two dense layers and a softmax head on 4 inputs. */
export function mlp({ classes = 3 }: { classes?: number } = {}): layers.LayersModel {
  return layers.sequential({
    layers: [
      dense({ inputShape: [4], units: 8, activation: "tanh", name: "trunk", kernelInitializer: init(1) }),
      dense({ units: 6, activation: "relu", name: "middle", kernelInitializer: init(2) }),
      dense({ units: classes, activation: "softmax", name: "head", kernelInitializer: init(3) }),
    ],
  });
}

/** Makes two blocks of conv, BN and ReLU, then pooling, optional dropout and a head. 8×8×2 in, 3 classes out. */
export function convNet({ dropoutRate = 0 }: { dropoutRate?: number } = {}): layers.LayersModel {
  const input = layers.input({ shape: [8, 8, 2] });
  let x = input;
  for (const [i, filters] of [4, 6].entries()) {
    const block = (name: string) => `${name}_${i}`;
    x = conv2d({ filters, kernelSize: 3, padding: "same", name: block("conv"), kernelInitializer: init(10 + i) }).apply(
      x,
    ) as layers.SymbolicTensor;
    x = batchNormalization({ name: block("bn") }).apply(x) as layers.SymbolicTensor;
    x = reLU({ name: block("relu") }).apply(x) as layers.SymbolicTensor;
  }
  x = globalAveragePooling2d({ name: "pool" }).apply(x) as layers.SymbolicTensor;
  if (dropoutRate > 0) x = dropout({ rate: dropoutRate, name: "drop" }).apply(x) as layers.SymbolicTensor;
  const out = dense({ units: 3, activation: "softmax", name: "head", kernelInitializer: init(20) }).apply(x);
  return layers.model({ inputs: input, outputs: out as layers.SymbolicTensor });
}
