// The reference backend: a model can be read before the recipe says on which one it runs.
import "@tensorflow/tfjs-backend-cpu";
import { type BackendLostError, type BackendSession, runOnBackends } from "@graftjs/core";
import * as tuner from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { readData } from "../data/read-data.ts";
import { readModel } from "../model/recipe-model.ts";
import { type Composed, compose } from "../recipe/compose.ts";
import { type RecipeFile, readRecipe } from "../recipe/recipe-file.ts";
import { runOptions } from "../recipe/run-options.ts";
import type { Io } from "../terminal/io.ts";
import { kernelsOfRun } from "./kernels-of-run.ts";

/** A recipe with everything it names in hand: what `run` and `plan` work on. */
export interface Session extends Composed {
  readonly file: RecipeFile;
  readonly model: tuner.TunableModel;
  readonly options: tuner.FineTuneOptions;
  /** Set where the backend before this one lost its device: the work goes on from its last checkpoint. */
  readonly lost: BackendLostError | undefined;
  /** Whether the backend may lose its device while another one stands after it in the recipe. */
  readonly losable: boolean;
}

/**
 * Reads recipe, plugins, model and data and does `use` on the first backend of the recipe that has the kernels of this run; on
 * the next ones where a device is lost. What can be wrong is found before anything is trained or written.
 */
export async function withSession(
  path: string,
  { cwd, err }: Io,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  // tfjs greets on the cpu backend with advice to install another: here the recipe names the backend.
  tf.env().set("PROD", true);
  const file = await readRecipe(path, cwd);
  const looked = await readModel(file);
  const { registry, resolved } = await compose(file, looked.params);
  const composed = runOptions(file, resolved, tuner);
  // A graph's kernels are those of its ops and of whatever their gradients call: the run finds out.
  const kernels = looked.layers && (await kernelsOfRun(looked.layers, composed));
  looked.dispose();
  const work = async (backend: BackendSession, lost: BackendLostError | undefined): Promise<void> => {
    if (lost) err(`${lost.message.split("\n")[0]} Going on with ${backend.name}.\n`);
    for (const reason of backend.passedOver ?? []) err(`Not on ${reason}\n`);
    try {
      const { tunable: model } = await readModel(file);
      const options = { ...composed, ...(await readData(file)) } as tuner.FineTuneOptions;
      const at = resolved.backends.findIndex(({ name }) => name === backend.name);
      const losable = resolved.backends[at]?.device === "gpu" && at < resolved.backends.length - 1;
      await use({ file, model, registry, resolved, options, lost, losable });
    } finally {
      await backend.dispose();
    }
  };
  await runOnBackends(resolved.backends, work, kernels ? { kernels } : "training");
}
