import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** Sizes of a value; null if a size is not fixed. */
export type Sizes = (number | null)[];

/** Arguments of a layer's constructor: its options under tfjs-layers' names. */
export type Args = ConstructorParameters<typeof tfl.layers.Layer>[0] & Record<string, unknown>;

/** Returns the only shape of a layer that takes one input, as a copy. */
export function singleShape(shape: tfl.Shape | tfl.Shape[]): Sizes {
  return [...((Array.isArray(shape[0]) ? shape[0] : shape) as Sizes)];
}

/** A layer of Keras with one input, which passes a mask through unchanged unless a subclass says otherwise. */
export abstract class KerasLayer extends tfl.layers.Layer {
  /** The options that `getConfig` writes, besides name and the like. */
  protected readonly options: Record<string, unknown>;

  constructor(args: Args, names: readonly string[]) {
    super(args);
    this.supportsMasking = true;
    this.options = Object.fromEntries(names.map((name) => [name, args[name] ?? null]));
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    return singleShape(shape);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...(this.options as tf.serialization.ConfigDict) };
  }
}

/** Finds the class of a layer of tfjs-layers that its package does not export. */
export function stockClass<T>(name: string): T {
  return tf.serialization.SerializationMap.getMap().classNameMap[name]?.[0] as unknown as T;
}
