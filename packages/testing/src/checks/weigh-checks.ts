import type { AnyCombiner, StateTree, WeighingCombiner } from "@graftjs/core";
import { check } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { readOracle } from "../harness/oracle.ts";
import { numbers } from "../harness/samples.ts";

/** Gradients of several tasks and the merged gradient, from another implementation. */
export interface GramOracle {
  /** Source of the numbers, for example "torchjd 0.8.0". Error messages show it. */
  readonly source: string;
  readonly cases: readonly {
    readonly name: string;
    /** Argument for the factory. @default none */
    readonly options?: unknown;
    /** One row per task: its gradient. */
    readonly jacobian: readonly (readonly number[])[];
    /** The merged gradient Jᵀ·weights. */
    readonly update: readonly number[];
    /** Relative to the largest magnitude of `update`. @default 1e-6 */
    readonly tolerance?: number;
  }[];
}

const TASKS = ["a", "b", "c"];

/** Difficult task gradients, one row per task. */
const JACOBIANS: { readonly [kind: string]: readonly (readonly number[])[] } = {
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
  "one nonzero row": [
    [1, 2, 3],
    [0, 0, 0],
    [0, 0, 0],
  ],
  "all zero": [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ],
  "sizes from 1e-10 to 1e15": [
    [1e-10, 2e-10, 0],
    [1, -1, 1],
    [-1e15, 1e15, 2e15],
  ],
};

/** Checks a combiner that turns the Gramian of the task gradients into weights. */
export function weighChecks(
  make: (options?: unknown) => AnyCombiner,
  oracle: string | GramOracle | undefined,
): readonly ConformanceCheck[] {
  const forEachJacobian = (fn: (combiner: WeighingCombiner, gram: Float64Array, kind: string) => void): void => {
    for (const [kind, jacobian] of Object.entries(JACOBIANS)) fn(make() as WeighingCombiner, gramOf(jacobian), kind);
  };
  const weigh = (combiner: WeighingCombiner, gram: Float64Array, state: StateTree = combiner.init(TASKS)) =>
    combiner.weigh(gram, TASKS, state, { step: 0, group: "" });
  return [
    onCpu("gives one finite weight per task for difficult gradients", () =>
      forEachJacobian((combiner, gram, kind) => {
        const { weights } = weigh(combiner, gram);
        check(weights.length === TASKS.length, `Jacobian "${kind}": ${weights.length} weights, ${TASKS.length} tasks.`);
        check(weights.every(Number.isFinite), `Jacobian "${kind}": the weights are ${[...weights]}.`);
      }),
    ),
    onCpu("leaves the Gramian and the state unchanged", () =>
      forEachJacobian((combiner, gram, kind) => {
        const before = gram.slice();
        const state = combiner.init(TASKS);
        const text = JSON.stringify(state);
        weigh(combiner, gram, state);
        check(
          gram.every((value, i) => Object.is(value, before[i])),
          `Jacobian "${kind}": the combiner changed the Gramian.`,
        );
        check(
          JSON.stringify(state) === text,
          `Jacobian "${kind}": the combiner changed the state in place. Return a new state.`,
        );
      }),
    ),
    onCpu("gives equal weights for equal Gramians and states", () =>
      forEachJacobian((combiner, gram, kind) => {
        const state = combiner.init(TASKS);
        const [first, second] = [weigh(combiner, gram, state).weights, weigh(combiner, gram, state).weights];
        check(
          first.every((value, i) => Object.is(value, second[i])),
          `Jacobian "${kind}": ${[...first]}, then ${[...second]}. Put everything that changes into the state.`,
        );
      }),
    ),
    onCpu("throws if the Gramian contains NaN", () => {
      const gram = gramOf(JACOBIANS.ordinary as (typeof JACOBIANS)[string]);
      gram[1] = Number.NaN;
      let threw = false;
      try {
        weigh(make() as WeighingCombiner, gram);
      } catch {
        threw = true;
      }
      check(threw, "The combiner returned weights for a Gramian that contains NaN.");
    }),
    ...(oracle === undefined ? [] : [oracleCheck(make, oracle)]),
  ];
}

function oracleCheck(make: (options?: unknown) => AnyCombiner, oracle: string | GramOracle): ConformanceCheck {
  return onCpu("gives the updates of the oracle", async () => {
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

/** Computes G = J Jᵀ, row-major. */
function gramOf(jacobian: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(
    jacobian.flatMap((a) => jacobian.map((b) => a.reduce((sum, value, k) => sum + value * (b[k] as number), 0))),
  );
}
