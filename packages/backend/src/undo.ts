/** Steps that undo earlier actions. */
export interface Undo {
  add(step: () => unknown): void;
  /** Runs all steps, the last one first, even if a step fails. Then throws the first error. */
  run(): Promise<void>;
}

/** Makes an empty list of undo steps. */
export function undoList(): Undo {
  const steps: (() => unknown)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run(): Promise<void> {
      const failed: unknown[] = [];
      for (const step of steps.splice(0).reverse()) {
        try {
          await step();
        } catch (cause) {
          failed.push(cause);
        }
      }
      if (failed.length > 0) throw failed[0];
    },
  };
}
