import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, graphModelAdapter, LoadError, loadLayersModel } from "../src/index.ts";
import { assertGraph } from "../src/models/load/assert-graph.ts";
import { graphOf, op } from "./graphs.ts";
import { mlp } from "./nets.ts";
import { examples } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
  data: examples([4]),
  loss: "softmaxCrossEntropy",
  trainable: "head",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 2,
  batchSize: 5,
  ...more,
});

describe("options that ask for more than there is", () => {
  it("prefetch: 1e8 holds at most the steps of an epoch, and gives the same history", async () => {
    const start = performance.now();
    const [all, none] = [await fineTune(mlp(), options({ prefetch: 1e8 })), await fineTune(mlp(), options({}))];
    all.restore();
    none.restore();
    expect(all.history).toEqual(none.history);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it("epochs: 1e308 is refused by name", async () => {
    await expect(fineTune(mlp(), options({ epochs: 1e308 }))).rejects.toThrow(/epochs.*≤ 1000000000/);
  });
});

describe("models that ask for more values than the limit", () => {
  const text = (json: object) => async () => new TextEncoder().encode(JSON.stringify(json));
  const modelJson = (config: object) => ({ modelTopology: config, weightsManifest: [] });

  it("a layer is refused by its name and that of the limit, which can be raised", async () => {
    const layers = [
      { class_name: "InputLayer", config: { name: "in", batch_input_shape: [null, 1], dtype: "float32" } },
      { class_name: "RepeatVector", config: { name: "many", n: 1e9, trainable: true, dtype: "float32" } },
    ];
    const read = text(modelJson({ class_name: "Sequential", config: { name: "net", layers } }));
    await expect(loadLayersModel(read)).rejects.toThrow(
      /`many` of model.json computes \[batch,1000000000,1\][\s\S]*at most 268435456[\s\S]*raise `maxOutputValues`/,
    );
    const model = await loadLayersModel(read, "model.json", { maxOutputValues: 1e9 });
    expect(model.outputShape).toEqual([null, 1e9, 1]);
  });

  it("5,000 models in each other are refused by the name of the limit", async () => {
    // JSON.stringify fails at this depth. JSON.parse does not.
    const open = '{"class_name":"Sequential","config":{"layers":['.repeat(5000);
    const json = `{"modelTopology":${open}${"]}}".repeat(5000)},"weightsManifest":[]}`;
    const read = async () => new TextEncoder().encode(json);
    await expect(loadLayersModel(read)).rejects.toThrow(/nested more deeply than 400 levels[\s\S]*raise `maxDepth`/);
  });

  const dims = (name: string, values: readonly number[], shape = [values.length]) =>
    ({ name, shape, values, dtype: "int32" }) as const;
  const number = (name: string, value: number) => dims(name, [value], []);
  const INT = { Tidx: { type: "DT_INT32" }, dtype: { type: "DT_INT32" } };
  const graphs: Readonly<Record<string, tf.io.ModelArtifacts>> = {
    // The size is computed in the graph: 30000 · 30000.
    Fill: graphOf(
      [op("d", "Mul", ["a", "a"], { T: INT.dtype }), op("big", "Fill", ["d", "v"])],
      [dims("a", [30_000]), { name: "v", shape: [], values: [1] }],
    ),
    Range: graphOf([op("big", "Range", ["a", "b", "c"], INT)], [number("a", 0), number("b", 1e9), number("c", 1)]),
    Tile: graphOf([op("big", "Tile", ["x", "a"])], [dims("a", [1, 1e9])]),
    PadV2: graphOf([op("big", "Pad", ["x", "a"])], [dims("a", [0, 0, 0, 1e9], [2, 2])]),
    OneHot: graphOf(
      [op("big", "OneHot", ["a", "b", "on", "off"], { axis: { i: -1 } })],
      [
        ...[dims("a", [1, 2]), number("b", 1e9)],
        { name: "on", shape: [], values: [1] },
        { name: "off", shape: [], values: [0] },
      ],
    ),
  };

  it.each(Object.keys(graphs))(
    "%s in a graph is refused before it allocates, also if its size is computed",
    async (kernel) => {
      const model = await loadGraphModel({ load: async () => graphs[kernel] as tf.io.ModelArtifacts });
      const x = tf.zeros([1, 4]);
      const run = (): void => {
        const adapter = graphModelAdapter(model as never, { outputs: ["big"] });
        const { runTrunk, runTail } = adapter.cut([], { adapted: new Set(), held: new Set(), pure: new Set() });
        runTail(runTrunk([x]), false);
      };
      expect(run).toThrow(
        new RegExp(`${kernel} in the graph computes \\d+ values; at most 268435456[\\s\\S]*\`maxOutputValues\``),
      );
    },
  );
});

describe("the order of layers", () => {
  type Node = [string, number, number, object];
  const layer = (name: string, ...inputs: Node[][]) => ({
    name,
    class_name: inputs.length === 0 ? "InputLayer" : "Dense",
    config: { name },
    inbound_nodes: inputs,
  });
  const model = (layers: object[]) => ({ class_name: "Functional", config: { layers } });
  const reads = (name: string, node = 0): Node => [name, node, 0, {}];

  it("is checked in time that grows with the size of the file: 20,000 layers from last to first", () => {
    const n = 20_000;
    const layers = Array.from({ length: n }, (_, i) => layer(`l${i + 1}`, [reads(`l${i}`)])).reverse();
    const start = performance.now();
    assertGraph(model([...layers, layer("l0")]), "model.json");
    // The quadratic check took more than 25 s here.
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("is checked in linear time if one layer is called 20,000 times", () => {
    const n = 20_000;
    const calls = Array.from({ length: n }, (_, i) => [i === 0 ? reads("in") : reads("shared", i - 1)]);
    const readers = Array.from({ length: n }, (_, i) => layer(`r${i}`, [reads("shared", i)]));
    const start = performance.now();
    assertGraph(model([...readers, layer("shared", ...calls), layer("in")]), "model.json");
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("still names a layer that does not exist, a cycle, a missing call and a duplicate", () => {
    const check =
      (...layers: object[]) =>
      () =>
        assertGraph(model(layers), "model.json");
    const input = layer("in");
    expect(check(input, layer("a", [reads("gone")]))).toThrow(/Layer "a" .* reads call 0 of "gone"/);
    expect(check(input, layer("a", [reads("b")]), layer("b", [reads("a")]))).toThrow(LoadError);
    expect(check(input, layer("a", [reads("in", 1)]))).toThrow(/reads call 1 of "in"/);
    expect(check(input, layer("a", [reads("in")]), layer("a", [reads("in")]))).toThrow(/two layers named "a"/);
    expect(check(layer("b", [reads("a", 1)]), layer("a", [reads("in")], [reads("in")]), input)).not.toThrow();
  });
});
