import { fineTune, type GraphModelAdapter, graphModelAdapter } from "@graftjs/tuner";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { settingsFor } from "../../../examples/graph-model/settings.ts";
import { type Blobs, bytesOf, floats, json } from "../../../tools/browser/blobs.ts";
import { STEPS } from "../../../tools/browser/suite/examples/example.ts";

/** Inputs and results of the example's steps. */
export interface GraphRun {
  /** The cached features, [images, features]. */
  readonly features: number[];
  /** Kernel and bias of the last layer at the start and after every step. */
  readonly weights: number[][];
}

/** Runs `examples/graph-model` on the current backend. `features` replace those of the trunk. */
export async function trainGraph(blobs: Blobs, features?: readonly number[]): Promise<GraphRun> {
  const model = await load(blobs);
  const adapter = graphModelAdapter(model);
  const { xs, ys } = data(blobs);
  const [count] = xs.shape;
  let made: number[] = [];
  const wrapped: GraphModelAdapter = {
    ...adapter,
    cut(trained, changes) {
      const cut = adapter.cut(trained, changes);
      return {
        ...cut,
        runTrunk(given) {
          const [value, ...more] = cut.runTrunk(given);
          // The trunk gets both images at once. Rows in another order would be features of other images.
          if (!value || more.length > 0 || value.tensor.rank !== 2 || value.tensor.shape[0] !== count)
            throw new Error(`The trunk gave ${more.length + 1} values, the first [${value?.tensor.shape}].`);
          made = [...value.tensor.dataSync()];
          return [features ? { ...value, tensor: tf.tensor(features as number[], value.tensor.shape) } : value];
        },
      };
    },
  };
  const settings = settingsFor(adapter);
  const variables = adapter.weights
    .filter(({ name }) => settings.trainable.includes(name))
    .map(({ variable }) => variable);
  const read = (): number[] => variables.flatMap((variable) => [...variable.dataSync()]);
  const weights = [read()];
  const { restore } = await fineTune(wrapped, {
    ...settings,
    data: { xs, ys },
    epochs: STEPS,
    observers: [{ name: "weights", stepEnd: () => void weights.push(read()) }],
  });
  restore();
  adapter.release();
  model.dispose();
  tf.dispose([xs, ys]);
  return { features: made, weights };
}

/** Computes the values of some nodes of the graph for the example's images. */
export async function nodesOf(blobs: Blobs, names: readonly string[]): Promise<Record<string, number[]>> {
  const model = await load(blobs);
  const { xs, ys } = data(blobs);
  const made = model.execute(xs, [...names]) as tf.Tensor[];
  const values: Record<string, number[]> = {};
  for (const [i, name] of names.entries()) values[name] = [...((await made[i]?.data()) ?? [])];
  tf.dispose([made, xs, ys]);
  model.dispose();
  return values;
}

async function load(blobs: Blobs): Promise<Awaited<ReturnType<typeof loadGraphModel>>> {
  const artifacts = json<tf.io.ModelArtifacts>(blobs, "graph-model/model");
  const weightData = bytesOf(blobs, "graph-model/weights").slice().buffer;
  return loadGraphModel({ load: async () => ({ ...artifacts, weightData }) });
}

function data(blobs: Blobs): { readonly xs: tf.Tensor4D; readonly ys: tf.Tensor2D } {
  const labels = floats(blobs, "graph-model/ys");
  const count = labels.length / 5;
  return {
    xs: tf.tensor4d(floats(blobs, "graph-model/xs"), [count, 224, 224, 3]),
    ys: tf.tensor2d(labels, [count, 5]),
  };
}
