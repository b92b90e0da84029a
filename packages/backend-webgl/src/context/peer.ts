import { loadPeer } from "@graftjs/backend";

/** tfjs's WebGL backend package. */
export type Peer = typeof import("@tensorflow/tfjs-backend-webgl");

/** Imports tfjs's WebGL backend when it is needed. @throws UnavailableError if it is not installed. */
export function loadWebGL(): Promise<Peer> {
  return loadPeer({ name: "webgl", label: "WebGL" }, () => import("@tensorflow/tfjs-backend-webgl"));
}
