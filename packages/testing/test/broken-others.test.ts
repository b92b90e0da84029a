import {
  type AnyCombiner,
  type AnyRule,
  type BackendAdapter,
  BackendError,
  type ElementwiseCombiner,
  type ModelPatch,
  mapTensors,
  type Observer,
  sgd,
  type TensorMap,
  type WeighingCombiner,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { expect, it } from "vitest";
import { backendAdapterCases, combinerCases, observerCases, patchCases, ruleCases } from "../src/index.ts";
import { failing } from "./failing.ts";

// Rules -----------------------------------------------------------------------------------------------------------------
const rules: { readonly [id: string]: () => AnyRule } = {
  terminal: () => ({ ...sgd(), terminal: 1 as unknown as true }),
  fused: () => ({
    ...sgd(),
    applyFused(variables) {
      for (const variable of Object.values(variables)) variable.assign(tf.zerosLike(variable));
      return undefined;
    },
  }),
};
const ruleConsequences: { readonly [id: string]: readonly string[] } = {
  // Core refuses what does not say `terminal: true`.
  terminal: ["leak", "throw", "resume", "freezing", "loss"],
  // Core steps through the fused path first, so weights move when the composed one throws.
  fused: ["throw"],
};
for (const [id, make] of Object.entries(rules)) {
  it(`a rule that breaks \`${id}\` trips that case`, async () => {
    expect(new Set(await failing(ruleCases(make)))).toEqual(new Set([id, ...(ruleConsequences[id] ?? [])]));
  });
}

// Combiners -------------------------------------------------------------------------------------------------------------
const mean = (parts: Partial<WeighingCombiner> = {}): AnyCombiner => ({
  name: "broken",
  init: () => null,
  weigh(gram, tasks, state) {
    if (gram.some(Number.isNaN)) throw new Error("NaN");
    return { weights: new Float64Array(tasks.length).fill(1 / tasks.length), state };
  },
  ...parts,
});
const refuse = (gram: Float64Array): void => {
  if (gram.some(Number.isNaN)) throw new Error("NaN");
};
const weighing: { readonly [id: string]: () => AnyCombiner } = {
  finite: () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        const m = tasks.length;
        return { weights: Float64Array.from(tasks, (_, i) => 1 / Math.sqrt(gram[i * m + i] as number)), state };
      },
    }),
  inputs: () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        gram[0] = (gram[0] as number) + 1;
        return { weights: new Float64Array(tasks.length).fill(1), state };
      },
    }),
  pure: () => {
    let calls = 0;
    return mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        return { weights: new Float64Array(tasks.length).fill(1 + 0.1 / ++calls), state };
      },
    });
  },
  nan: () => mean({ weigh: (_, tasks, state) => ({ weights: new Float64Array(tasks.length).fill(1), state }) }),
  leak: () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        tf.scalar(1);
        return { weights: new Float64Array(tasks.length).fill(1), state };
      },
    }),
  loss: () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        return { weights: new Float64Array(tasks.length).fill(-1), state };
      },
    }),
};
for (const [id, make] of Object.entries(weighing)) {
  it(`a weighing combiner that breaks \`${id}\` trips that case and no other`, async () => {
    expect(await failing(combinerCases(make))).toEqual([id]);
  });
}
it("a combiner off the oracle's numbers trips the oracle", async () => {
  const jacobian = [
    [1, 0],
    [0, 1],
  ];
  const right = { source: "by hand", cases: [{ name: "mean", jacobian, update: [0.5, 0.5] }] };
  const wrong = { source: "by hand", cases: [{ name: "mean", jacobian, update: [0.5, 0.6] }] };
  expect(await failing(combinerCases(() => mean(), { oracle: right }))).toEqual([]);
  expect(await failing(combinerCases(() => mean(), { oracle: wrong }))).toEqual(["oracle"]);
});

const elementwise = (merge: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): ElementwiseCombiner<null> => ({
  name: "broken",
  init: () => null,
  combine(byTask, state) {
    const [a, b] = Object.values(byTask) as [TensorMap, TensorMap];
    return { grads: mapTensors(a, (g, name) => merge(g, b[name] as tf.Tensor)), state };
  },
});
const combining: { readonly [id: string]: () => AnyCombiner } = {
  shapes: () => elementwise((a, b) => (a.rank === 4 ? tf.mean(a) : tf.add(a, b))),
  "finite-0": () => elementwise((a, b) => tf.mul(tf.add(a, b), tf.div(tf.sum(tf.abs(a)), tf.sum(tf.abs(a))))),
  "finite-1e-20": () =>
    elementwise((a, b) => {
      const size = tf.max(tf.abs(a));
      const tiny = tf.logicalAnd(tf.greater(size, 0), tf.less(size, 1e-15));
      return tf.where(tiny, tf.fill(a.shape, Number.NaN), tf.add(a, b));
    }),
  "finite-100000000000000000000": () => elementwise((a, b) => tf.add(a, tf.mul(b, tf.add(tf.square(b), 1)))),
  loss: () => elementwise((a, b) => tf.neg(tf.add(a, b))),
};
for (const [id, make] of Object.entries(combining)) {
  it(`an element-wise combiner that breaks \`${id}\` trips that case and no other`, async () => {
    expect(await failing(combinerCases(make))).toEqual([id]);
  });
}

// Patches ---------------------------------------------------------------------------------------------------------------
const model = (): layers.LayersModel =>
  layers.sequential({
    layers: [
      layers.layers.dense({
        inputShape: [3],
        units: 4,
        name: "dense",
        kernelInitializer: layers.initializers.glorotNormal({ seed: 3 }),
      }),
      layers.layers.batchNormalization({ name: "norm" }),
    ],
  });
type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: object) => tf.Tensor | tf.Tensor[];
/** Wraps the first layer's call; `restore` takes the wrapper away. */
const wrap = (
  around: (call: Call) => Call,
  parts: (
    undo: () => void,
    model: { layers: readonly object[] },
  ) => Partial<ReturnType<ModelPatch["apply"]>> = () => ({}),
): ModelPatch => ({
  name: "broken",
  apply(target) {
    const layer = target.layers[0] as unknown as { call?: Call };
    const proto = (Object.getPrototypeOf(layer) as { call: Call }).call;
    layer.call = around(proto.bind(layer));
    const undo = (): void => {
      delete layer.call;
    };
    return { restore: undo, ...parts(undo, target) };
  },
});
const same = (call: Call): Call => call;
const patches: { readonly [id: string]: () => ModelPatch } = {
  restore: () => wrap(same, () => ({ restore: () => {} })),
  twice: () =>
    wrap(same, (undo, target) => {
      let calls = 0;
      return {
        restore() {
          undo();
          if (++calls === 2) (target.layers[0] as { flag?: boolean }).flag = true;
        },
      };
    }),
  leak: () =>
    wrap((call) => {
      tf.scalar(1);
      return call;
    }),
  trains: () =>
    wrap(
      (call) => (x, kwargs) =>
        tf.mul(call(x, kwargs) as tf.Tensor, (kwargs as { training?: boolean }).training ? Number.NaN : 1),
    ),
  added: () => wrap(same, () => ({ held: ["nowhere"] })),
  held: () => wrap(same, () => ({ held: ["norm"] })),
  inference: () => wrap((call) => (x, kwargs) => tf.mul(call(x, kwargs) as tf.Tensor, 2)),
};
const patchConsequences: { readonly [id: string]: readonly string[] } = {
  // What is not undone once is not undone twice.
  restore: ["twice"],
};
for (const [id, make] of Object.entries(patches)) {
  it(`a patch that breaks \`${id}\` trips that case`, async () => {
    expect(await failing(patchCases(make, { model }))).toEqual([id, ...(patchConsequences[id] ?? [])]);
  });
}
it("a patch that applies itself to anything trips `refuses`", async () => {
  expect(await failing(patchCases(() => wrap(same), { model, unsuitable: model }))).toEqual(["refuses"]);
});

// Observers and backends ------------------------------------------------------------------------------------------------
const observers: { readonly [id: string]: () => Observer } = {
  returns: () => ({ stepEnd: () => 1 as unknown as undefined }),
  failed: () => ({
    runEnd({ error }) {
      if (error !== undefined) throw error;
    },
  }),
  again: () => {
    let runs = 0;
    return {
      runStart() {
        if (++runs > 1) throw new Error("once only");
      },
    };
  },
};
for (const [id, make] of Object.entries(observers)) {
  it(`an observer that breaks \`${id}\` trips that case and no other`, async () => {
    expect(await failing(observerCases(make))).toEqual([id]);
  });
}
it("an observer that keeps a tensor trips `leak`", async () => {
  expect(await failing(observerCases(() => ({ epochEnd: () => void tf.scalar(1) })))).toEqual(["leak"]);
});

const wasm = (parts: Partial<BackendAdapter> = {}, missingKernels: readonly string[] = []): BackendAdapter => {
  const capabilities = { missingKernels, floatBits: 32, syncRead: true } as const;
  return {
    name: "wasm",
    device: "cpu",
    probe: async () => ({ ok: true, capabilities }),
    async init() {
      if (!(await tf.setBackend("wasm"))) throw new BackendError("wasm does not start.", "Is it installed?");
      return { name: "wasm", capabilities, dispose: async () => {} };
    },
    ...parts,
  };
};
const backends: { readonly [id: string]: () => BackendAdapter } = {
  probe: () =>
    wasm({
      async probe() {
        await tf.setBackend("wasm");
        return { ok: false, reason: "" };
      },
    }),
  init: () => wasm({ init: async () => ({ ...(await wasm().init()), name: "other" }) }),
  missing: () => wasm({}, ["MatMul", "Add"]),
};
for (const [id, make] of Object.entries(backends)) {
  it(`a backend that breaks \`${id}\` trips that case and no other`, async () => {
    expect(await failing(backendAdapterCases(make))).toEqual([id]);
  });
}
it("a backend that computes something else trips `gradients`", async () => {
  const stock = tf.getKernel("Tanh", "wasm");
  tf.unregisterKernel("Tanh", "wasm");
  tf.registerKernel({
    kernelName: "Tanh",
    backendName: "wasm",
    kernelFunc: (tf.getKernel("Relu", "wasm") as tf.KernelConfig).kernelFunc,
  });
  try {
    expect(await failing(backendAdapterCases(() => wasm()))).toEqual(["gradients"]);
  } finally {
    tf.unregisterKernel("Tanh", "wasm");
    tf.registerKernel(stock as tf.KernelConfig);
  }
});
