import { readFileSync } from "node:fs";
import { gradientDescent, namedWeights } from "@graftjs/core";
import { fineTune, type H5Wasm, loadKeras } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import * as tfl from "@tensorflow/tfjs-layers";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { type AdapterHandle, lora, ssf } from "../src/index.ts";
import { readKerasLora } from "../src/keras.ts";

interface Flat {
  readonly shape: number[];
  readonly values: number[];
}

/** A network that Keras trained, or PyTorch for SSF. See oracle/keras_cases.py. */
interface Case extends Readonly<Record<"base" | "adapter" | "trained", Readonly<Record<string, Flat>>>> {
  readonly input: number[];
  /** Class, name, options in Keras, and rank and α. */
  readonly layers: readonly [string, string, Readonly<Record<string, unknown>>, [number, number | null] | null][];
  readonly inputs: Flat;
  readonly targets: Flat;
  readonly before: Flat;
  readonly after: Flat;
}

const cases: Readonly<Record<string, Case>> = JSON.parse(
  readFileSync(new URL("oracle/keras/cases.json", import.meta.url), "utf8"),
);
const tensorOf = ({ shape, values }: Flat): tf.Tensor => tf.tensor(values, shape);
const worst = (a: tf.Tensor, { values }: Flat): number => {
  const found = [...a.dataSync()];
  return found.length === values.length ? Math.max(...found.map((x, i) => Math.abs(x - (values[i] as number)))) : NaN;
};

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

function modelOf({ input, layers, base }: Case): tfl.LayersModel {
  const model = tfl.sequential();
  for (const [i, [className, name, options]] of layers.entries()) {
    const config = Object.fromEntries(
      Object.entries(options).map(([key, value]) => [key.replace(/_(.)/g, (_, c: string) => c.toUpperCase()), value]),
    );
    const create = `${className.charAt(0).toLowerCase()}${className.slice(1)}`.replace(/(\d)D$/, "$1d");
    const make = tfl.layers[create as "dense"];
    model.add(make({ ...config, name, ...(i === 0 ? { batchInputShape: [null, ...input] } : {}) } as never));
  }
  for (const { name, variable } of namedWeights(model)) variable.assign(tensorOf(base[name] as Flat));
  return model;
}

function adapt({ layers, adapter }: Case, model: tfl.LayersModel): AdapterHandle {
  const adapted = layers.filter(([, name]) => Object.keys(adapter).some((key) => key.startsWith(`${name}/`)));
  const target = adapted.map(([className, name]) => `${name}/${className === "Embedding" ? "embeddings" : "kernel"}`);
  const [rank, alpha] = adapted[0]?.[3] ?? [];
  const patch = rank ? lora({ target, rank, alpha: alpha ?? rank, scaling: "standard" }) : ssf({ target });
  const handle = patch.apply(model);
  for (const { name, variable } of handle.added) variable.assign(tensorOf(adapter[name] as Flat));
  return handle;
}

describe.each(Object.entries(cases))("%s", (name, of: Case) => {
  it(`computes and trains as ${name === "ssf" ? "by hand in PyTorch" : "in Keras"}, also merged`, async () => {
    const model = modelOf(of);
    const [xs, ys] = [tensorOf(of.inputs), tensorOf(of.targets)];
    let handle = adapt(of, model);
    expect(handle.added.map((param) => param.name)).toEqual(Object.keys(of.adapter));
    expect(worst(model.predict(xs) as tf.Tensor, of.before)).toBeLessThan(1e-5);
    handle.restore();
    // A run adds the gradient of dilated convolutions, which tfjs lacks.
    const result = await fineTune(model, {
      data: { xs, ys },
      loss: "meanSquaredError",
      patches: [
        {
          name: "adapter",
          apply: () => {
            handle = adapt(of, model);
            return handle;
          },
        },
      ],
      trainable: Object.keys(of.adapter),
      rule: gradientDescent(),
      learningRate: 0.05,
      batchSize: 4,
      shuffle: false,
      epochs: 13,
      maxSteps: 50,
    });
    for (const param of handle.added)
      expect(worst(param.variable, of.trained[param.name] as Flat), param.name).toBeLessThan(1e-5);
    expect(worst(model.predict(xs) as tf.Tensor, of.after)).toBeLessThan(1e-5);
    handle.merge();
    expect(worst(model.predict(xs) as tf.Tensor, of.after)).toBeLessThan(1e-5);
    result.restore();
  });
});

describe("files of Keras", () => {
  const file = (name: string): Uint8Array => readFileSync(new URL(`oracle/keras/${name}`, import.meta.url));
  const dense = cases.dense as Case;
  const readers = h5wasm as unknown as H5Wasm;

  it("reads adapter.lora.h5, which computes as Keras did", async () => {
    const model = modelOf(dense);
    const handle = (await readKerasLora(file("adapter.lora.h5"), readers, model)).apply(model);
    const x = tensorOf(dense.inputs);
    expect(worst(model.predict(x) as tf.Tensor, dense.after)).toBeLessThan(1e-5);
    handle.restore();
  });

  it("a .keras file that was saved with LoRA enabled has the merged kernels", async () => {
    const model = await loadKeras(file("merged.keras"), { h5wasm: readers, fflate });
    expect(worst(model.predict(tensorOf(dense.inputs)) as tf.Tensor, dense.after)).toBeLessThan(1e-5);
    model.dispose();
  });

  it("refuses a .lora.h5 of another model, with all problems", async () => {
    const other = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 7, inputShape: [6], name: "first" }),
        tfl.layers.batchNormalization({ name: "second" }),
      ],
    });
    await expect(readKerasLora(file("adapter.lora.h5"), readers, other)).rejects.toThrow(
      /lora\/0 has a \[6,3\] and b \[3,8\].*`first` \[6,7\][\s\S]*lora\/1 .*`second`, which has no kernel/,
    );
    await expect(readKerasLora(file("cases.json"), readers, other)).rejects.toThrow("This is not an HDF5 file.");
    await expect(readKerasLora(file("adapter.lora.h5"), readers, tfl.sequential({ layers: [other] }))).rejects.toThrow(
      "is inside another layer",
    );
  });
});
