const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/**
 * Runs `start` and takes off the listeners for uncaught errors that it put on Node's process.
 *
 * Emscripten's start-up code adds one of each. They rethrow, so that every uncaught error of the whole program would end with
 * a page of minified source in place of its own stack.
 */
export async function withoutProcessListeners<T>(start: () => Promise<T>): Promise<T> {
  const { process } = globalThis as { process?: NodeJS.Process };
  if (typeof process?.listeners !== "function") return start();
  const before = new Map(EVENTS.map((event) => [event, new Set<unknown>(process.listeners(event as "exit"))]));
  try {
    return await start();
  } finally {
    for (const event of EVENTS) {
      for (const listener of process.listeners(event as "exit")) {
        if (!before.get(event)?.has(listener)) process.removeListener(event, listener as () => void);
      }
    }
  }
}
