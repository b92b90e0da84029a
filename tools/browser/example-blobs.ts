import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { mobilenetV2 } from "../../examples/frozen-bn/backbone.ts";
import { emoji, SIZE } from "../../examples/frozen-bn/data.ts";
import { images, split } from "../../examples/gradient-surgery/data.ts";
import { graphBackbone } from "../../examples/graph-model/backbone.ts";
import { digits as graphDigits } from "../../examples/graph-model/digits.ts";
import { digits as larsDigits } from "../../examples/lars/data.ts";
import { digits as tunerDigits } from "../../examples/tuner/digits.ts";
import type { Blobs } from "./blobs.ts";

interface Examples {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

/** Reads a part of an example's data, and the models that come from packages, for runs that cannot read from disk. */
export async function exampleBlobs(name: string): Promise<Blobs> {
  switch (name) {
    case "lars": {
      const { train, test } = larsDigits(1);
      const some = rows(train, 16);
      tf.dispose([train.xs, train.ys, test.xs, test.ys]);
      return data("lars", some);
    }
    case "gradient-surgery": {
      const all = images();
      const take = (labels: readonly number[]): Examples => {
        const { train, test } = split(all, labels, { train: 8, test: 1, seed: 1 });
        tf.dispose([test.xs, test.ys]);
        return train;
      };
      const [old, fresh] = [take([0, 1, 2, 3, 4]), take([5, 6, 7, 8, 9])];
      return { ...(await data("gradient-surgery/old", old)), ...(await data("gradient-surgery/new", fresh)) };
    }
    case "frozen-bn": {
      const { train, test } = emoji(2, 1);
      tf.dispose([test.xs, test.ys]);
      return { ...(await data("frozen-bn", inTurn(train))), ...(await frozenBnModel()) };
    }
    case "tuner":
      return data("tuner", tunerDigits(5, 0, 8));
    case "custom-hook":
      return { "custom-hook/recipe": readFileSync(new URL("../../examples/custom-hook/recipe.json", import.meta.url)) };
    case "graph-model": {
      const { weightData, ...rest } = graphBackbone();
      const every = graphDigits(0, 1);
      const two = rows(every, 2);
      tf.dispose([every.xs, every.ys]);
      return {
        ...(await data("graph-model", two)),
        "graph-model/model": text(rest),
        "graph-model/weights": new Uint8Array(weightData as ArrayBuffer),
      };
    }
    default:
      throw new Error(`Unknown example ${name}.`);
  }
}

/** Decodes the topology and the weights of the backbone. */
async function frozenBnModel(): Promise<Blobs> {
  const backbone = await mobilenetV2(SIZE);
  let blobs: Blobs = {};
  await backbone.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      blobs = {
        "frozen-bn/model": text({ modelTopology, weightSpecs, size: SIZE }),
        "frozen-bn/weights": new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  backbone.dispose();
  return blobs;
}

/** Reads the values of a data set and frees it. */
async function data(name: string, { xs, ys }: Examples): Promise<Blobs> {
  const read = async (t: tf.Tensor): Promise<Uint8Array> => new Uint8Array(Float32Array.from(await t.data()).buffer);
  const blobs = { [`${name}/xs`]: await read(xs), [`${name}/ys`]: await read(ys) };
  tf.dispose([xs, ys]);
  return blobs;
}

function rows({ xs, ys }: Examples, count: number): Examples {
  return { xs: tf.slice(xs, 0, count), ys: tf.slice(ys, 0, count) };
}

/** Orders pictures by rounds: the first one of every class, then the second one of every class. */
function inTurn({ xs, ys }: Examples): Examples {
  const count = xs.shape[0] ?? 0;
  const order = [...Array(count).keys()].sort((a, b) => (a % 2) - (b % 2));
  const made = { xs: tf.gather(xs, order), ys: tf.gather(ys, order) };
  tf.dispose([xs, ys]);
  return made;
}

function text(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
