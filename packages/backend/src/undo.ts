/** A list of steps that take back changes. */
export interface Undo {
  /** Adds a step. It may return a promise. */
  add(step: () => unknown): void;
  /**
   * Runs all steps once, the last added one first, and waits for each. A step that fails does not stop the others.
   *
   * @throws the error of the first step that failed, after all steps have run.
   */
  run(): Promise<void>;
}

/** Returns an empty list of steps. */
export function undoList(): Undo {
  const steps: (() => unknown)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run(): Promise<void> {
      const errors: unknown[] = [];
      for (const step of steps.splice(0).reverse()) {
        try {
          await step();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
