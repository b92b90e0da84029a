import * as tf from "@tensorflow/tfjs-core";
import { messageOf, UnavailableError } from "./unavailable.ts";

/**
 * Imports a tfjs backend package when it is needed. Importing one registers its kernels and often its stock backend, which
 * tfjs might then choose by itself. `loadPeer` removes this stock backend again, unless the app had registered it before.
 *
 * @param backend name of the backend in tfjs, e.g. "webgpu", and for people, e.g. "WebGPU".
 * @param load imports the package, e.g. `() => import("@tensorflow/tfjs-backend-webgpu")`.
 * @throws UnavailableError if the package cannot be imported.
 */
export async function loadPeer<Peer>(
  backend: { readonly name: string; readonly label: string },
  load: () => Promise<Peer>,
): Promise<Peer> {
  const { name, label } = backend;
  const known = name in tf.engine().registryFactory;
  let peer: Peer;
  try {
    peer = await load();
  } catch (cause) {
    throw new UnavailableError(
      label,
      `@tensorflow/tfjs-backend-${name} cannot be loaded: ${messageOf(cause)}`,
      `Install it: pnpm add @tensorflow/tfjs-backend-${name}`,
      { cause },
    );
  }
  if (!known && name in tf.engine().registryFactory) tf.removeBackend(name);
  return peer;
}
