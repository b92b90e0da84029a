import type { Registration } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";
import { once } from "../tfjs-registry/registration.ts";

/**
 * Keeps a tensor on its old backend if the heap has no room for it. When tfjs moves a tensor between backends, it frees the
 * tensor on the old backend first. If the allocation on wasm then fails, the values are lost, and they may be a weight.
 */
export function keepFailedMoves(backend: WasmBackend): Registration {
  const stock = backend.move;
  const own = Object.hasOwn(backend, "move");
  const guarded: WasmBackend["move"] = (dataId, values, shape, dtype, refCount) => {
    try {
      stock.call(backend, dataId, values, shape, dtype, refCount);
    } catch (error) {
      const engine = tf.engine();
      // The engine has no entry yet for a tensor that is being created.
      const moved = engine.state.tensorInfo.get(dataId);
      const old = Object.values(engine.registry).find((other) => other !== backend);
      if (moved && old) {
        old.move(dataId, values, shape, dtype, refCount);
        moved.backend = old;
      }
      throw error;
    }
  };
  backend.move = guarded;
  return once(() => {
    if (backend.move !== guarded) return;
    if (own) backend.move = stock;
    else delete (backend as { move?: WasmBackend["move"] }).move;
  });
}
