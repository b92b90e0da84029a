import * as tfl from "@tensorflow/tfjs-layers";

/** Builds a residual network with batch norm for 28×28 grey images and 5 classes. Every weight is drawn from `seed`. */
export function residualNet(seed: number): tfl.LayersModel {
  let next = seed;
  const conv = (name: string, filters: number, size: number, strides: number) =>
    tfl.layers.conv2d({
      name,
      filters,
      kernelSize: size,
      strides,
      padding: "same",
      useBias: false,
      kernelInitializer: tfl.initializers.heNormal({ seed: ++next }),
    });
  const norm = (name: string) => tfl.layers.batchNormalization({ name, momentum: 0.9, epsilon: 1e-5 });
  const relu = (name: string) => tfl.layers.activation({ name, activation: "relu" });
  const apply = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor): tfl.SymbolicTensor =>
    layer.apply(x) as tfl.SymbolicTensor;

  const block = (x: tfl.SymbolicTensor, name: string, filters: number, strides: number): tfl.SymbolicTensor => {
    let y = apply(conv(`${name}_conv1`, filters, 3, strides), x);
    y = apply(relu(`${name}_relu1`), apply(norm(`${name}_bn1`), y));
    y = apply(norm(`${name}_bn2`), apply(conv(`${name}_conv2`, filters, 3, 1), y));
    const reshaped = strides > 1 || x.shape[3] !== filters;
    const shortcut = reshaped ? apply(norm(`${name}_bn3`), apply(conv(`${name}_conv3`, filters, 1, strides), x)) : x;
    const sum = tfl.layers.add({ name: `${name}_add` }).apply([y, shortcut]) as tfl.SymbolicTensor;
    return apply(relu(`${name}_relu2`), sum);
  };

  const input = tfl.input({ shape: [28, 28, 1], name: "image" });
  let x = apply(relu("stem_relu"), apply(norm("stem_bn"), apply(conv("stem_conv", 16, 3, 1), input)));
  x = block(x, "block1", 16, 2);
  x = block(x, "block2", 32, 2);
  x = block(x, "block3", 64, 2);
  x = apply(tfl.layers.globalAveragePooling2d({ name: "pool" }), x);
  const output = apply(head(++next), x);
  return tfl.model({ inputs: input, outputs: output, name: "digits" });
}

/** Creates a dense softmax layer over 5 classes. */
export function head(seed: number, name = "head"): tfl.layers.Layer {
  return tfl.layers.dense({
    name,
    units: 5,
    activation: "softmax",
    kernelInitializer: tfl.initializers.glorotUniform({ seed }),
  });
}

/** Puts a new head on the trunk of `base`, as transfer learning does. Both models share the layers and weights of the trunk. */
export function withNewHead(base: tfl.LayersModel, seed: number): tfl.LayersModel {
  const features = base.getLayer("pool").output as tfl.SymbolicTensor;
  const outputs = head(seed, "new_head").apply(features) as tfl.SymbolicTensor;
  return tfl.model({ inputs: base.inputs, outputs, name: "digits_tuned" });
}
