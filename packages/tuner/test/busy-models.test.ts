import "@tensorflow/tfjs-backend-cpu";
import { GraftError, namedWeights, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, ModelBusyError, ModelDisposedError, planFineTune } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  data: examples([4]),
  loss: "softmaxCrossEntropy",
  trainable: "head",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 2,
  batchSize: 8,
  ...more,
});
const flags = (model: layers.LayersModel): boolean[] => namedWeights(model).map(({ variable }) => variable.trainable);

describe("a model that is tuned twice at once", () => {
  it("is refused by name; the first run ends as if it were alone, and the flags return", async () => {
    const model = mlp();
    const before = flags(model);
    const runs = await Promise.allSettled([fineTune(model, options()), fineTune(model, options({ trainable: "**" }))]);
    expect(runs.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((runs[1] as PromiseRejectedResult).reason).toBeInstanceOf(ModelBusyError);
    expect(flags(model)).toEqual(before);
    const single = mlp();
    (await fineTune(single, options())).restore();
    expect(weightsOf(model)).toEqual(weightsOf(single));
    (await fineTune(model, options())).restore();
  });

  it("is refused within its own callback and observer, and planning too", async () => {
    const model = mlp();
    const before = flags(model);
    const errors: unknown[] = [];
    const again = async (): Promise<void> => {
      await fineTune(model, options()).catch((error: unknown) => errors.push(error));
      await planFineTune(model, options()).catch((error: unknown) => errors.push(error));
    };
    const callbacks = [{ name: "again", epochEnd: async () => void (await again()) } as const];
    const given = options({ epochs: 1, callbacks: callbacks as never, observers: [{ stepEnd: again }] });
    (await fineTune(model, given)).restore();
    expect(errors.length).toBe(8);
    for (const error of errors) expect(error).toBeInstanceOf(ModelBusyError);
    expect(flags(model)).toEqual(before);
  });

  it.each(["runStart", "stepEnd", "epochEnd"] as const)(
    "gets its flags back if an observer throws in %s",
    async (event) => {
      const model = mlp();
      const before = flags(model);
      const observer = {
        [event]() {
          throw new Error("broken");
        },
      };
      await expect(fineTune(model, options({ observers: [observer] }))).rejects.toThrow("broken");
      expect(flags(model)).toEqual(before);
      (await fineTune(model, options())).restore();
    },
  );

  it("does not hinder a run on another model", async () => {
    const [a, b] = [mlp(), mlp()];
    const runs = await Promise.all([fineTune(a, options()), fineTune(b, options())]);
    for (const { restore } of runs) restore();
    expect(weightsOf(a)).toEqual(weightsOf(b));
  });
});

describe("a disposed model", () => {
  it("is a typed error before the run", async () => {
    const model = mlp();
    model.dispose();
    await expect(fineTune(model, options())).rejects.toThrow(ModelDisposedError);
  });

  it.each(["stepEnd", "epochEnd"] as const)("is a typed error if it happens in %s", async (event) => {
    const model = mlp();
    const observer = { [event]: () => void (model.layers.length > 0 && disposeAll(model)) };
    const error = await fineTune(
      model,
      options({ observers: [observer], trainable: "**", validation: examples([4]) }),
    ).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ModelDisposedError);
    expect(error).toBeInstanceOf(GraftError);
  });
});

function disposeAll(model: layers.LayersModel): void {
  for (const { variable } of namedWeights(model)) if (!variable.isDisposed) variable.dispose();
}
