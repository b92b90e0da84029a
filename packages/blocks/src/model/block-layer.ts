import { type CallableLayer, type CallOptions, onlyTensor, type WeightLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { dense } from "../ops/dense.ts";
import { embed } from "../ops/embed.ts";
import { layerNorm } from "../ops/layer-norm.ts";

/** Roles that the forward pass writes; core names them in the same way. */
const STATISTICS: ReadonlySet<string> = new Set(["moving_mean", "moving_variance"]);

/**
 * The weights under one path of a block, in the form of a layer of tfjs-layers. Patches find it, replace its `call` or swap its
 * weights, as they do with a layer.
 */
export class BlockLayer implements CallableLayer {
  /** Stable path: the block's name and the path within the block. */
  readonly name: string;
  trainable = true;
  readonly weights: readonly WeightLike[];
  kernel: WeightLike | undefined;
  bias: WeightLike | undefined;
  embeddings: WeightLike | undefined;
  gamma: WeightLike | undefined;
  beta: WeightLike | undefined;
  /** Absent: a block applies its activations itself. */
  activation: { apply(x: tf.Tensor): tf.Tensor } | undefined;
  private readonly className: string;

  constructor(name: string, variables: ReadonlyMap<string, tf.Variable>) {
    this.name = name;
    const weights = new Map([...variables].map(([role, variable]) => [role, weightOf(`${name}/${role}`, variable)]));
    this.weights = [...weights.values()];
    this.kernel = weights.get("kernel");
    this.bias = weights.get("bias");
    this.embeddings = weights.get("embeddings");
    this.gamma = weights.get("gamma");
    this.beta = weights.get("beta");
    this.className = classOf(variables);
  }

  getClassName(): string {
    return this.className;
  }

  get trainableWeights(): readonly WeightLike[] {
    return this.weights.filter(({ originalName }) => !isStatistic(originalName));
  }

  /**
   * Computes the layer with the weights that its fields hold at the time of the call.
   *
   * @param kwargs `epsilon`, the number added to the variance in a layer norm. @default 1e-5
   */
  call(inputs: tf.Tensor | tf.Tensor[], kwargs: CallOptions = {}): tf.Tensor {
    const x = onlyTensor(inputs);
    return tf.tidy(() => {
      const y = this.compute(x, kwargs);
      return this.activation?.apply(y) ?? y;
    });
  }

  private compute(x: tf.Tensor, { epsilon = 1e-5 }: CallOptions): tf.Tensor {
    const { kernel, bias, embeddings, gamma, beta } = this;
    if (this.className === "Dense" && kernel) return dense(x, kernel.read(), bias?.read());
    if (this.className === "Embedding" && embeddings) return embed(x, embeddings.read());
    if (this.className === "LayerNormalization" && gamma && beta)
      return layerNorm(x, gamma.read(), beta.read(), epsilon as number);
    throw new Error(`\`${this.name}\` has weights only and computes nothing itself. Read them with \`scope.weight\`.`);
  }
}

/** Whether the forward pass writes the weight of this name, and not the optimizer. */
export function isStatistic(name: string): boolean {
  return STATISTICS.has(name.slice(name.lastIndexOf("/") + 1));
}

function weightOf(originalName: string, variable: tf.Variable): WeightLike {
  return { originalName, trainable: true, read: () => variable };
}

/** Returns the class of tfjs-layers whose weights have these roles and ranks, or "Weights". */
function classOf(variables: ReadonlyMap<string, tf.Variable>): string {
  const kinds = [...variables].map(([role, { rank }]) => `${role}:${rank}`).sort();
  const found = kinds.join();
  if (found === "kernel:2" || found === "bias:1,kernel:2") return "Dense";
  if (found === "embeddings:2") return "Embedding";
  return found === "beta:1,gamma:1" ? "LayerNormalization" : "Weights";
}
