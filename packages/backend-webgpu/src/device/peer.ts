import { loadPeer } from "@graftjs/backend";

/** tfjs's WebGPU backend package. */
export type Peer = typeof import("@tensorflow/tfjs-backend-webgpu");

/** Imports tfjs's WebGPU backend when it is needed. @throws UnavailableError if it is not installed. */
export function loadWebGPU(): Promise<Peer> {
  return loadPeer({ name: "webgpu", label: "WebGPU" }, () => import("@tensorflow/tfjs-backend-webgpu"));
}
