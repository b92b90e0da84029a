/** What was done, to be taken back. */
export interface Undo {
  add(step: () => unknown): void;
  /** Takes back all of it, last first, whether or not a step fails; then throws what the first failing one threw. */
  run(): Promise<void>;
}

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
