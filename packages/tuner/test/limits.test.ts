import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, LoadError } from "../src/index.ts";
import { assertGraph } from "../src/models/load/assert-graph.ts";
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
