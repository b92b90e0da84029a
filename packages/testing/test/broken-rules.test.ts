import { type AnyRule, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { ruleChecks } from "../src/index.ts";
import { failing } from "./failing.ts";

/** One broken rule per check that hooks do not have, by the name of the check. */
const rules: { readonly [check: string]: () => AnyRule } = {
  "sets `terminal: true`": () => ({ ...sgd(), terminal: 1 as unknown as true }),
  "applyFused equals transform, or changes nothing": () => ({
    ...sgd(),
    applyFused(variables) {
      for (const variable of Object.values(variables)) variable.assign(tf.zerosLike(variable));
      return undefined;
    },
  }),
};

/** Other checks that fail too. */
const consequences: { readonly [check: string]: readonly string[] } = {
  // Core refuses a rule without `terminal: true`.
  "sets `terminal: true`": [
    "leaks no tensor over 20 steps, and frees its state",
    "leaks no tensor and changes no weight if any of its ops throws",
    "continues bit for bit from a checkpoint",
    "keeps the state of a parameter while it is frozen, and afterwards",
    "lowers the loss of a small MLP",
  ],
  // Core calls applyFused first. It has changed weights by the time transform throws.
  "applyFused equals transform, or changes nothing": ["leaks no tensor and changes no weight if any of its ops throws"],
};

for (const [name, make] of Object.entries(rules)) {
  it(`a rule that breaks "${name}" fails this check`, async () => {
    expect(new Set(await failing(ruleChecks(make)))).toEqual(new Set([name, ...(consequences[name] ?? [])]));
  });
}
