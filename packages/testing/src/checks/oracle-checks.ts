import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkClose, type Values } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { type Nested, type Oracle, readOracle } from "../harness/oracle.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, variableOf } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Checks the output of every step of every case of `oracle`. The parameters stay at their values. */
export function oracleChecks(subject: Subject, oracle: string | Oracle): readonly ConformanceCheck[] {
  return [
    onCpu("gives the numbers of the oracle", async () => {
      const { source, cases } = await readOracle(oracle);
      check(cases.length > 0, "The oracle has no cases.");
      for (const { name, options, learningRate, tolerance = 1e-6, params: values, steps } of cases) {
        const params = Object.entries(values).map(([key, value]) => param(key, value));
        const grads = steps.map((step) => tensors(step.grads));
        const got = runPure(subject.make(options), params, grads, learningRate);
        got.forEach((step, i) => {
          const expected = flat((steps[i] as (typeof steps)[number]).out);
          checkClose(step.grads, expected, tolerance, `${source}, ${name}, step ${i}`);
        });
        tf.dispose(grads as tf.NamedTensorMap[]);
        disposeParams(params);
      }
    }),
  ];
}

function param(name: string, value: Nested): Param {
  const cut = name.lastIndexOf("/");
  const variable = variableOf(value as tf.TensorLike);
  const { shape } = variable;
  const unitAxes = shape.length === 0 ? [] : [shape.length - 1];
  return { name, layer: name.slice(0, Math.max(0, cut)), role: name.slice(cut + 1), shape, unitAxes, variable };
}

function tensors(values: { readonly [name: string]: Nested }): TensorMap {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, tf.tensor(value as tf.TensorLike, undefined, "float32")]),
  );
}

function flat(values: { readonly [name: string]: Nested }): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, leaves(value)]));
}

function leaves(value: Nested): readonly number[] {
  return typeof value === "number" ? [value] : value.flatMap(leaves);
}
