import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, singleShape, stockClass } from "./base.ts";

type Class = tf.serialization.SerializableConstructor<tf.serialization.Serializable>;
type Config = tf.serialization.ConfigDict;
type Activation = { apply(x: tf.Tensor): tf.Tensor };

interface Cell extends tfl.layers.Layer {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  kernel: tfl.LayerVariable;
  recurrentKernel: tfl.LayerVariable;
  bias: tfl.LayerVariable | null;
  dropoutMask: tf.Tensor[] | null;
  recurrentDropoutMask: tf.Tensor[] | null;
  getConfig(): Config;
}
type CellClass = new (args: Args) => Cell;
type GruClass = new (args: Args) => tfl.layers.Layer & { cell: Cell; getConfig(): Config };

/**
 * Creates `GRUCell` and `GRU` with `reset_after`, Keras's default, which tfjs-layers refuses: the reset gate acts on the product with
 * the recurrent kernel, which has a bias of its own.
 */
export function gruClasses(): readonly Class[] {
  class KerasGRUCell extends stockClass<CellClass>("GRUCell") {
    static readonly className = "KerasGRUCell";
    readonly #args: Args;

    constructor(args: Args) {
      super({ ...args, resetAfter: false });
      this.#args = args;
    }

    override build(shape: tfl.Shape | tfl.Shape[]): void {
      const part = (name: string): never => (this as unknown as Record<string, unknown>)[name] as never;
      const add = (name: string, prefix: string, sizes: number[]): tfl.LayerVariable => {
        const [initial, regular, bound] = ["Initializer", "Regularizer", "Constraint"].map((kind) =>
          part(prefix + kind),
        );
        return this.addWeight(name, sizes, "float32", initial as never, regular as never, true, bound as never);
      };
      const gates = 3 * this.units;
      this.kernel = add("kernel", "kernel", [singleShape(shape).at(-1) as number, gates]);
      this.recurrentKernel = add("recurrent_kernel", "recurrent", [this.units, gates]);
      this.bias = this.useBias ? add("bias", "bias", [2, gates]) : null;
      this.built = true;
    }

    override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor[] {
      return tf.tidy(() => {
        const [x, before] = inputs as [tf.Tensor2D, tf.Tensor2D];
        const training = kwargs.training === true;
        this.dropoutMask ??= maskOf(x, this.dropout, training);
        this.recurrentDropoutMask ??= maskOf(before, this.recurrentDropout, training);
        const dropped = this.dropoutMask ? tf.mul(x, this.dropoutMask[0] as tf.Tensor) : x;
        const state = this.recurrentDropoutMask ? tf.mul(before, this.recurrentDropoutMask[0] as tf.Tensor) : before;
        const [inputBias, stateBias] = this.bias ? tf.unstack(this.bias.read()) : [undefined, undefined];
        const [xz, xr, xh] = thirds(dropped, this.kernel, inputBias);
        const [hz, hr, hh] = thirds(state, this.recurrentKernel, stateBias);
        const update = this.recurrentActivation.apply(tf.add(xz, hz));
        const reset = this.recurrentActivation.apply(tf.add(xr, hr));
        const candidate = this.activation.apply(tf.add(xh, tf.mul(reset, hh)));
        const after = tf.add(tf.mul(update, before), tf.mul(tf.sub(1, update), candidate));
        return [after, after];
      });
    }

    override getConfig(): Config {
      return { ...super.getConfig(), resetAfter: (this.#args.resetAfter as boolean | undefined) ?? true };
    }
  }

  class KerasGRU extends stockClass<GruClass>("GRU") {
    static readonly className = "KerasGRU";

    constructor(args: Args) {
      super({ ...args, resetAfter: false });
      this.cell = new KerasGRUCell({ ...args, name: "gru_cell" } as Args);
    }

    override getConfig(): Config {
      return { ...super.getConfig(), resetAfter: true };
    }
  }
  return [KerasGRUCell, KerasGRU] as unknown as Class[];
}

/** Multiplies by a kernel, adds the bias, and splits the result into the parts of the update gate, reset gate and candidate. */
function thirds(
  x: tf.Tensor,
  kernel: tfl.LayerVariable,
  bias: tf.Tensor | undefined,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const product = tf.matMul(x as tf.Tensor2D, kernel.read() as tf.Tensor2D);
  return tf.split(bias ? tf.add(product, bias) : product, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
}

/** Draws a dropout mask that lasts for a whole batch, as tfjs-layers' cells do. */
function maskOf(like: tf.Tensor, rate: number, training: boolean): tf.Tensor[] | null {
  if (!(training && rate > 0 && rate < 1)) return null;
  return [tf.keep(tf.dropout(tf.onesLike(like), rate))];
}
