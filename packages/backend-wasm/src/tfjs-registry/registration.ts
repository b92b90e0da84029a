import type { Registration } from "@graftjs/backend";

/** Makes a registration whose `undo` runs at most once. */
export function once(undo: () => void): Registration {
  let done = false;
  return {
    dispose(): void {
      if (done) return;
      done = true;
      undo();
    },
  };
}

/**
 * Makes several registrations in order and returns them as one. They are undone in reverse order.
 *
 * @throws the error of a step that fails, after the steps before it have been undone.
 */
export function together(steps: readonly (() => Registration)[]): Registration {
  const made: Registration[] = [];
  const all = once(() => {
    for (const registration of made.reverse()) registration.dispose();
  });
  try {
    for (const step of steps) made.push(step());
  } catch (error) {
    all.dispose();
    throw error;
  }
  return all;
}
