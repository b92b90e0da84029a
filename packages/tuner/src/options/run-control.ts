/** A handle on a run in progress: what buttons call. */
export interface RunControl {
  /** Holds the run after the step in progress. */
  pause(): void;
  resume(): void;
  /** Ends the run after the step in progress; `fineTune` resolves with what it has. */
  stop(): void;
  readonly paused: boolean;
  readonly stopped: boolean;
  /** Resolves at once, or when the run is resumed or stopped, or `signal` is aborted. */
  whenRunning(signal?: AbortSignal): Promise<void>;
}

/** To be passed as `control`. */
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
