type Event = "uncaughtException" | "unhandledRejection";

/**
 * The source text of the listeners that Emscripten's start-up code adds to Node's process. Each only throws the error
 * again. The patterns allow for a minifier, which renames variables, drops braces or makes arrow functions.
 */
const EMSCRIPTENS: { readonly [event in Event]: RegExp } = {
  uncaughtException: /^[^{]*\b([\w$]+)\)?(=>)?\{if\(!\(\1 instanceof[\w$]+\)\)\{?throw \1;?\}?\}$/,
  unhandledRejection: /^[^{]*\b([\w$]+)\)?(=>)?\{throw \1;?\}$/,
};
const EVENTS = Object.keys(EMSCRIPTENS) as Event[];

/** Returns whether a listener of `event` was added by Emscripten. */
export function isEmscriptens(event: Event, listener: unknown): boolean {
  const text = String(listener)
    .replace(/\s+/g, " ")
    .replace(/ ?([(){}!;=>]+) ?/g, "$1");
  return EMSCRIPTENS[event].test(text.replace(/ instanceof /, " instanceof"));
}

/**
 * Runs `start`, then removes the listeners for uncaught errors that Emscripten added to Node's process meanwhile. Other
 * listeners stay, because an app may add its own while the backend starts.
 *
 * Emscripten's listeners throw the error again. With them, every uncaught error of the program ends in a page of minified
 * source instead of its own stack.
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
