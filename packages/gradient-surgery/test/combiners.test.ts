import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import {
  type AnyCombiner,
  chain,
  OptionsError,
  RecipeError,
  type StateTree,
  type WeighingCombiner,
} from "@graftjs/core";
import { testCombiner } from "@graftjs/testing";
import { describe, expect, it } from "vitest";
import {
  aGem,
  alignedMtl,
  cagrad,
  conFig,
  dualProj,
  gem,
  graddrop,
  gradvac,
  imtlG,
  meanGradient,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
} from "../src/index.ts";
import { gramOf, jacobian, merged, off } from "./jacobians.ts";

for (const make of [
  aGem,
  alignedMtl,
  cagrad,
  conFig,
  dualProj,
  gem,
  graddrop,
  gradvac,
  imtlG,
  meanGradient,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
]) {
  testCombiner((options) => make(options) as AnyCombiner);
}

const TASKS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const kinds = ["plain", "conflicting", "aligned", "dependent", "twins", "zero row"];
const matrices = kinds.flatMap((kind) =>
  [3, 5, 8].map((m) => ({ kind, rows: jacobian(kind, 7 * m, m, 30, Array<number>(m).fill(1)) })),
);

// biome-ignore lint/suspicious/noExplicitAny: each has its own state.
type Any = WeighingCombiner<any>;
/** Computes the update of the third step. By then the targets of GradVac have changed. */
function update(combiner: Any, rows: readonly (readonly number[])[], tasks = TASKS.slice(0, rows.length)): number[] {
  let state: StateTree = combiner.init(tasks);
  let weights: Float64Array = new Float64Array(rows.length);
  for (let step = 0; step < 3; step++) {
    const out = combiner.weigh(gramOf(rows), tasks, state, { step, group: "" });
    state = out.state;
    weights = out.weights;
  }
  return merged(rows, weights);
}
const inner = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, k) => sum + v * (b[k] as number), 0);

const symmetric: { readonly [name: string]: () => Any } = {
  mean: () => meanGradient(),
  pcgrad: () => pcgrad(),
  gradvac: () => gradvac(),
  mgda: () => mgda(),
  cagrad: () => cagrad(),
  "imtl-g": () => imtlG(),
  "aligned-mtl": () => alignedMtl(),
  "con-fig": () => conFig(),
  "nash-mtl": () => nashMtl(),
  upgrad: () => upgrad(),
  "dual-proj": () => dualProj(),
};

describe("golden weights of J = [[1, 0, 1], [-1, .5, 0]]", () => {
  const gram = Float64Array.of(2, -1, -1, 1.25);
  const golden: readonly (readonly [string, Any, number, number])[] = [
    ["pcgrad", pcgrad(), 1.5, 1.8],
    ["pcgrad, mean", pcgrad({ reduction: "mean" }), 0.75, 0.9],
    ["mgda", mgda(), 0.428571, 0.571429],
    ["imtl-g", imtlG(), 0.441518, 0.558482],
    ["upgrad", upgrad(), 0.75, 0.9],
    ["dual-proj", dualProj(), 0.5, 0.5],
    ["aligned-mtl", alignedMtl(), 0.443462, 0.539181],
    ["a-gem, the first task is the memory", aGem({ memory: "a" }), 0.5, 1],
  ];
  for (const [name, combiner, a, b] of golden) {
    it(name, () => {
      const { weights } = combiner.weigh(gram, ["a", "b"], combiner.init(["a", "b"]), { step: 0, group: "" });
      expect(Math.abs((weights[0] as number) - a)).toBeLessThan(1e-6);
      expect(Math.abs((weights[1] as number) - b)).toBeLessThan(1e-6);
    });
  }
  it("cagrad with c = 0.4, and con-fig, by their directions", () => {
    const rows = [
      [1, 0, 1],
      [-1, 0.5, 0],
    ];
    expect(off(update(cagrad({ c: 0.4 }), rows), [-0.183578, 0.367155, 0.550733])).toBeLessThan(2e-6);
    expect(off(update(conFig(), rows), [-0.237171, 0.566228, 0.895285])).toBeLessThan(2e-6);
    expect(off(update(aGem({ memory: "a" }), rows), [-0.5, 0.5, 0.5])).toBeLessThan(1e-12);
  });
});

describe("non-conflicting: no task gets worse to first order", () => {
  for (const make of [upgrad, dualProj, mgda, conFig, nashMtl]) {
    const { name } = make();
    it(name, () => {
      for (const { kind, rows } of matrices) {
        // If opposed tasks are rank-deficient, no direction has equal cosines to all of them.
        if (name === "con-fig" && kind === "dependent") continue;
        const d = update(make(), rows);
        const size = Math.hypot(...d);
        for (const row of rows) expect(inner(row, d)).toBeGreaterThanOrEqual(-1e-9 * Math.hypot(...row) * size);
      }
    });
  }
  it("a-gem and gem: the memories do not get worse", () => {
    for (const { rows } of matrices) {
      const d = update(aGem({ memory: "b" }), rows);
      expect(inner(rows[1] as number[], d)).toBeGreaterThanOrEqual(-1e-9 * Math.hypot(...d));
      const e = update(gem({ margin: 0 }), rows);
      for (const row of rows.slice(1)) expect(inner(row, e)).toBeGreaterThanOrEqual(-1e-9 * Math.hypot(...e));
    }
  });
  it("the mean conflicts on some of these matrices, so the property is not trivial", () => {
    const conflicts = matrices.filter(({ rows }) =>
      rows.some((row) => inner(row, update(meanGradient(), rows)) < -1e-3),
    );
    expect(conflicts.length).toBeGreaterThanOrEqual(3);
  });
});

describe("permutation-equivariant: the order of the tasks does not matter", () => {
  for (const [name, make] of Object.entries(symmetric)) {
    it(name, () => {
      for (const { rows } of matrices) {
        const tasks = TASKS.slice(0, rows.length);
        const turned = update(make(), [...rows].reverse(), [...tasks].reverse());
        expect(off(turned, update(make(), rows, tasks))).toBeLessThan(1e-6);
      }
    });
  }
});

describe("scale: c·J gives c times the update", () => {
  for (const [name, make] of Object.entries(symmetric)) {
    it(name === "nash-mtl" ? "nash-mtl: the same update of norm 1, for tasks of any size" : name, () => {
      for (const { rows } of matrices) {
        const expected = update(make(), rows);
        for (const c of [1e-10, 1e10]) {
          const got = update(
            make(),
            rows.map((row) => row.map((v) => v * c)),
          );
          expect(off(name === "nash-mtl" ? got : got.map((v) => v / c), expected)).toBeLessThan(1e-9);
        }
        if (name !== "nash-mtl") continue;
        const uneven = rows.map((row, i) => row.map((v) => v * 10 ** (5 * (i % 3) - 5)));
        expect(off(update(make(), uneven), expected)).toBeLessThan(1e-6);
      }
    });
  }
  it("con-fig: the direction does not depend on the sizes of the tasks", () => {
    for (const { rows } of matrices) {
      const direction = (d: number[]): number[] => d.map((v) => v / Math.hypot(...d));
      const uneven = rows.map((row, i) => row.map((v) => v * 10 ** (5 * (i % 3) - 5)));
      expect(off(direction(update(conFig(), uneven)), direction(update(conFig(), rows)))).toBeLessThan(1e-6);
    }
  });
  it("upgrad: linear under scaling: (a + b)·J gives the sum of both updates (Quinton & Rey 2024)", () => {
    for (const { rows } of matrices) {
      const scaled = (factor: (i: number) => number): number[] =>
        update(
          upgrad(),
          rows.map((row, i) => row.map((v) => v * factor(i))),
        );
      const [a, b] = [(i: number) => i + 1, (i: number) => 5 - (i % 4)];
      const both = scaled((i) => a(i) + b(i));
      const [x, y] = [scaled(a), scaled(b)];
      expect(
        off(
          x.map((v, k) => v + (y[k] as number)),
          both,
        ),
      ).toBeLessThan(1e-9);
    }
  });
});

it("two identical tasks equal one", () => {
  const g = [3, -1, 0.5, 2];
  const sums: { readonly [name: string]: number } = {
    pcgrad: 2,
    gradvac: 2,
    "con-fig": 2,
    cagrad: 1.5,
    "nash-mtl": 1 / Math.hypot(...g),
  };
  for (const [name, make] of Object.entries(symmetric)) {
    const expected = g.map((v) => v * (sums[name] ?? 1));
    expect([name, off(update(make(), [g, g]), expected) < 1e-6]).toEqual([name, true]);
  }
});

it("without a conflict, pcgrad, upgrad, dual-proj and a-gem do not change the gradients", () => {
  const rows = [
    [1, 2, 0],
    [0, 1, 1],
  ];
  expect(update(pcgrad(), rows)).toEqual([1, 3, 1]);
  expect(update(upgrad(), rows)).toEqual([0.5, 1.5, 0.5]);
  expect(update(dualProj(), rows)).toEqual([0.5, 1.5, 0.5]);
  expect(update(aGem(), rows)).toEqual([1, 2, 0]);
  expect(update(gem(), rows)).toEqual([1, 2, 0]);
});

it("for two tasks upgrad is half of pcgrad", () => {
  const rows = jacobian("conflicting", 5, 2, 10, [1, 3]);
  expect(
    off(
      update(pcgrad(), rows),
      update(upgrad(), rows).map((v) => 2 * v),
    ),
  ).toBeLessThan(1e-9);
});

it("the order of pcgrad depends on the seed and the step", () => {
  const rows = jacobian("conflicting", 3, 4, 8, [1, 1, 1, 1]);
  const weightsAt = (seed: number, step: number): string =>
    String(pcgrad({ seed }).weigh(gramOf(rows), TASKS.slice(0, 4), null, { step, group: "" }).weights);
  expect(weightsAt(1, 0)).toBe(weightsAt(1, 0));
  expect(new Set([0, 1, 2, 3, 4, 5].map((step) => weightsAt(1, step))).size).toBeGreaterThan(3);
  expect(new Set([0, 1, 2, 3, 4, 5].map((seed) => weightsAt(seed, 0))).size).toBeGreaterThan(3);
});

it("a preference changes the weights of upgrad, dual-proj, aligned-mtl and mean", () => {
  const rows = [
    [1, 0],
    [0, 1],
  ];
  for (const make of [upgrad, dualProj, alignedMtl, meanGradient]) {
    const [x, y] = update(make({ preference: { a: 3, b: 1 } }), rows) as [number, number];
    expect([Number(x.toFixed(9)), Number(y.toFixed(9))]).toEqual([0.75, 0.25]);
  }
});

describe("bad input is refused", () => {
  it("options out of range, at construction, in one error", () => {
    expect(() => cagrad({ c: 1 })).toThrow(OptionsError);
    expect(() => cagrad({ c: -0.1 })).toThrow("`c` must be a number ≥ 0 and < 1");
    expect(() => gem({ margin: -1 })).toThrow("`margin` must be a number ≥ 0");
    expect(() => gradvac({ beta: 2 })).toThrow(OptionsError);
    expect(() => nashMtl({ maxNorm: 0 })).toThrow(OptionsError);
    expect(() => graddrop({ leak: { a: 2 } })).toThrow(OptionsError);
    expect(() => pcgrad({ reduction: "max", sed: 1 } as never)).toThrow(/2 wrong option/);
  });
  it("a memory without a loss, only memories, a preference for other tasks", () => {
    const rows = jacobian("plain", 1, 2, 3, [1, 1]);
    expect(() => update(aGem({ memory: "old" }), rows)).toThrow(/no loss for the memory task `old`/);
    expect(() => update(gem({ memories: ["a", "b"] }), rows)).toThrow(RecipeError);
    expect(() => update(upgrad({ preference: { a: 1, z: 1 } }), rows)).toThrow(/Missing: `b`. Not a task: `z`/);
    expect(() => update(meanGradient({ preference: { a: 0, b: 0 } }), rows)).toThrow(RecipeError);
  });
  it("a NaN, with the name of its task", () => {
    const gram = Float64Array.of(1, 0, Number.NaN, 0, 1, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
    for (const make of Object.values(symmetric)) {
      const combiner = make();
      const weigh = () => combiner.weigh(gram, ["x", "y", "z"], combiner.init(["x"]), { step: 0, group: "" });
      expect(weigh).toThrow("`z`");
      expect(weigh).not.toThrow("`x`");
    }
  });
  it("a combiner among the hooks, with a reason", () => {
    for (const make of [pcgrad, upgrad, graddrop]) {
      expect(() => chain(make() as never)).toThrow(/hooks see only one gradient, so it would have no effect there/);
    }
  });
});
