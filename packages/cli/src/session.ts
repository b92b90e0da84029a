// The reference backend: a model can be read before the recipe says on which one it runs.
import "@tensorflow/tfjs-backend-cpu";
import { namedParams, openBackend, type Param } from "@graftjs/core";
import type { FineTuneOptions } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type Composed, compose } from "./compose.ts";
import { readData } from "./data.ts";
import { readModel } from "./model.ts";
import { type RecipeFile, readRecipe } from "./recipe-file.ts";

/** A recipe with everything it names in hand: what `run` and `plan` begin with. */
export interface Session extends Composed {
  readonly file: RecipeFile;
  readonly model: LayersModel;
  readonly options: FineTuneOptions;
  dispose(): Promise<void>;
}

/** Reads recipe, model, plugins and data. Everything that can be wrong is found here, before anything is trained or written. */
export async function openSession(path: string, cwd: string): Promise<Session> {
  // tfjs greets on the cpu backend with advice to install another: here the recipe names the backend.
  tf.env().set("PROD", true);
  const file = await readRecipe(path, cwd);
  const model = await readModel(file);
  const params: readonly Param[] = namedParams(model, { frozen: true });
  const { registry, resolved } = await compose(file, params);
  const backend = await openBackend(resolved.backends);
  const { loss = "categoricalCrossentropy", metrics = [], epochs, batchSize = 32, seed = 0 } = file.run;
  const data = await readData(file);
  const { trainable = "all", patches, hooks, rule, learningRate, rateMultipliers, combiner } = resolved;
  const options = {
    ...data,
    loss,
    metrics,
    epochs,
    batchSize,
    seed,
    trainable,
    patches,
    hooks,
    rule,
    learningRate,
    rateMultipliers,
    ...(combiner ? { combiner } : {}),
  } as FineTuneOptions;
  return { file, model, registry, resolved, options, dispose: () => backend.dispose() };
}
