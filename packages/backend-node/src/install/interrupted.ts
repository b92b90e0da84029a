import { endChildren } from "./run.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const cleaners = new Set<() => void>();

/**
 * Has `clean`, which must not wait for anything, called where a signal or `process.exit` ends this process before the returned
 * function is called. Where the app listens to the signal too, it alone decides whether to end.
 */
export function cleanWhenInterrupted(clean: () => void): () => void {
  if (cleaners.size === 0) {
    process.on("exit", cleanAll);
    for (const signal of SIGNALS) process.on(signal, endBy);
  }
  cleaners.add(clean);
  return () => {
    cleaners.delete(clean);
    if (cleaners.size === 0) stopListening();
  };
}

function cleanAll(): void {
  endChildren();
  for (const clean of cleaners) clean();
}

function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  cleanAll();
  stopListening();
  // Nobody listens now: the process ends as it would have, and its parent sees the signal.
  process.kill(process.pid, signal);
}

function stopListening(): void {
  process.off("exit", cleanAll);
  for (const signal of SIGNALS) process.off(signal, endBy);
}
