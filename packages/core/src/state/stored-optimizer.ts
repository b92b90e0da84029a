import * as tf from "@tensorflow/tfjs-core";
import { RecipeError } from "../errors.ts";

/**
 * `tf.loadLayersModel` makes this optimizer for a model that was saved with a HookedOptimizer and `includeOptimizer`. It
 * holds the saved state for the optimizer that you build. It cannot train, because hooks are code and not in the file:
 *
 * ```ts
 * registerHookedOptimizer();
 * const model = await tf.loadLayersModel(url);
 * const optimizer = new HookedOptimizer({ params: namedParams(model), ... });   // as before
 * await optimizer.setWeights(await model.optimizer.getWeights());
 * model.compile({ optimizer, loss });
 * ```
 */
export class StoredOptimizer extends tf.Optimizer {
  /** @nocollapse */
  static get className(): string {
    return "HookedOptimizer";
  }
  readonly #config: tf.serialization.ConfigDict;
  #weights: readonly { readonly name: string; readonly tensor: tf.Tensor }[] = [];

  constructor(config: tf.serialization.ConfigDict) {
    super();
    this.#config = config;
  }

  override async getWeights(): Promise<{ name: string; tensor: tf.Tensor }[]> {
    return [...this.#weights];
  }
  override async setWeights(weights: { name: string; tensor: tf.Tensor }[]): Promise<void> {
    this.dispose();
    // tfjs disposes the tensors that it passed.
    this.#weights = weights.map(({ name, tensor }) => ({ name, tensor: tf.keep(tf.clone(tensor)) }));
  }
  /** @throws RecipeError always: see the class. */
  override applyGradients(): void {
    throw new RecipeError(
      `This model was saved with a HookedOptimizer (${JSON.stringify(this.#config)}), and hooks are code: the file does not hold them.`,
      "Build the optimizer again over namedParams(model), call await optimizer.setWeights(await model.optimizer.getWeights()), then compile.",
    );
  }
  override getConfig(): tf.serialization.ConfigDict {
    return this.#config;
  }
  override dispose(): void {
    for (const { tensor } of this.#weights) tensor.dispose();
    this.#weights = [];
  }
}

/** Lets `tf.loadLayersModel` open models that were saved with a HookedOptimizer and `includeOptimizer`. Call it once before loading. */
export function registerHookedOptimizer(): void {
  tf.serialization.registerClass(StoredOptimizer);
}
