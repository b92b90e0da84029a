import { adam, adamw, defineHook, gradientDescent, mapTensors, sgd, stateless, zerosLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { testHook, testRule } from "../src/index.ts";

// The hooks and rules of core pass the suites, and so do a hook with state and a hook without.
testRule(() => sgd());
testRule(() => sgd({ momentum: 0.9, nesterov: true }));
testRule(() => sgd({ momentum: 0.9, dampening: 0.5, rateInVelocity: true }));
testRule(() => gradientDescent());
const squares = "the second moment of a gradient of 1e20 overflows float32, as in every Adam";
testRule(() => adam(), { expectedFailures: { "is finite for gradients of 1e20": squares } });
testRule(() => adamw(), { expectedFailures: { "is finite for gradients of 1e20": squares } });

testHook(() => stateless("halve", (grads) => mapTensors(grads, (g) => tf.mul(g, 0.5))));
testHook(() =>
  defineHook({
    name: "heavy-ball",
    init: (params) => ({ v: zerosLike(params) }),
    transform(grads, { v }) {
      const next = mapTensors(grads, (g, name) => tf.add(tf.mul(v[name] as tf.Tensor, 0.5), g));
      return { grads: next, state: { v: next } };
    },
  }),
);
