import { gradientDescent, HookedOptimizer, namedParams } from "@graftjs/core";
import { readSafetensors, type StoredTensor, writeSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lora, namedAdapters, ssf } from "../src/index.ts";
import { type PeftFiles, readPeft, writePeft } from "../src/peft.ts";
import { baseOf, cases, channelsLast, filesOf, type PeftCase, storedOf, valuesOf } from "./peft-cases.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number)))) : Number.NaN;

describe.each(Object.entries(cases))("%s, against HF PEFT", (name, net: PeftCase) => {
  it("computes and trains the same from the same files, and writes the same files", async () => {
    const stored = storedOf(name);
    const model = baseOf(net, stored);
    const x = channelsLast(stored, "input");
    const y = channelsLast(stored, "target");
    const outputs = (): Float32Array => tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync() as Float32Array);
    const plain = outputs();
    const handle = readPeft(filesOf(name)).apply(model);
    expect(worst(outputs(), valuesOf(stored, "before"))).toBeLessThan(1e-5);
    expect(await writePeft(handle, { warn: expect.fail })).toEqual({
      ...filesOf(name),
      "adapter_model.safetensors": new Uint8Array(filesOf(name)["adapter_model.safetensors"]),
    });

    const head = name === "lora-head" ? namedParams(model).filter(({ layer }) => layer === "head") : [];
    const params = [...handle.added, ...head];
    const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 0.05 });
    for (let step = 0; step < 50; step++) {
      const rows = (tensor: tf.Tensor): tf.Tensor => tf.slice(tensor, 4 * (step % 4), 4);
      optimizer.minimize(() =>
        tf.losses.meanSquaredError(rows(y), model.apply(rows(x), { training: true }) as tf.Tensor),
      );
    }
    const { tensors } = readSafetensors((await writePeft(handle))["adapter_model.safetensors"]);
    const differences = [...tensors.keys()].map((key) =>
      worst(valuesOf(tensors, key), valuesOf(stored, `trained.${key}`)),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    expect(worst(outputs(), valuesOf(stored, "after"))).toBeLessThan(1e-5);
    handle.restore();
    expect(outputs()).toEqual(plain);
    optimizer.dispose();
  });
});

it("begins as PiSSA of PEFT does, up to the signs of the vectors", () => {
  const name = "lora-pissa";
  const model = baseOf(cases[name] as PeftCase, storedOf(name));
  const { changes } = lora({
    ...{ target: ["first/kernel", "second/kernel"], rank: 2, alpha: 3, scaling: "standard", initialization: "pissa" },
  }).apply(model);
  const { tensors } = readSafetensors(filesOf(name)["adapter_model.safetensors"]);
  for (const change of changes) {
    const { a, b } = change as unknown as { a: tf.Tensor; b: tf.Tensor };
    for (const [module, ours] of [
      ["lora_A", tf.transpose(a)],
      ["lora_B", b],
    ] as const) {
      const stored = tensors.get(`base_model.model.${change.target.path}.${module}.weight`) as StoredTensor;
      const theirs = tf.tensor(valuesOf(tensors, `base_model.model.${change.target.path}.${module}.weight`), [
        ...stored.shape,
      ]);
      const rows = module === "lora_A" ? theirs : tf.transpose(theirs);
      // A vector and its negative are equally right.
      const signs = tf.sign(tf.sum(tf.mul(ours, rows), 1, true));
      expect(worst(tf.mul(ours, signs).dataSync(), rows.dataSync())).toBeLessThan(1e-5);
    }
  }
});

/** Returns the files of a case with another config or other tensors. */
function changed(
  name: string,
  config: object,
  edit: (tensors: Map<string, StoredTensor>) => void = () => {},
): PeftFiles {
  const files = filesOf(name);
  const tensors = new Map(readSafetensors(files["adapter_model.safetensors"]).tensors);
  edit(tensors);
  return {
    "adapter_config.json": JSON.stringify({ ...JSON.parse(files["adapter_config.json"]), ...config }),
    "adapter_model.safetensors": writeSafetensors(tensors),
  };
}

const key = "base_model.model.first.lora_A.weight";
const floats = (...shape: number[]): StoredTensor => ({
  dtype: "F32",
  shape,
  data: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)),
});

describe("files that cannot be used", () => {
  it.each<[string, PeftFiles, string[]]>([
    ["not JSON", { ...filesOf("lora-dense"), "adapter_config.json": "{" }, ["adapter_config.json is not JSON"]],
    ["another type", changed("lora-dense", { peft_type: "VERA" }), ['`peft_type` "VERA"', '"LORA"']],
    [
      "settings that change the computation",
      changed("lora-dense", { bias: "all", layer_replication: [[0, 1]], r: 0, lora_alpha: "8", target_modules: [3] }),
      ["`bias`", "`layer_replication`", "`r` is 0", '`lora_alpha` is "8"', "`target_modules` is [3]"],
    ],
    [
      "a start that changes the base in Python",
      changed("lora-dense", { init_lora_weights: "olora" }),
      ['`init_lora_weights` is "olora"'],
    ],
    [
      "expressions that it does not support",
      changed("lora-dense", {
        ...{ rank_pattern: { "(a)\\1": 4 }, alpha_pattern: { first: -1 } },
        ...{ target_modules: "(?<=x)first", exclude_modules: "[a-" },
      }),
      [
        '`rank_pattern` has the expression "(a)\\\\1", which has `\\1`.',
        "the value -1 for `first`",
        '`target_modules` has the expression "(?<=x)first", which has `(?<=`.',
        '`exclude_modules` has the expression "[a-", which lacks a closing bracket.',
      ],
    ],
    [
      "tensors of another method",
      changed("lora-dense", {}, (tensors) => tensors.set("base_model.model.first.vera_lambda_b", floats(8))),
      ["`base_model.model.first.vera_lambda_b` is neither"],
    ],
    [
      "a hostile header",
      {
        ...filesOf("lora-dense"),
        "adapter_model.safetensors": new Uint8Array([255, 255, 255, 255, 255, 255, 255, 0, 123]),
      },
      ["its header claims 72057594037927935 bytes"],
    ],
  ])("refuses %s", (_, files, messages) => {
    for (const message of messages) expect(() => readPeft(files)).toThrow(message);
  });

  it("refuses an adapter that does not fit, with all problems, and changes nothing", () => {
    const name = "lora-dense";
    const model = baseOf(cases[name] as PeftCase, storedOf(name));
    const before = model.getWeights().map((weight) => [...weight.dataSync()]);
    const calls = model.layers.map(({ call }) => call);
    const { numTensors } = tf.memory();
    const files = changed(
      name,
      { r: 3, target_modules: ["first", "second", "third"], modules_to_save: ["head", "second", "lost"] },
      (tensors) => {
        tensors.set(key, floats(4, 7));
        tensors.set("base_model.model.firsts.lora_A.weight", floats(4, 6));
        tensors.set("base_model.model.first.lokr_w1", floats(4, 6));
        tensors.set("base_model.model.head.weight", floats(2, 3));
        tensors.set("base_model.model.second.weight", floats(3, 9));
        tensors.set("base_model.model.second.lora_B.weight", { dtype: "I32", shape: [3, 4], data: new Uint8Array(48) });
        tensors.delete("base_model.model.first.lora_B.weight");
      },
    );
    expect(() => readPeft(files).apply(model)).toThrowErrorMatchingInlineSnapshot(`
      [PeftError: The adapter does not fit \`base\`. Nothing was changed.
        \`firsts\` has an adapter in the file, but \`base\` has no such layer. Similar: \`first\`.
        \`first\` has rank 4 in the file, but adapter_config.json says 3.
        \`first.lokr_w1\` does not fit the layer \`first\`.
        \`first.lora_A.weight\` is [4,7], but \`first\` takes [4,6].
        \`first.lora_B.weight\` is missing.
        \`second\` has rank 4 in the file, but adapter_config.json says 3.
        \`second.lora_B.weight\` has the type I32, but must have floats.
        The target \`third\` has no tensors in the file.
        \`lost\` is in \`modules_to_save\`, but the file has no tensors for it.
        \`head\` is stored in full, but \`base\` has no such layer.
        \`second.weight\` is [3,9], but \`second\` takes [3,8].
        Is it the adapter of another model? \`names\` maps layer paths to module names.]
    `);
    expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
    expect(model.layers.map(({ call }) => call)).toEqual(calls);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it("refuses a target without tensors, also by its last name", () => {
    const name = "lora-rank-stabilized";
    const model = baseOf(cases[name] as PeftCase, storedOf(name));
    const files = changed(name, {}, (tensors) => {
      for (const side of "AB") tensors.delete(`base_model.model.body.second.lora_${side}.weight`);
    });
    expect(() => readPeft(files).apply(model)).toThrow(
      "`body.second` is a target, but the file has no tensors for it.",
    );
  });

  it("refuses a target of an expression that has no tensors, and a full factor that PEFT computes in another way", () => {
    const model = (name: string) => baseOf(cases[name] as PeftCase, storedOf(name));
    const read = (name: string, config: object) => () => readPeft(changed(name, config)).apply(model(name));
    expect(read("lora-expressions", { target_modules: "body.*|h.*d" })).toThrow("`head` is a target, but the file has");
    read("lora-expressions", { target_modules: "body.*|h.*d", exclude_modules: "he.+" })().restore();
    expect(read("lokr-conv1d", { r: 8 })).toThrow("`strided.lokr_w2` is missing");
    const full = changed("lokr-conv1d", { r: 8 }, (tensors) => {
      for (const side of "ab") tensors.delete(`base_model.model.strided.lokr_w2_${side}`);
      tensors.set("base_model.model.strided.lokr_w2", floats(5, 2, 2));
    });
    expect(() => readPeft(full).apply(model("lokr-conv1d"))).toThrow("PEFT mixes the axes of a full second factor");
  });

  it("drops nothing before an embedding, as PEFT", () => {
    const name = "lora-embedding";
    const model = baseOf(cases[name] as PeftCase, storedOf(name));
    const handle = readPeft(changed(name, { lora_dropout: 0.5 })).apply(model);
    expect(handle.changes.map((change) => (change as { dropout?: number }).dropout)).toEqual([0, 0.5]);
    handle.restore();
  });

  it("swaps in the values of a file, and then writes a config for both", async () => {
    const name = "lora-dense";
    const model = baseOf(cases[name] as PeftCase, storedOf(name));
    const x = channelsLast(storedOf(name), "input");
    const adapters = namedAdapters(model);
    const large = adapters.add("large", lora({ target: ["first/kernel", "second/kernel"], rank: 6 }));
    adapters.use("large");
    adapters.swap("large", readPeft(filesOf(name)));
    const outputs = (): Float32Array => tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync() as Float32Array);
    expect(worst(outputs(), valuesOf(storedOf(name), "before"))).toBeLessThan(1e-5);
    const files = await writePeft(large);
    adapters.restore();
    const again = readPeft(files).apply(model);
    expect(JSON.parse((await writePeft(again))["adapter_config.json"])).toMatchObject({ r: 6, lora_alpha: 12 });
    expect(worst(outputs(), valuesOf(storedOf(name), "before"))).toBeLessThan(1e-5);
    again.restore();
    const file = adapters.add("file", readPeft(filesOf(name)));
    adapters.swap("file", lora({ target: "first/kernel", rank: 1, alpha: 4 }));
    const config = JSON.parse((await writePeft(file))["adapter_config.json"]);
    expect(config).toMatchObject({ r: 4, lora_alpha: 16, alpha_pattern: { second: 8 } });
    adapters.restore();
    const headed = namedAdapters(baseOf(cases["lora-head"] as PeftCase, storedOf("lora-head")));
    headed.add("other", lora({ target: "body/**/kernel", rank: 2 }));
    expect(() => headed.swap("other", readPeft(filesOf("lora-head")))).toThrow("stores in full");
  });

  it("reads modules under other names", async () => {
    const name = "lora-dense";
    const model = baseOf(cases[name] as PeftCase, storedOf(name));
    const other = { names: { first: "encoder.0.query", second: "encoder.0.value" } };
    const handle = readPeft(filesOf(name)).apply(model);
    const files = await writePeft(handle, { ...other, baseModel: "some/base" });
    handle.restore();
    expect(JSON.parse(files["adapter_config.json"])).toMatchObject({
      base_model_name_or_path: "some/base",
      target_modules: ["encoder.0.query", "encoder.0.value"],
    });
    expect(() => readPeft(files).apply(model)).toThrow("`encoder.0.query` has an adapter in the file");
    const again = readPeft(files, other).apply(model);
    expect(again.added.map((param) => [param.name, ...param.variable.dataSync()])).toHaveLength(4);
    again.restore();
  });
});

describe("adapters that PEFT lacks", () => {
  it("are refused by name, and strides of same padding are told", async () => {
    const conv = (name: string, options: object): tfl.layers.Layer =>
      tfl.layers.conv1d({ filters: 2, kernelSize: 2, name, padding: "same", ...options });
    const model = tfl.sequential({
      layers: [
        conv("strided", { strides: 2, inputShape: [8, 3] }),
        conv("dilated", { dilationRate: 2 }),
        tfl.layers.gru({ units: 2, name: "gru", recurrentInitializer: "glorotUniform" }),
        tfl.layers.dense({ units: 2, name: "head" }),
      ],
    });
    const handle = lora({ rank: 1 }).apply(model);
    await expect(writePeft(handle)).rejects.toThrow(
      /dilated\/kernel is dilated[\s\S]*for gru\/kernel, which is in a layer of class GRU[\s\S]*gru\/recurrent_kernel/,
    );
    handle.restore();
    const pissa = lora({ target: "strided/kernel", rank: 1, initialization: "pissa" }).apply(model);
    await expect(writePeft(pissa)).rejects.toThrow("PEFT has PiSSA for dense layers only, and strided/kernel is in");
    pissa.restore();
    const scaled = ssf({ target: "head/kernel" }).apply(model);
    await expect(writePeft(scaled)).rejects.toThrow("PEFT has no adapter like SSF.");
    scaled.restore();
    const warn = vi.fn();
    await writePeft(lora({ target: "strided/kernel", rank: 1 }).apply(model), { warn });
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^strided\/kernel: .*pads its input by hand/));
    await expect(
      writePeft(lora({ target: "head/kernel" }).apply(model), {
        names: () => "one",
        modulesToSave: namedParams(model),
      }),
    ).rejects.toThrow(/gru\/recurrent_kernel cannot be stored in full[\s\S]*Two tensors would be called `one.weight`/);
  });
});
