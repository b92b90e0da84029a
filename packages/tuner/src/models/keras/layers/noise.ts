import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, stockClass } from "./base.ts";

interface Dropout {
  rate: number;
  seed: number | undefined;
  getConfig(): tf.serialization.ConfigDict;
}
type DropoutClass = new (args: Args) => tfl.layers.Layer & Dropout;

/** Creates the class lazily, because tfjs-layers does not export the one that it extends. */
export function spatialDropoutClass(): tf.serialization.SerializableConstructor<tf.serialization.Serializable> {
  /**
   * Dropout of whole slices: `SpatialDropout2D` and `SpatialDropout3D` drop feature maps, `StochasticDepth` drops examples. `shared`
   * lists the axes along which a slice is dropped or kept as one.
   */
  class KerasSpatialDropout extends stockClass<DropoutClass>("Dropout") {
    static readonly className = "KerasSpatialDropout";
    readonly shared: readonly number[];

    constructor(args: Args) {
      super(args);
      this.shared = args.shared as number[];
    }

    override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
      const x = onlyTensor(inputs);
      if (!(kwargs.training && this.rate > 0)) return x;
      const noise = x.shape.map((size, axis) => (this.shared.includes(axis) ? 1 : size));
      return tf.dropout(x, this.rate, noise, this.seed);
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { ...super.getConfig(), shared: [...this.shared] };
    }
  }
  return KerasSpatialDropout as never;
}
