/**
 * Loads the peer on demand. Importing `@tensorflow/tfjs-backend-wasm` registers the stock backend, and importing this
 * package must have no such side effect.
 */
export function loadPeer(): Promise<typeof import("@tensorflow/tfjs-backend-wasm")> {
  return import("@tensorflow/tfjs-backend-wasm");
}
