import * as tf from "@tensorflow/tfjs-core";

/** Asserts that all the tensors are float32. @throws Error with the op's name and the dtypes if they are not. */
export function refuseIntegers(op: string, ...tensors: readonly tf.TensorInfo[]): void {
  if (tensors.every(({ dtype }) => dtype === "float32")) return;
  const dtypes = tensors.map((tensor) => tensor.dtype).join(" and ");
  throw new Error(
    `${op} on wasm takes float32, got ${dtypes}. Cast with tf.cast(x, "float32"); integers up to 2²⁴ keep their value.`,
  );
}

/**
 * Computes matMul, bias and activation by separate ops. With a transpose or a batch, stock's fused kernel adds the bias once
 * per block of 48.
 */
export function composedFusedMatMul(
  inputs: { readonly [name: string]: tf.TensorInfo },
  attrs: tf.NamedAttrMap,
): tf.TensorInfo {
  const { a, b, bias, preluActivationWeights } = inputs as { readonly [name: string]: tf.Tensor };
  const activation = (attrs.activation as string | undefined) ?? "linear";
  return tf.tidy(() => {
    const product = tf.matMul(a as tf.Tensor, b as tf.Tensor, Boolean(attrs.transposeA), Boolean(attrs.transposeB));
    const y = bias ? tf.add(product, bias) : product;
    if (activation === "linear") return y;
    if (activation === "relu") return tf.relu(y);
    if (activation === "relu6") return tf.relu6(y);
    if (activation === "elu") return tf.elu(y);
    if (activation === "sigmoid") return tf.sigmoid(y);
    if (activation === "leakyrelu") return tf.leakyRelu(y, attrs.leakyreluAlpha as number);
    if (activation === "prelu") return tf.prelu(y, preluActivationWeights as tf.Tensor);
    throw new Error(`fused matMul: unknown activation "${activation}".`);
  });
}
