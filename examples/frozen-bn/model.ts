import { HookedOptimizer, namedParams, type Param, sgd } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import * as tfl from "@tensorflow/tfjs-layers";

/** Adds a new head to the backbone. Gamma, beta and the head train; every convolution is frozen. */
export function withHead(backbone: tfl.LayersModel, classes: number, seed: number): tfl.LayersModel {
  const pooled = tfl.layers.globalAveragePooling2d({ name: "pool" } as never).apply(backbone.outputs);
  const kernelInitializer = tfl.initializers.glorotUniform({ seed });
  const head = tfl.layers.dense({ units: classes, activation: "softmax", kernelInitializer, name: "head" });
  const model = tfl.model({ inputs: backbone.inputs, outputs: head.apply(pooled) as tfl.SymbolicTensor });
  for (const layer of model.layers) {
    layer.trainable = layer.getClassName() === "BatchNormalization" || layer.name === "head";
  }
  return model;
}

/** Compiles the model for `fit`, with frozen batch norm or with that of stock tfjs. */
export function compiled(
  model: tfl.LayersModel,
  { frozen }: { readonly frozen: boolean },
): { readonly params: readonly Param[]; readonly optimizer: HookedOptimizer; restore(): void } {
  const handle = frozen ? frozenBatchNorm({ blocks: "folded" }).apply(model) : undefined;
  const params = namedParams(model);
  const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.01 });
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  return { params, optimizer, restore: () => handle?.restore() };
}
