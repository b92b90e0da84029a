import * as tf from "@tensorflow/tfjs-core";

/** Kernels of convolutions with a gradient that refuses dilations. The first axes of their filters are the dilated ones. */
export const DILATED: readonly string[] = ["Conv2D", "Conv3D", "DepthwiseConv2dNative"];

type Grads = { readonly [input: string]: () => tf.Tensor };

/**
 * Adds dilations to the gradient of a convolution. A dilated convolution is one with a wide filter that has zeros between its rows, so
 * the gradient is that of the wide filter, without the places of the zeros.
 *
 * @param given the present gradient. It is used if it takes the dilations, as the wasm backend's does.
 */
export function withDilations(given: tf.GradFunc): tf.GradFunc {
  return (dy, saved, attrs) => {
    const dilations = (attrs.dilations ?? 1) as number | readonly number[];
    const [x, filter] = saved as [tf.Tensor, tf.Tensor];
    const axes = filter.shape.slice(0, -2);
    const rates = axes.map((_, i) => (typeof dilations === "number" ? dilations : (dilations[i] ?? 1)));
    if (rates.every((rate) => rate === 1)) return given(dy, saved, attrs);
    try {
      return given(dy, saved, attrs);
    } catch {
      const undilated = { ...attrs, dilations: rates.map(() => 1) } as tf.NamedAttrMap;
      const grads = given(dy, [x, spread(filter, rates)], undilated) as Grads;
      return { x: () => grads.x?.() as tf.Tensor, filter: () => gathered(grads.filter?.() as tf.Tensor, rates) };
    }
  };
}

/** Puts zeros between the rows of a filter. */
function spread(filter: tf.Tensor, rates: readonly number[]): tf.Tensor {
  return alongAxes(filter, rates, (wide, rate, axis) => {
    const size = wide.shape[axis] as number;
    const zeros = tf.zeros(wide.shape.map((n, i) => (i === axis ? 1 : n)));
    const rows = Int32Array.from({ length: (size - 1) * rate + 1 }, (_, i) => (i % rate === 0 ? i / rate : size));
    return tf.gather(tf.concat([wide, zeros], axis), tf.tensor1d(rows, "int32"), axis);
  });
}

/** Takes the rows of a wide filter between which `spread` put zeros. */
function gathered(wide: tf.Tensor, rates: readonly number[]): tf.Tensor {
  return alongAxes(wide, rates, (filter, rate, axis) => {
    const size = ((filter.shape[axis] as number) - 1) / rate + 1;
    return tf.gather(
      filter,
      tf.tensor1d(
        Int32Array.from({ length: size }, (_, i) => i * rate),
        "int32",
      ),
      axis,
    );
  });
}

function alongAxes(
  filter: tf.Tensor,
  rates: readonly number[],
  change: (filter: tf.Tensor, rate: number, axis: number) => tf.Tensor,
): tf.Tensor {
  return rates.reduce(
    (all, rate, axis) => (rate === 1 || all.shape[axis] === 1 ? all : change(all, rate, axis)),
    filter,
  );
}
