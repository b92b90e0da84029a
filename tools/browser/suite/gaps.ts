/** Measures how long this thread is blocked. */
export interface GapWatch {
  /** Returns the longest time in ms between two turns of the event loop since the last call. */
  lap(): number;
  stop(): void;
}

/** Starts measuring, with the shortest timers of the browser, which are 4 ms if nothing else runs. */
export function watchGaps(): GapWatch {
  let last = performance.now();
  let longest = 0;
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const ticking = setInterval(turn, 0);
  return {
    lap() {
      turn();
      const found = longest;
      longest = 0;
      return found;
    },
    stop: () => clearInterval(ticking),
  };
}
