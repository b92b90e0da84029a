let last = 0;

/**
 * Lets timers, signals and the page's events run, at most every 16 ms. Awaiting promises does not let them run, so without this a
 * browser tab would freeze for the whole run.
 */
export async function yieldToEventLoop(): Promise<void> {
  if (performance.now() - last < 16) return;
  await turn();
  last = performance.now();
}

interface Loop {
  readonly setImmediate?: (resolve: () => void) => void;
}

/** Waits for one turn of the event loop. A timer of 0 ms would take 1 ms in Node and 4 ms in a page, which adds up over the steps. */
function turn(): Promise<void> {
  const { setImmediate } = globalThis as Loop;
  return new Promise((resolve) => {
    if (setImmediate) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
