let last = 0;

/**
 * Lets timers, signals and the page's events run, at most every 16 ms: promises alone never do, and a browser tab would
 * freeze for the whole run.
 */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - last < 16) return;
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
  last = performance.now();
}
