import * as tf from "@tensorflow/tfjs-core";
import { describe, it } from "vitest";

/** One check of a conformance suite. It becomes one test, and throws if the plugin breaks the rule. */
export interface ConformanceCheck {
  /** The rule in words: the name of the test, and the key in `expectedFailures`. Unique within a suite. */
  readonly name: string;
  run(): void | Promise<void>;
}

/** Checks that a plugin is known to fail: the name of each check with the reason. */
export type ExpectedFailures = { readonly [check: string]: string };

/** Makes a check that starts on the `cpu` backend, whichever backend the previous check left. */
export function onCpu(name: string, run: () => void | Promise<void>): ConformanceCheck {
  return {
    name,
    async run() {
      await tf.setBackend("cpu");
      await run();
    },
  };
}

/**
 * Registers one vitest test per check, under the title of the suite. See {@link withExpectedFailures}.
 *
 * @throws Error if an expected failure does not name a check of the suite.
 */
export function register(
  title: string,
  checks: readonly ConformanceCheck[],
  expectedFailures: ExpectedFailures = {},
): void {
  const tests = withExpectedFailures(checks, expectedFailures);
  describe(title, () => {
    for (const { name, run } of tests) it(name, run);
  });
}

/**
 * Turns each check that is expected to fail into its opposite: it passes if the check fails, and fails if the check passes.
 * So an outdated reason cannot stay.
 *
 * @throws Error if an expected failure does not name a check of the suite.
 */
export function withExpectedFailures(
  checks: readonly ConformanceCheck[],
  expectedFailures: ExpectedFailures,
): readonly ConformanceCheck[] {
  const names = checks.map(({ name }) => name);
  const unknown = Object.keys(expectedFailures).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `\`expectedFailures\` names checks that this suite does not have: ${unknown.join("; ")}. It has: ${names.join("; ")}.`,
    );
  }
  return checks.map((check) => {
    const reason = Object.hasOwn(expectedFailures, check.name) ? expectedFailures[check.name] : undefined;
    if (reason === undefined) return check;
    return { name: `${check.name}: expected to fail (${reason})`, run: () => assertFails(check) };
  });
}

async function assertFails(check: ConformanceCheck): Promise<void> {
  try {
    await check.run();
  } catch {
    return;
  }
  throw new Error(`The check "${check.name}" passes now. Remove it from \`expectedFailures\`.`);
}
