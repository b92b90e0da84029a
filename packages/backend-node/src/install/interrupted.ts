import { endChildren } from "./run.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const cleaners = new Set<() => void>();

/**
 * Calls `clean` if a signal or `process.exit` ends this process before the returned function is called. `clean` must be
 * synchronous. If the app listens to the signal too, the app decides whether the process ends.
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
  // Without listeners the process now ends by the signal, and its parent sees that.
  process.kill(process.pid, signal);
}

function stopListening(): void {
  process.off("exit", cleanAll);
  for (const signal of SIGNALS) process.off(signal, endBy);
}
