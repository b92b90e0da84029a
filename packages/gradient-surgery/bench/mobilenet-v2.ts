import * as tfl from "@tensorflow/tfjs-layers";

const BLOCKS = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Makes MobileNetV2 (Sandler et al. 2018, table 2), α 1, with a head of `classes`. It has 158 trainable tensors. */
export function mobileNetV2(size: number, classes: number): tfl.LayersModel {
  const input = tfl.input({ shape: [size, size, 3] });
  let x = convolve(input, 32, 3, 2, true);
  let channels = 32;
  for (const [expansion, filters, repeats, stride] of BLOCKS) {
    for (let i = 0; i < repeats; i++) {
      const before = x;
      const strides = i === 0 ? stride : 1;
      let y = expansion > 1 ? convolve(x, channels * expansion, 1, 1, true) : x;
      const depthwise = tfl.layers.depthwiseConv2d({ kernelSize: 3, strides, padding: "same", useBias: false });
      y = normalized(depthwise.apply(y) as tfl.SymbolicTensor, true);
      y = convolve(y, filters, 1, 1, false);
      x = strides === 1 && channels === filters ? (tfl.layers.add().apply([before, y]) as tfl.SymbolicTensor) : y;
      channels = filters;
    }
  }
  x = convolve(x, 1280, 1, 1, true);
  x = tfl.layers.globalAveragePooling2d({ dataFormat: "channelsLast" }).apply(x) as tfl.SymbolicTensor;
  return tfl.model({
    inputs: input,
    outputs: tfl.layers.dense({ units: classes, name: "head" }).apply(x) as tfl.SymbolicTensor,
  });
}

function convolve(
  x: tfl.SymbolicTensor,
  filters: number,
  kernelSize: number,
  strides: number,
  active: boolean,
): tfl.SymbolicTensor {
  const layer = tfl.layers.conv2d({ filters, kernelSize, strides, padding: "same", useBias: false });
  return normalized(layer.apply(x) as tfl.SymbolicTensor, active);
}

function normalized(x: tfl.SymbolicTensor, active: boolean): tfl.SymbolicTensor {
  const y = tfl.layers.batchNormalization().apply(x) as tfl.SymbolicTensor;
  return active ? (tfl.layers.reLU({ maxValue: 6 }).apply(y) as tfl.SymbolicTensor) : y;
}
