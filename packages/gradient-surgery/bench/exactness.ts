import { readFileSync } from "node:fs";
import type { StateTree, WeighingCombiner } from "@graftjs/core";
import { alignedMtl } from "../src/index.ts";
import { gramOf, jacobian, merged, off } from "../test/jacobians.ts";
import { combiners } from "./combiners.ts";

/** Computes the largest relative error of each method over the matrices of test/oracle.json. */
export function exactness(): { readonly [method: string]: { readonly worst: number; readonly cases: number } } {
  const { cases } = JSON.parse(readFileSync(new URL("../test/oracle.json", import.meta.url), "utf8")) as {
    cases: { kind: string; seed: number; m: number; n: number; scales: number[]; weights: Record<string, number[]> }[];
  };
  const methods: { readonly [name: string]: () => unknown } = {
    ...combiners,
    "aligned-mtl min": () => alignedMtl(),
    "aligned-mtl median": () => alignedMtl({ scale: "median" }),
    "aligned-mtl rmse": () => alignedMtl({ scale: "rmse" }),
  };
  const out: Record<string, { worst: number; cases: number }> = {};
  for (const { kind, seed, m, n, scales, weights } of cases) {
    const rows = jacobian(kind, seed, m, n, scales);
    const gram = gramOf(rows);
    const tasks = rows.map((_, i) => `t${i}`);
    for (const [name, expected] of Object.entries(weights)) {
      const combiner = methods[name]?.() as WeighingCombiner;
      let state: StateTree = combiner.init(tasks);
      let got = new Float64Array(m) as Float64Array;
      for (let step = 0; step < (name === "gradvac" ? 3 : 1); step++) {
        const result = combiner.weigh(gram, tasks, state, { step, group: "" });
        state = result.state;
        got = result.weights;
      }
      const before = out[name] ?? { worst: 0, cases: 0 };
      const error = off(merged(rows, got), merged(rows, expected));
      out[name] = { worst: Math.max(before.worst, error), cases: before.cases + 1 };
    }
  }
  return out;
}
