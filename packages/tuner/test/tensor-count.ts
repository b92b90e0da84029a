import * as tf from "@tensorflow/tfjs-core";

interface Engine {
  trackTensor(tensor: tf.Tensor, ...rest: unknown[]): void;
  disposeTensor(tensor: tf.Tensor): void;
}

export async function peakOf<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly peak: number }> {
  const prototype = Object.getPrototypeOf(tf.engine()) as Engine;
  const { trackTensor, disposeTensor } = prototype;
  let alive = tf.memory().numBytes;
  let peak = alive;
  prototype.trackTensor = function (this: Engine, tensor, ...rest) {
    trackTensor.call(this, tensor, ...rest);
    alive += tensor.size * tf.util.bytesPerElement(tensor.dtype);
    peak = Math.max(peak, alive);
  };
  prototype.disposeTensor = function (this: Engine, tensor) {
    disposeTensor.call(this, tensor);
    alive -= tensor.size * tf.util.bytesPerElement(tensor.dtype);
  };
  try {
    const value = await work();
    if (alive !== tf.memory().numBytes) throw new Error(`Counted ${alive} bytes, tfjs ${tf.memory().numBytes}.`);
    return { value, peak };
  } finally {
    Object.assign(prototype, { trackTensor, disposeTensor });
  }
}
