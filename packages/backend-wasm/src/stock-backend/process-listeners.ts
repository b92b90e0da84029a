type Event = "uncaughtException" | "unhandledRejection";

/**
 * The listeners that Emscripten's start-up code puts on Node's process, by their text; a minifier renames things in them,
 * takes braces away or makes arrows of them. Each does nothing but throw on.
 */
const EMSCRIPTENS: { readonly [event in Event]: RegExp } = {
  uncaughtException: /^[^{]*\b([\w$]+)\)?(=>)?\{if\(!\(\1 instanceof[\w$]+\)\)\{?throw \1;?\}?\}$/,
  unhandledRejection: /^[^{]*\b([\w$]+)\)?(=>)?\{throw \1;?\}$/,
};
const EVENTS = Object.keys(EMSCRIPTENS) as Event[];

/** Whether a listener of that event is Emscripten's. */
export function isEmscriptens(event: Event, listener: unknown): boolean {
  const text = String(listener)
    .replace(/\s+/g, " ")
    .replace(/ ?([(){}!;=>]+) ?/g, "$1");
  return EMSCRIPTENS[event].test(text.replace(/ instanceof /, " instanceof"));
}

/**
 * Runs `start` and takes off the listeners for uncaught errors that Emscripten puts on Node's process meanwhile, and no
 * others: an app may well add its own while the backend starts.
 *
 * Emscripten's rethrow, so that every uncaught error of the whole program would end with a page of minified source in place
 * of its own stack.
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
        if (!before.get(event)?.has(listener) && isEmscriptens(event, listener))
          process.removeListener(event, listener as () => void);
      }
    }
  }
}
