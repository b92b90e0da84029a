import {
  type AnyHook,
  defineHook,
  mapTensors,
  type OptimizerHook,
  stateless,
  type TensorMap,
  zerosLike,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { hookChecks } from "../src/index.ts";
import { failing } from "./failing.ts";

const half = (g: tf.Tensor): tf.Tensor => tf.mul(g, 0.5);
const of = (fn: (grads: TensorMap) => TensorMap): AnyHook => stateless("broken", fn);
/** Makes a hook that has state. A broken hook replaces some of its parts. */
const momentum = (parts: Partial<OptimizerHook<{ v: TensorMap }>>): AnyHook =>
  defineHook<{ v: TensorMap }>({
    name: "broken",
    init: (params) => ({ v: zerosLike(params) }),
    transform(grads, { v }) {
      const next = mapTensors(grads, (g, name) => tf.add(tf.mul(v[name] as tf.Tensor, 0.5), g));
      return { grads: next, state: { v: next } };
    },
    ...parts,
  });

/** One broken hook per check, by the name of the check. It fails that check and no other. */
const broken: { readonly [check: string]: () => AnyHook } = {
  "returns exactly the names that it receives": () => of((grads) => ({ ...grads, "head/bias_1": tf.scalar(0) })),
  // Only some shapes break: a bug in broadcasting often keeps the shapes of vectors.
  "keeps shapes and dtypes": () =>
    of((grads) => mapTensors(grads, (g) => (g.rank === 4 ? tf.cast(tf.mul(g, 1000), "int32") : g))),
  "neither disposes nor changes its inputs": () =>
    of((grads) =>
      mapTensors(grads, (g, name) => {
        const out = half(g);
        // On cpu, dataSync returns the tensor's own buffer, not a copy.
        if (name === "norm/gamma") (g.dataSync() as Float32Array)[0] = 1;
        return out;
      }),
    ),
  "does not depend on the order of the names": () =>
    of((grads) => mapTensors(grads, (g, name) => (name === Object.keys(grads)[0] ? half(g) : g))),
  "leaks no tensor over 20 steps, and frees its state": () =>
    stateless("broken", (grads, { step }) => {
      // Leaks at some steps only, like a hook that keeps a value for its log now and then.
      if (step % 5 === 4) tf.keep(tf.scalar(step));
      return grads;
    }),
  "leaks no tensor and changes no weight if any of its ops throws": () =>
    of((grads) => {
      const scale = tf.keep(tf.scalar(0.5));
      const out = mapTensors(grads, (g) => tf.mul(g, scale));
      scale.dispose();
      return out;
    }),
  "leaves parameters outside a mask unchanged and without state": () =>
    momentum({
      init: (params) => ({ v: { ...zerosLike(params), "head/bias": tf.zeros([2]) } }),
      transform(grads, { v }) {
        return { grads: mapTensors(grads, half), state: { v } };
      },
    }),
  "continues bit for bit from a checkpoint": () => {
    let factor = 1;
    return of((grads) => {
      factor *= 0.9;
      return mapTensors(grads, (g) => tf.mul(g, factor));
    });
  },
  "keeps the state of a parameter while it is frozen, and afterwards": () =>
    defineHook<{ v: readonly tf.Tensor[] }>({
      name: "broken",
      init: (params) => ({
        v: Object.keys(params)
          .sort()
          .map((name) => tf.zerosLike(params[name] as tf.Tensor)),
      }),
      transform(grads, { v }) {
        const names = Object.keys(grads).sort();
        const next = names.map((name, i) => tf.add(tf.mul(v[i] as tf.Tensor, 0.5), grads[name] as tf.Tensor));
        return { grads: Object.fromEntries(names.map((name, i) => [name, next[i] as tf.Tensor])), state: { v: next } };
      },
    }),
  "is finite for gradients of zero": () => of((grads) => mapTensors(grads, (g) => tf.div(g, tf.max(tf.abs(g))))),
  "is finite for gradients of 1e-20": () =>
    of((grads) =>
      mapTensors(grads, (g) => {
        const cube = tf.mul(tf.mul(g, g), g);
        const inverse = tf.where(tf.equal(g, 0), tf.zerosLike(g), tf.div(g, cube));
        return tf.where(tf.less(tf.abs(g), 1e-15), inverse, g);
      }),
    ),
  "is finite for gradients of 1e20": () => of((grads) => mapTensors(grads, (g) => tf.mul(g, tf.add(tf.square(g), 1)))),
  "agrees with cpu on every backend": () =>
    of((grads) => mapTensors(grads, (g) => tf.mul(g, tf.getBackend() === "cpu" ? 1 : 0.5))),
  "lowers the loss of a small MLP": () => of((grads) => mapTensors(grads, (g) => tf.neg(g))),
};

/** Core refuses an update with other names. So every check that needs an optimizer fails too. */
const consequences: { readonly [check: string]: readonly string[] } = {
  "returns exactly the names that it receives": [
    "leaks no tensor over 20 steps, and frees its state",
    "leaks no tensor and changes no weight if any of its ops throws",
    "continues bit for bit from a checkpoint",
    "keeps the state of a parameter while it is frozen, and afterwards",
    "lowers the loss of a small MLP",
  ],
};

for (const [name, make] of Object.entries(broken)) {
  it(`a hook that breaks "${name}" fails this check only`, async () => {
    expect(await failing(hookChecks(make))).toEqual([name, ...(consequences[name] ?? [])]);
  });
}

it("every check of the suite has a broken hook", () => {
  const names = hookChecks(() => of((grads) => grads)).map(({ name }) => name);
  expect(names.sort()).toEqual(Object.keys(broken).sort());
});

it("a hook that differs from the oracle fails the check of the oracle", async () => {
  const oracle = {
    source: "by hand",
    cases: [{ name: "half", params: { w: [1, 2] }, steps: [{ grads: { w: [4, -2] }, out: { w: [2, -1] } }] }],
  };
  expect(await failing(hookChecks(() => of((grads) => mapTensors(grads, half)), { oracle }))).toEqual([]);
  expect(await failing(hookChecks(() => of((grads) => grads), { oracle }))).toEqual([
    "gives the numbers of the oracle",
  ]);
});
