/** Name and shape of a parameter. */
export type Shape = readonly [name: string, shape: readonly number[]];

/** Returns the 158 trainable tensors of MobileNetV2, width 1, 1,000 classes: 3.5 M parameters. */
export function mobileNetV2(): readonly Shape[] {
  const shapes: Shape[] = [];
  const conv = (name: string, shape: readonly number[], channels: number): void => {
    shapes.push([`${name}/kernel`, shape], [`${name}_bn/gamma`, [channels]], [`${name}_bn/beta`, [channels]]);
  };
  conv("conv1", [3, 3, 3, 32], 32);
  let [input, block] = [32, 0];
  for (const [expansion, output, repeats] of [
    [1, 16, 1],
    [6, 24, 2],
    [6, 32, 3],
    [6, 64, 4],
    [6, 96, 3],
    [6, 160, 3],
    [6, 320, 1],
  ] as const) {
    for (let i = 0; i < repeats; i++) {
      const [wide, name] = [input * expansion, `block_${block++}`];
      if (expansion > 1) conv(`${name}_expand`, [1, 1, input, wide], wide);
      conv(`${name}_depthwise`, [3, 3, wide, 1], wide);
      conv(`${name}_project`, [1, 1, wide, output], output);
      input = output;
    }
  }
  conv("conv_last", [1, 1, 320, 1280], 1280);
  return [...shapes, ["head/kernel", [1280, 1000]], ["head/bias", [1000]]];
}

/** Returns the 161 trainable tensors of ResNet-50, 1,000 classes: 25.6 M parameters. */
export function resNet50(): readonly Shape[] {
  const shapes: Shape[] = [];
  const conv = (name: string, size: number, input: number, output: number): void => {
    shapes.push([`${name}/kernel`, [size, size, input, output]], [`${name}_bn/gamma`, [output]]);
    shapes.push([`${name}_bn/beta`, [output]]);
  };
  conv("conv1", 7, 3, 64);
  let input = 64;
  for (const [stage, width, repeats] of [
    [2, 64, 3],
    [3, 128, 4],
    [4, 256, 6],
    [5, 512, 3],
  ] as const) {
    for (let i = 0; i < repeats; i++) {
      const name = `conv${stage}_block${i}`;
      if (i === 0) conv(`${name}_0`, 1, input, 4 * width);
      conv(`${name}_1`, 1, input, width);
      conv(`${name}_2`, 3, width, width);
      conv(`${name}_3`, 1, width, 4 * width);
      input = 4 * width;
    }
  }
  return [...shapes, ["head/kernel", [2048, 1000]], ["head/bias", [1000]]];
}
