/** Threads beyond this gain nothing on the nets that fit a wasm heap, and each costs memory and a start. */
const MOST = 8;

/** The number that the option `threads` asks for; "auto" is a thread for each core. */
export function threadCount(threads: number | "auto"): number {
  return threads === "auto" ? Math.min(cores(), MOST) : threads;
}

function cores(): number {
  const { process, navigator } = globalThis as { process?: NodeJS.Process; navigator?: Navigator };
  const os = process?.versions?.node ? process.getBuiltinModule?.("node:os") : undefined;
  return os ? os.availableParallelism() : (navigator?.hardwareConcurrency ?? 1);
}

/** Why threads cannot share memory here, with what to do; undefined where they can. */
export function whyNotShared(): string | undefined {
  const { process, crossOriginIsolated } = globalThis as { process?: NodeJS.Process; crossOriginIsolated?: boolean };
  if (process?.versions?.node) return undefined;
  if (crossOriginIsolated && typeof SharedArrayBuffer !== "undefined") return undefined;
  return (
    "this page is not cross-origin isolated. Serve it with the headers " +
    '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"'
  );
}
