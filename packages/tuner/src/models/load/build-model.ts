import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { assertGraph } from "./assert-graph.ts";
import { fromKeras3 } from "./keras3.ts";
import { LoadError } from "./load-safetensors.ts";

/** What a file says of a model, and how its weights are put in. */
export interface ModelParts {
  /** Configuration of tfjs-layers, Keras 2 or Keras 3. */
  readonly topology: unknown;
  /** What the topology stands in, for messages. */
  readonly file: string;
  /** Numbers that the file can hold at most: a topology that asks for more is refused before they are allocated. */
  readonly most: number;
  /** Puts the weights in. */
  readonly fill: (model: layers.LayersModel) => void;
}

/**
 * Builds a model and fills it. Whatever goes wrong, what was made until then is freed.
 *
 * @throws LoadError whatever tfjs-layers throws.
 */
export async function buildModel({ topology, file, most, fill }: ModelParts): Promise<layers.LayersModel> {
  const before = new Set(variables());
  let made: tf.Variable[] = [];
  try {
    const translated = fromKeras3(topology);
    assertGraph(translated, file);
    const model = boundedBuild(translated, most, file);
    made = variables().filter((variable) => !before.has(variable));
    const built = await model;
    fill(built);
    return built;
  } catch (cause) {
    // `model.dispose()` counts a shared layer's uses and leaves its weights, and of half a model there is none to ask.
    for (const variable of made) variable.dispose();
    if (cause instanceof LoadError) throw cause;
    const said = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new LoadError(`tfjs-layers cannot build the model that ${file} describes.`, `It says: ${said}`, { cause });
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
 * tfjs-layers allocates every weight before it looks at the file's, and by the numbers that the file claims. It builds in one go
 * before its first await, so its method is exchanged for no longer than that. Weights begin as zeros, as in its own loader.
 */
function boundedBuild(topology: unknown, most: number, file: string): Promise<layers.LayersModel> {
  const prototype = layers.layers.Layer.prototype as unknown as Building;
  const { addWeight } = prototype;
  let numbers = 0;
  prototype.addWeight = function (name, shape, ...rest) {
    numbers += shape.reduce((a, b) => a * b, 1);
    if (!(numbers <= most)) {
      throw new LoadError(
        `${file} describes more weights than the file has: \`${name}\` is [${shape}].`,
        "Is the file whole, and are the weights those of this model?",
      );
    }
    this.fastWeightInitDuringBuild = true;
    // It leaves the value that it starts with where a dtype or a name is no good.
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
