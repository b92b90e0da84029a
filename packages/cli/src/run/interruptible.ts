import { Interrupted } from "../terminal/errors.ts";

/**
 * Runs `work` with a signal that Ctrl-C aborts. A second Ctrl-C ends the process at once.
 *
 * @param hint how to continue, printed after Ctrl-C.
 */
export async function interruptible<T>(hint: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Interrupted("Stopped by Ctrl-C.", hint));
  process.once("SIGINT", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
  }
}
