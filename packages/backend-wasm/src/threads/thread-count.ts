/** Most threads of "auto". More gain nothing on the nets that fit a wasm heap, and each costs memory and start-up time. */
const MOST = 8;

/** Returns the number of threads that the option `threads` asks for. "auto" is one thread per core, 8 at most. */
export function threadCount(threads: number | "auto"): number {
  return threads === "auto" ? Math.min(cores(), MOST) : threads;
}

function cores(): number {
  const { process, navigator } = globalThis as { process?: NodeJS.Process; navigator?: Navigator };
  const os = process?.versions?.node ? process.getBuiltinModule?.("node:os") : undefined;
  return os ? os.availableParallelism() : (navigator?.hardwareConcurrency ?? 1);
}

/** Says why threads cannot share memory here, and how to change that. Returns undefined if they can. */
export function whyNotShared(): string | undefined {
  const { process, crossOriginIsolated } = globalThis as { process?: NodeJS.Process; crossOriginIsolated?: boolean };
  if (process?.versions?.node) return undefined;
  if (crossOriginIsolated && typeof SharedArrayBuffer !== "undefined") return undefined;
  return (
    "this page is not cross-origin isolated. Serve it with the headers " +
    '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"'
  );
}
