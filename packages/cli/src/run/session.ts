// A model can be read before the recipe's backend is chosen: on tfjs's plain JavaScript backend.
import "@tensorflow/tfjs-backend-cpu";
import { runOnBackends } from "@graftjs/backend";
import type { BackendLostError, BackendSession } from "@graftjs/core";
import type { EffortOptions } from "@graftjs/presets";
import type * as tuner from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { dataContext } from "../data/data-context.ts";
import { readData } from "../data/read-data.ts";
import { type RecipeModel, readModel } from "../model/recipe-model.ts";
import type { Trust } from "../project/trust.ts";
import { type Composed, compose } from "../recipe/compose.ts";
import { stageLines } from "../recipe/effort.ts";
import { type RecipeFile, readRecipe } from "../recipe/recipe-file.ts";
import { runOptions } from "../recipe/run-options.ts";
import type { Io } from "../terminal/io.ts";
import { baseCard } from "./base-card.ts";
import { byEffort } from "./by-effort.ts";
import { checkBeforeCode } from "./check-before-code.ts";
import { assertHeadFits, classesOf } from "./classes.ts";
import { defaultBackends } from "./default-backends.ts";
import { kernelsOfRun } from "./kernels-of-run.ts";
import { lossWarnings } from "./loss-warnings.ts";
import { readerWarnings } from "./reader-warnings.ts";
import { withDownloads } from "./with-downloads.ts";

const NO_OTHER =
  "Training on tfjs's slow cpu backend, because no other one is installed: " +
  "npm install @graftjs/backend-wasm @tensorflow/tfjs-backend-wasm";

/** Everything that a recipe names, loaded and ready on one backend. `graft run` and `graft plan` work with it. */
export interface Session extends Composed {
  readonly file: RecipeFile;
  readonly model: tuner.TunableModel;
  /** The model as `saveModel` takes it. Undefined if its format cannot be saved as a tfjs model. */
  readonly savable: RecipeModel["savable"];
  /** Options of the run. Of a run by effort: those of its last stage, with 0.001 for a rate that will be searched for. */
  readonly options: tuner.FineTuneOptions;
  /** The options that the recipe gives, if it leaves the others to `effort`. */
  readonly effort: EffortOptions | undefined;
  /** Facts about the data that are stored with the result. */
  readonly card: tuner.ModelCard;
  /** Lines about the data, and warnings, for the person. */
  readonly notes: readonly string[];
  /** Set if the previous backend lost its device. The run then continues from its last checkpoint. */
  readonly lost: BackendLostError | undefined;
  /** Whether this backend may lose its device while the recipe names another backend after it. */
  readonly losable: boolean;
}

/**
 * Loads recipe, plugins, model and data, and calls `use` on the first of the recipe's backends that has all kernels of this
 * run. If that backend loses its device, `use` is called again on the next one. All input is checked before the first call.
 *
 * @param given the recipe, as the command line names it, or as it was read.
 * @param trust the code that the recipe may name.
 * @param examples the recipe's data, if they were read before. They are read otherwise.
 */
export async function withSession(
  given: string | RecipeFile,
  { cwd, err }: Io,
  trust: Trust,
  use: (session: Session) => Promise<void>,
  examples?: tuner.ReadRunData,
): Promise<void> {
  // In production mode tfjs does not print its advice to install another backend.
  tf.env().set("PROD", true);
  const file = await withDownloads(typeof given === "string" ? await readRecipe(given, cwd, trust) : given, err);
  await checkBeforeCode(file);
  const classes = await classesOf(file);
  const inspected = await readModel({ ...file, classes });
  const { registry, resolved } = await compose(file, inspected);
  const composed = runOptions(file, resolved);
  assertHeadFits(inspected.layers, classes);
  const warnings = inspected.layers ? lossWarnings(inspected.layers, composed.loss) : [];
  const base = await baseCard(file, inspected.layers);
  // The kernels of a GraphModel depend on its ops and on their gradients. They are not looked up in advance.
  const kernels = inspected.layers && (await kernelsOfRun(inspected.layers, composed));
  inspected.dispose();
  const named = resolved.backends.length > 0;
  const backends = named ? resolved.backends : await defaultBackends(registry, file.folder);
  const work = async (backend: BackendSession, lost: BackendLostError | undefined): Promise<void> => {
    if (lost) err(`${lost.message.split("\n")[0]} Continuing on ${backend.name}.\n`);
    let dispose: (() => void) | undefined;
    if (named) for (const reason of backend.passedOver ?? []) err(`Skipped ${reason}\n`);
    if (!named && backend.name === "cpu") err(`${NO_OTHER}\n`);
    try {
      const { tunable: model, savable } = await readModel({ ...file, classes });
      const read = examples ?? (await readData(file, registry, dataContext(model, composed.loss, file.folder, base)));
      const given = {
        ...composed,
        data: read.data,
        ...(read.validation ? { validation: read.validation } : {}),
      };
      const planned = await byEffort(model, given);
      dispose = planned?.dispose;
      const options = planned?.options ?? (given as tuner.FineTuneOptions);
      const card = {
        ...(read.classes ? { classes: read.classes } : {}),
        ...(read.reader ? { reader: read.reader } : {}),
      };
      const position = backends.findIndex(({ name }) => name === backend.name);
      const losable = backends[position]?.device === "gpu" && position < backends.length - 1;
      await use({
        ...{ file, model, savable, registry, resolved, options, card, lost, losable },
        effort: planned?.effort,
        notes: [
          ...(read.notes ?? []),
          ...warnings,
          ...readerWarnings(base, read.reader),
          ...(planned ? stageLines(file.recipe, planned.stages) : []),
        ],
      });
    } finally {
      dispose?.();
      await backend.dispose();
    }
  };
  await runOnBackends(backends, work, kernels ? { kernels } : "training");
}
