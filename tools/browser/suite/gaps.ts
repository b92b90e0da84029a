/** Watches how long this thread does not answer. */
export interface GapWatch {
  /** Longest time, in ms, between two turns of the event loop since the last call. */
  lap(): number;
  stop(): void;
}

/** Starts watching: timers as short as the browser gives them, 4 ms when nothing else runs. */
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
