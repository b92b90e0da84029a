import { constants } from "node:os";
import { Interrupted } from "../terminal/errors.ts";

/** Signals that end a run after the current step: Ctrl-C, a request to end, and a terminal that was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How a message names each signal. */
const NAMES: Readonly<Record<(typeof SIGNALS)[number], string>> = {
  SIGINT: "Ctrl-C",
  SIGTERM: "SIGTERM",
  SIGHUP: "SIGHUP (the terminal was closed)",
};

/**
 * Runs `work` with a signal that Ctrl-C, SIGTERM or SIGHUP aborts. The next of these signals ends the process at once.
 *
 * @param hint how to continue, printed afterwards.
 */
export async function interruptible<T>(hint: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return onSignal(
    (name) => controller.abort(new Interrupted(`Stopped by ${NAMES[name]}.`, hint, 128 + constants.signals[name])),
    () => work(controller.signal),
  );
}

/** Runs `work` to its end in spite of a first Ctrl-C, SIGTERM or SIGHUP. For short work that must not be lost, such as saving. */
export function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
  return onSignal(() => {}, work);
}

async function onSignal<T>(act: (name: (typeof SIGNALS)[number]) => void, work: () => Promise<T>): Promise<T> {
  const stop = (name: NodeJS.Signals): void => {
    off();
    act(name as (typeof SIGNALS)[number]);
  };
  const off = (): void => {
    for (const name of SIGNALS) process.off(name, stop);
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work();
  } finally {
    off();
  }
}
