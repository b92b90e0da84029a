import type { StateTree, WeighingCombiner } from "@graftjs/core";
import { gramOf, jacobian } from "../test/jacobians.ts";
import { combiners } from "./combiners.ts";

/** Measures the milliseconds per step on the host, for 2, 4 and 8 conflicting tasks. */
export function solving(): { readonly [method: string]: readonly number[] } {
  const weighing = Object.entries(combiners).filter(([name]) => name !== "graddrop");
  return Object.fromEntries(
    weighing.map(([name, make]) => [
      name,
      [2, 4, 8].map((m) => {
        const tasks = Array.from({ length: m }, (_, i) => `t${i}`);
        const grams = Array.from({ length: 20 }, (_, i) =>
          gramOf(
            jacobian(
              "conflicting",
              i + 1,
              m,
              30,
              tasks.map(() => 1),
            ),
          ),
        );
        const combiner = make() as WeighingCombiner;
        const round = (): number => {
          let state: StateTree = combiner.init(tasks);
          const start = performance.now();
          for (const [step, gram] of grams.entries())
            state = combiner.weigh(gram, tasks, state, { step, group: "" }).state;
          return (performance.now() - start) / grams.length;
        };
        for (let i = 0; i < 5; i++) round();
        return Number(Math.min(...Array.from({ length: 5 }, round)).toFixed(4));
      }),
    ]),
  );
}
