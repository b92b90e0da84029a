import type * as tf from "@tensorflow/tfjs-core";

/** One part of a model: a function over named variables. */
export interface Block {
  /** Stable name, for example `encoder/layer/0`. It begins the names of the block's weights. */
  readonly name: string;
  /** Variables by their path within the block: `attention/query/kernel`, or `kernel` for a weight of the block itself. @default {} */
  readonly variables?: { readonly [path: string]: tf.Variable };
  /**
   * Whether `call` uses random numbers in training, such as dropout. A random block is never a part of the trunk.
   * @default false
   */
  readonly random?: boolean;
  /**
   * Computes the tensors that the next block receives. The result may depend only on `inputs`, the block's variables and, if `random`
   * is true, random numbers. A tensor that only a later block uses, such as an attention mask, is returned unchanged.
   *
   * @param inputs the model's inputs for the first block, otherwise the tensors that the previous block returned. Axis 0 is the batch.
   */
  call(inputs: readonly tf.Tensor[], scope: Scope): tf.Tensor | readonly tf.Tensor[];
}

/** Gives a block access to its variables. Paths are those of the block's `variables`, without the role for a whole layer. */
export interface Scope {
  /** Whether the block runs in a training step. */
  readonly training: boolean;
  /** Returns the value of one variable. @throws OptionsError if the block has no such variable. */
  weight(path: string): tf.Tensor;
  /**
   * Computes x · `kernel` + `bias` over the last axis. A patch such as LoRA can change the result.
   *
   * @param layer path of the layer within the block; "" for the block's own `kernel` and `bias`. The bias is optional.
   * @param x [..., inputs]
   * @returns [..., outputs]
   * @throws OptionsError if the block has no such layer.
   */
  dense(layer: string, x: tf.Tensor): tf.Tensor;
  /**
   * Looks up rows of `embeddings` [size, width]. A patch can change the result.
   *
   * @param layer path of the layer within the block; "" for the block's own `embeddings`.
   * @param ids [...], whole numbers from 0 to size − 1
   * @returns [..., width]
   * @throws OptionsError if the block has no such layer.
   */
  embed(layer: string, ids: tf.Tensor): tf.Tensor;
  /**
   * Normalizes over the last axis, then scales by `gamma` and shifts by `beta`. A patch can change the result.
   *
   * @param layer path of the layer within the block; "" for the block's own `gamma` and `beta`.
   * @param epsilon added to the variance. @default 1e-5
   * @throws OptionsError if the block has no such layer.
   */
  layerNorm(layer: string, x: tf.Tensor, epsilon?: number): tf.Tensor;
  /**
   * Applies dropout in training and returns `x` otherwise.
   *
   * @param rate share of the values that become 0, in [0, 1)
   * @throws OptionsError if the block does not declare `random: true`.
   */
  dropout(x: tf.Tensor, rate: number): tf.Tensor;
}
