import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { assertBackend } from "../backend-errors.ts";
import { dialectOf } from "../keras/dialect.ts";
import { completeConfigs } from "../keras/complete-configs.ts";
import { correctPredictions } from "../keras/correct-predictions.ts";
import { registerKerasLayers } from "../keras/layers/register.ts";
import { settleMasks } from "../keras/mask-flow.ts";
import { translate } from "../keras/translate.ts";
import { assertGraph } from "./assert-graph.ts";
import { assertDepth, assertOutputs } from "./assert-size.ts";
import { type LoadLimits, loadLimits, raise } from "./load-limits.ts";
import { LoadError } from "../../files/load-error.ts";

/** The contents of a model file, and a function that fills in the weights. */
export interface ModelParts {
  /** Configuration of tfjs-layers, Keras 2 or Keras 3. */
  readonly topology: unknown;
  /** Name of the file that holds the topology, for messages. */
  readonly file: string;
  /** Version of Keras that wrote the file, if the topology does not say it. */
  readonly version?: string | undefined;
  /** Largest count of weight values that the file can hold. A topology with more values is refused before they are allocated. */
  readonly most: number;
  /** The limit behind `most`, if the file is compressed and `most` is only an estimate. */
  readonly mostBy?: keyof LoadLimits;
  readonly limits: LoadLimits;
  /** Writes the stored weights into the model. */
  readonly fill: (model: layers.LayersModel) => void;
}

/**
 * Builds a model and fills in its weights. If anything fails, all variables created so far are freed.
 *
 * @throws LoadError, also for every error of tfjs-layers; BackendError if tfjs has no backend.
 */
export async function buildModel({
  topology,
  file,
  version,
  most,
  mostBy,
  limits,
  fill,
}: ModelParts): Promise<layers.LayersModel> {
  assertBackend();
  const { maxDepth, maxOutputValues } = loadLimits.parse("limits", limits);
  assertDepth(topology, maxDepth, file);
  const before = new Set(variables());
  let made: tf.Variable[] = [];
  try {
    registerKerasLayers();
    const dialect = dialectOf(topology, version);
    const translated = translate(topology, dialect);
    assertGraph(translated, file);
    const model = boundedBuild(translated, most, mostBy, file);
    made = variables().filter((variable) => !before.has(variable));
    const built = await model;
    assertOutputs(built.layers, maxOutputValues, file);
    settleMasks(built, dialect);
    completeConfigs(built);
    correctPredictions(built);
    fill(built);
    return built;
  } catch (cause) {
    // `model.dispose()` would keep the weights of a shared layer, and it cannot be called if building failed.
    for (const variable of made) variable.dispose();
    if (cause instanceof LoadError) throw cause;
    const said = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new LoadError(`tfjs-layers cannot build the model in ${file}.`, `tfjs-layers says: ${said}`, { cause });
  }
}

function variables(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables);
}

type AddWeight = (this: Building, name: string, shape: readonly number[], ...rest: unknown[]) => unknown;
interface Building {
  addWeight: AddWeight;
  fastWeightInitDuringBuild: boolean;
}

/**
 * Builds the model, but refuses to allocate more than `most` weight values. tfjs-layers allocates every weight by the shapes in the
 * topology before it looks at the stored weights. It builds synchronously, before its first await, so `addWeight` is replaced only
 * for that time. Weights start as zeros, as in tfjs-layers' own loader.
 */
function boundedBuild(
  topology: unknown,
  most: number,
  mostBy: keyof LoadLimits | undefined,
  file: string,
): Promise<layers.LayersModel> {
  const prototype = layers.layers.Layer.prototype as unknown as Building;
  const { addWeight } = prototype;
  let numbers = 0;
  prototype.addWeight = function (name, shape, ...rest) {
    numbers += shape.reduce((a, b) => a * b, 1);
    if (!(numbers <= most)) {
      throw new LoadError(
        `${file} describes more weights than are stored: \`${name}\` is [${shape}].`,
        `Is the file complete, and do the weights belong to this model?${mostBy ? ` ${raise(mostBy)}` : ""}`,
      );
    }
    this.fastWeightInitDuringBuild = true;
    // The tidy frees the initial value that `addWeight` leaves behind if it throws for a bad dtype or name.
    let weight: unknown;
    tf.tidy(() => {
      weight = addWeight.call(this, name, shape, ...rest);
    });
    return weight;
  };
  try {
    const config = { modelTopology: topology } as Parameters<typeof layers.models.modelFromJSON>[0];
    return layers.models.modelFromJSON(config);
  } finally {
    prototype.addWeight = addWeight;
  }
}
