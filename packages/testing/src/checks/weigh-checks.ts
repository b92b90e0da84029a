import type { AnyCombiner, StateTree, WeighingCombiner } from "@graftjs/core";
import { check } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { numbers } from "../harness/samples.ts";
import { readOracle } from "./oracle-checks.ts";

/** Task gradients in, weights out, as another implementation has them. */
export interface GramOracle {
  /** Where the numbers are from: "torchjd 0.8.0". Shown when they differ. */
  readonly source: string;
  readonly cases: readonly {
    readonly name: string;
    /** Passed to the factory. Left out: the factory's own. */
    readonly options?: unknown;
    /** One row a task: its gradient. */
    readonly jacobian: readonly (readonly number[])[];
    /** The merged gradient Jᵀ·weights. */
    readonly update: readonly number[];
    /** Relative to the largest magnitude of `update`. @default 1e-6 */
    readonly tolerance?: number;
  }[];
}

const TASKS = ["a", "b", "c"];

/** Rows that hurt: ordinary, conflicting, dependent, of differing size, and none at all. */
const JACOBIANS: { readonly [what: string]: readonly (readonly number[])[] } = {
  ordinary: [0, 1, 2].map((i) => numbers(i + 1, 6)),
  opposite: [
    [1, 2, -1],
    [-1, -2, 1],
    [3, 0, 1],
  ],
  "rank-deficient": [
    [1, 1, 0],
    [2, 2, 0],
    [-1, -1, 0],
  ],
  "of one task only": [
    [1, 2, 3],
    [0, 0, 0],
    [0, 0, 0],
  ],
  "all zero": [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ],
  "of sizes 1e-10 to 1e15": [
    [1e-10, 2e-10, 0],
    [1, -1, 1],
    [-1e15, 1e15, 2e15],
  ],
};

/** Weights from a Gramian: pure, finite, without memory of anything but the state. */
export function weighCases(
  make: (options?: unknown) => AnyCombiner,
  oracle: string | GramOracle | undefined,
): readonly Case[] {
  const each = (
    fn: (combiner: WeighingCombiner, gram: Float64Array, what: string, j: readonly (readonly number[])[]) => void,
  ): void => {
    for (const [what, jacobian] of Object.entries(JACOBIANS))
      fn(make() as WeighingCombiner, gramOf(jacobian), what, jacobian);
  };
  const weigh = (combiner: WeighingCombiner, gram: Float64Array, state: StateTree = combiner.init(TASKS)) =>
    combiner.weigh(gram, TASKS, state, { step: 0, group: "" });
  return [
    onCpu("finite", "one finite weight a task, whatever the gradients: rank-deficient, zero, 1e-10 to 1e15", () =>
      each((combiner, gram, what) => {
        const { weights } = weigh(combiner, gram);
        check(weights.length === TASKS.length, `${what}: ${weights.length} weights for ${TASKS.length} tasks.`);
        check(weights.every(Number.isFinite), `${what}: the weights are ${[...weights]}.`);
      }),
    ),
    onCpu("inputs", "changes neither the Gramian nor the state it was given", () =>
      each((combiner, gram, what) => {
        const before = gram.slice();
        const state = combiner.init(TASKS);
        const text = JSON.stringify(state);
        weigh(combiner, gram, state);
        check(
          gram.every((value, i) => Object.is(value, before[i])),
          `${what}: the Gramian changed.`,
        );
        check(JSON.stringify(state) === text, `${what}: the state changed in place. Return a new one.`);
      }),
    ),
    onCpu("pure", "the same Gramian and state give the same weights", () =>
      each((combiner, gram, what) => {
        const state = combiner.init(TASKS);
        const [one, two] = [weigh(combiner, gram, state).weights, weigh(combiner, gram, state).weights];
        check(
          one.every((value, i) => Object.is(value, two[i])),
          `${what}: ${[...one]}, then ${[...two]}. Keep what changes in the state.`,
        );
      }),
    ),
    onCpu("nan", "throws on a NaN in the Gramian", () => {
      const gram = gramOf(JACOBIANS.ordinary as (typeof JACOBIANS)[string]);
      gram[1] = Number.NaN;
      let threw = false;
      try {
        weigh(make() as WeighingCombiner, gram);
      } catch {
        threw = true;
      }
      check(threw, "It returned weights from a Gramian with a NaN.");
    }),
    ...(oracle === undefined ? [] : [oracleCase(make, oracle)]),
  ];
}

function oracleCase(make: (options?: unknown) => AnyCombiner, oracle: string | GramOracle): Case {
  return onCpu("oracle", "gives the oracle's update", async () => {
    const { source, cases } = await readOracle(oracle);
    check(cases.length > 0, "The oracle has no cases.");
    for (const { name, options, jacobian, update, tolerance = 1e-6 } of cases) {
      const tasks = jacobian.map((_, i) => `task ${i}`);
      const combiner = make(options) as WeighingCombiner;
      const { weights } = combiner.weigh(gramOf(jacobian), tasks, combiner.init(tasks), { step: 0, group: "" });
      const scale = update.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-30);
      update.forEach((expected, k) => {
        const got = jacobian.reduce((sum, row, i) => sum + (row[k] as number) * (weights[i] as number), 0);
        check(
          Math.abs(got - expected) <= tolerance * scale,
          `${source}, ${name}: update[${k}] is ${got}, expected ${expected}.`,
        );
      });
    }
  });
}

/** G = J Jᵀ, row-major. */
function gramOf(jacobian: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(
    jacobian.flatMap((a) => jacobian.map((b) => a.reduce((sum, value, k) => sum + value * (b[k] as number), 0))),
  );
}
