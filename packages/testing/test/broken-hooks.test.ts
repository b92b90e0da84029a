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
import { hookCases } from "../src/index.ts";
import { failing } from "./failing.ts";

const half = (g: tf.Tensor): tf.Tensor => tf.mul(g, 0.5);
const of = (fn: (grads: TensorMap) => TensorMap): AnyHook => stateless("broken", fn);
/** A hook with a memory, whose parts a case may replace. */
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

/** By the id of the one case that it must trip: a hook that breaks that rule and no other. */
const broken: { readonly [id: string]: () => AnyHook } = {
  names: () => of((grads) => ({ ...grads, "head/bias_1": tf.scalar(0) })),
  // Broadcasting a scalar ratio over the wrong axis is how shapes are lost; nothing is lost where all are scalars.
  shapes: () => of((grads) => mapTensors(grads, (g) => (g.rank === 4 ? tf.cast(tf.mul(g, 1000), "int32") : g))),
  inputs: () =>
    of((grads) =>
      mapTensors(grads, (g, name) => {
        const out = half(g);
        // On cpu, dataSync hands out the buffer itself.
        if (name === "norm/gamma") (g.dataSync() as Float32Array)[0] = 1;
        return out;
      }),
    ),
  order: () => of((grads) => mapTensors(grads, (g, name) => (name === Object.keys(grads)[0] ? half(g) : g))),
  leak: () =>
    stateless("broken", (grads, { step }) => {
      // Now and then, as a hook does that keeps a running figure for its log.
      if (step % 5 === 4) tf.keep(tf.scalar(step));
      return grads;
    }),
  throw: () =>
    of((grads) => {
      const scale = tf.keep(tf.scalar(0.5));
      const out = mapTensors(grads, (g) => tf.mul(g, scale));
      scale.dispose();
      return out;
    }),
  masked: () =>
    momentum({
      init: (params) => ({ v: { ...zerosLike(params), "head/bias": tf.zeros([2]) } }),
      transform(grads, { v }) {
        return { grads: mapTensors(grads, half), state: { v } };
      },
    }),
  resume: () => {
    let factor = 1;
    return of((grads) => {
      factor *= 0.9;
      return mapTensors(grads, (g) => tf.mul(g, factor));
    });
  },
  freezing: () =>
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
  zero: () => of((grads) => mapTensors(grads, (g) => tf.div(g, tf.max(tf.abs(g))))),
  tiny: () =>
    of((grads) =>
      mapTensors(grads, (g) => {
        const cube = tf.mul(tf.mul(g, g), g);
        const inverse = tf.where(tf.equal(g, 0), tf.zerosLike(g), tf.div(g, cube));
        return tf.where(tf.less(tf.abs(g), 1e-15), inverse, g);
      }),
    ),
  huge: () => of((grads) => mapTensors(grads, (g) => tf.mul(g, tf.add(tf.square(g), 1)))),
  backends: () => of((grads) => mapTensors(grads, (g) => tf.mul(g, tf.getBackend() === "cpu" ? 1 : 0.5))),
  loss: () => of((grads) => mapTensors(grads, (g) => tf.neg(g))),
};

/** Core refuses an update under other names outright, so nothing that needs an optimizer can hold either. */
const consequences: { readonly [id: string]: readonly string[] } = {
  names: ["leak", "throw", "resume", "freezing", "loss"],
};

for (const [id, make] of Object.entries(broken)) {
  it(`a hook that breaks \`${id}\` trips that case and no other`, async () => {
    expect(await failing(hookCases(make))).toEqual([id, ...(consequences[id] ?? [])]);
  });
}

it("every case of the suite has a broken hook", () => {
  const ids = hookCases(() => of((grads) => grads)).map((one) => one.id);
  expect(ids.sort()).toEqual(Object.keys(broken).sort());
});

it("a hook off the oracle's numbers trips the oracle", async () => {
  const oracle = {
    source: "by hand",
    cases: [{ name: "half", params: { w: [1, 2] }, steps: [{ grads: { w: [4, -2] }, out: { w: [2, -1] } }] }],
  };
  expect(await failing(hookCases(() => of((grads) => mapTensors(grads, half)), { oracle }))).toEqual([]);
  expect(await failing(hookCases(() => of((grads) => grads), { oracle }))).toEqual(["oracle"]);
});
