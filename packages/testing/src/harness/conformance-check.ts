import * as tf from "@tensorflow/tfjs-core";
import { describe, it } from "vitest";

/** One rule of a suite: a test by name, which throws when the plugin breaks the rule. */
export interface Case {
  /** Short key, for `exceptions`. */
  readonly id: string;
  /** What must hold, as the test is called. */
  readonly name: string;
  run(): void | Promise<void>;
}

/** Rules that a plugin breaks on purpose, by id, each with the reason. */
export type Exceptions = { readonly [id: string]: string };

/** A case that starts on the `cpu` backend, whatever ran before it. */
export function onCpu(id: string, name: string, run: () => void | Promise<void>): Case {
  return {
    id,
    name,
    async run() {
      await tf.setBackend("cpu");
      await run();
    },
  };
}

/**
 * Registers `cases` with vitest, a test each. An exception is a test as well: it fails once the rule holds, so that no
 * stale excuse stays behind.
 *
 * @throws Error where an exception names no case.
 */
export function register(title: string, cases: readonly Case[], exceptions: Exceptions = {}): void {
  const unknown = Object.keys(exceptions).filter((id) => !cases.some((one) => one.id === id));
  if (unknown.length > 0) {
    throw new Error(
      `No case of the suite is called ${unknown.join(", ")}. There are: ${cases.map(({ id }) => id).join(", ")}.`,
    );
  }
  describe(title, () => {
    for (const one of cases) {
      const reason = Object.hasOwn(exceptions, one.id) ? exceptions[one.id] : undefined;
      if (reason === undefined) it(one.name, () => one.run());
      else it(`exception (${reason}): ${one.name}`, () => mustFail(one));
    }
  });
}

async function mustFail(one: Case): Promise<void> {
  try {
    await one.run();
  } catch {
    return;
  }
  throw new Error(`The exception \`${one.id}\` is no longer needed: the rule holds. Remove it.`);
}
