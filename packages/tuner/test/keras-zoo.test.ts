import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { adaptModel } from "../src/models/adapt-model.ts";
import { type H5Wasm, LoadError, loadKeras, loadKerasH5, loadLayersModel } from "../src/index.ts";

// Written by `python zoo/make.py test test/keras-zoo.json.gz` with Keras 3.15.1.
interface Entry {
  readonly name: string;
  readonly x: { readonly shape: number[]; readonly values: number[] };
  readonly y: { readonly shape: number[]; readonly values: number[] };
  readonly model: object;
  readonly data: string;
  readonly keras?: string;
  readonly h5?: string;
}
const file = new URL("./keras-zoo.json.gz", import.meta.url);
const zoo = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Entry[];
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const wasm = h5wasm as unknown as H5Wasm;

/** Models that cannot be honoured, with the words of the error. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  sepconv1d: /SeparableConv1D.*does not have/s,
  depthwise1d: /DepthwiseConv1D/,
  conv1dT: /Conv1DTranspose/,
  up_bicubic: /UpSampling2D.*`interpolation`: "bicubic"/,
  rmsnorm: /`rms_scaling`: true/,
  groupnorm: /GroupNormalization/,
  mha: /MultiHeadAttention.*GraphModel/s,
  attention: /class Attention/,
  einsumdense: /EinsumDense/,
  randomflip: /RandomFlip.*augment/s,
  mixed16: /`dtype` of layer .* is "mixed_float16"/,
  orthoreg: /`kernel_regularizer` of layer .* is OrthogonalRegularizer/,
  activityreg: /ActivityRegularization/,
  mask_add_lstm: /LSTM.* is given a mask/,
  mask_concat_lstm: /LSTM.* is given a mask/,
  act_glu: /`activation` of layer .*"glu"/,
  act_sparsemax: /"sparsemax"/,
  convT_outpad_wide: /`output_padding`/,
  convT_dilated: /`dilation_rate`: \[2,2\]/,
  resizing_pad: /`pad_to_aspect_ratio`: true/,
  resizing_antialias: /`antialias`: true/,
  center_crop: /CenterCrop.*Cropping2D/s,
  ops_mean: /operation Mean/,
  training_true: /called with `training`: true/,
  lambda: /Lambda.*Python code/s,
};

/** Loaders by form. */
const FORMS: Readonly<Record<string, (entry: Entry) => Promise<layers.LayersModel> | undefined>> = {
  "model.json": ({ model, data }) =>
    loadLayersModel(async (path) => (path === "w.bin" ? bytes(data) : new TextEncoder().encode(JSON.stringify(model)))),
  ".keras": ({ keras }) => (keras ? loadKeras(bytes(keras), { h5wasm: wasm, fflate }) : undefined),
  ".h5": ({ h5 }) => (h5 ? loadKerasH5(bytes(h5), wasm) : undefined),
};

beforeAll(() => tf.setBackend("cpu"));

function expectKeras(made: tf.Tensor, { y }: Entry): void {
  expect(made.shape).toEqual(y.shape);
  expect(tf.max(tf.abs(tf.sub(made, tf.tensor(y.values, y.shape)))).dataSync()[0]).toBeLessThan(1e-5);
}

describe.each(Object.keys(FORMS))("Keras 3 models as %s", (form) => {
  const load = FORMS[form] as (entry: Entry) => Promise<layers.LayersModel> | undefined;
  const entries = zoo.filter(({ keras }) => form === "model.json" || keras);

  it.each(entries.filter(({ name }) => !REFUSED[name]))("$name predicts as in Keras", async (entry) => {
    const model = (await load(entry)) as layers.LayersModel;
    expectKeras(model.predict(tf.tensor(entry.x.values, entry.x.shape)) as tf.Tensor, entry);
  });

  it.each(entries.filter(({ name }) => REFUSED[name]))("$name is refused by layer and option", async (entry) => {
    const before = tf.memory().numTensors;
    const error = await (load(entry) as Promise<unknown>).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as Error).message).toMatch(REFUSED[entry.name] as RegExp);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("a loaded Keras model", () => {
  const right = zoo.filter(({ name }) => !REFUSED[name]);
  const load = FORMS["model.json"] as (entry: Entry) => Promise<layers.LayersModel>;

  const none = new Set<string>();

  it.each(right)("$name computes the same in a run", async (entry) => {
    const { runTrunk, runTail } = adaptModel(await load(entry)).cut([], { adapted: none, held: none, pure: none });
    const [made] = runTail(runTrunk([tf.tensor(entry.x.values, entry.x.shape)]), false);
    expectKeras(made as tf.Tensor, entry);
  });

  it.each(right)("$name is the same after it was saved and loaded", async (entry) => {
    const model = await load(entry);
    let saved: tf.io.ModelArtifacts | undefined;
    const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: "JSON" } as const;
    await model.save({
      save: async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo };
      },
    });
    const { modelTopology, weightSpecs, weightData } = saved as tf.io.ModelArtifacts;
    const json = { modelTopology, weightsManifest: [{ paths: ["w.bin"], weights: weightSpecs }] };
    const again = await loadLayersModel(async (path) =>
      path === "w.bin" ? new Uint8Array(weightData as ArrayBuffer) : new TextEncoder().encode(JSON.stringify(json)),
    );
    expectKeras(again.predict(tf.tensor(entry.x.values, entry.x.shape)) as tf.Tensor, entry);
  });
});
