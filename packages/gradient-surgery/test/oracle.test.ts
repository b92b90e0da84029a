import { readFileSync } from "node:fs";
import type { StateTree, WeighingCombiner } from "@graftjs/core";
import { describe, expect, it } from "vitest";
import {
  aGem,
  alignedMtl,
  cagrad,
  conFig,
  dualProj,
  gem,
  gradvac,
  imtlG,
  meanGradient,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
} from "../src/index.ts";
import { gramOf, jacobian, merged, off } from "./jacobians.ts";

interface Oracle {
  readonly source: string;
  readonly cases: readonly {
    readonly kind: string;
    readonly seed: number;
    readonly m: number;
    readonly n: number;
    readonly scales: readonly number[];
    readonly weights: { readonly [method: string]: readonly number[] };
  }[];
}

const { source, cases } = JSON.parse(readFileSync(new URL("./oracle.json", import.meta.url), "utf8")) as Oracle;

// biome-ignore lint/suspicious/noExplicitAny: each has its own state.
const methods: { readonly [name: string]: () => WeighingCombiner<any> } = {
  mean: () => meanGradient(),
  pcgrad: () => pcgrad(),
  gradvac: () => gradvac(),
  mgda: () => mgda(),
  cagrad: () => cagrad({ c: 0.5 }),
  "imtl-g": () => imtlG(),
  "aligned-mtl min": () => alignedMtl(),
  "aligned-mtl median": () => alignedMtl({ scale: "median" }),
  "aligned-mtl rmse": () => alignedMtl({ scale: "rmse" }),
  "con-fig": () => conFig(),
  "nash-mtl": () => nashMtl(),
  upgrad: () => upgrad(),
  "dual-proj": () => dualProj(),
  gem: () => gem({ margin: 0.5 }),
  "a-gem": () => aGem(),
};

describe(`equals ${source} to 1e-5 of ‖output‖`, () => {
  for (const [name, make] of Object.entries(methods)) {
    it(name, () => {
      const wrong: string[] = [];
      let compared = 0;
      for (const { kind, seed, m, n, scales, weights } of cases) {
        const expected = weights[name];
        if (!expected) continue;
        compared++;
        const rows = jacobian(kind, seed, m, n, scales);
        const tasks = rows.map((_, i) => `t${i}`);
        const combiner = make();
        let state: StateTree = combiner.init(tasks);
        let got: Float64Array = new Float64Array(m);
        // GradVac has state, and the oracle has its third step.
        for (let step = 0; step < (name === "gradvac" ? 3 : 1); step++) {
          const out = combiner.weigh(gramOf(rows), tasks, state, { step, group: "" });
          state = out.state;
          got = out.weights;
        }
        const error = off(merged(rows, got), merged(rows, expected));
        if (!(error <= 1e-5)) wrong.push(`${kind} ${seed} (${m} × ${n}): ${error}: ${[...got]} vs ${expected}`);
      }
      expect(wrong).toEqual([]);
      expect(compared).toBeGreaterThanOrEqual(24);
    });
  }
});
