/** Controls a run in progress, for example from the buttons of a page. */
export interface RunControl {
  /** Pauses the run after the current step. */
  pause(): void;
  resume(): void;
  /** Ends the run after the current step. `fineTune` resolves with the result so far. */
  stop(): void;
  readonly paused: boolean;
  readonly stopped: boolean;
  /** Resolves at once, or when the run is resumed or stopped, or `signal` is aborted. */
  whenRunning(signal?: AbortSignal): Promise<void>;
}

/** Creates a value for the option `control`. */
export function createRunControl(): RunControl {
  let paused = false;
  let stopped = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return {
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      wake();
    },
    stop() {
      stopped = true;
      wake();
    },
    get paused() {
      return paused;
    },
    get stopped() {
      return stopped;
    },
    async whenRunning(signal) {
      if (!paused || stopped || signal?.aborted) return;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal?.removeEventListener("abort", go);
          resolve();
        };
        waiting.push(go);
        signal?.addEventListener("abort", go);
      });
    },
  };
}
