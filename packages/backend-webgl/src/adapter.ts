import { inTurn, unavailable } from "@graftjs/backend";
import type { Availability, BackendAdapter } from "@graftjs/core";
import { describeContext } from "./context/canvas.ts";
import { loadWebGL } from "./context/peer.ts";
import { floatBits } from "./context/precision.ts";
import { trainingKernels } from "./kernels/index.ts";
import { type WebGLBackendOptions, webglOptions } from "./options.ts";
import { capabilities, openSession, type WebGLSession } from "./session.ts";

/** An adapter whose session has more members than the general contract. */
export interface WebGLAdapter extends BackendAdapter {
  init(): Promise<WebGLSession>;
}

/**
 * Returns an adapter that trains on WebGL, in a page or a Web Worker.
 *
 * `init()` makes tfjs's WebGL backend current on a context of its own and registers kernels that stock WebGL lacks or computes
 * wrongly. If the context is lost, the next operation throws a BackendLostError. Texture memory is limited, and the precision of
 * the device is reported correctly. `dispose()` gives up the context and restores the stock backend.
 *
 * @throws OptionsError for unknown options. `init()` throws a BackendError with the reason and the fix.
 */
export function webglBackend(options: WebGLBackendOptions = {}): WebGLAdapter {
  const { allowFloat16, textureBytes } = webglOptions.parse("webgl", options);
  return {
    name: "webgl",
    device: "gpu",
    async availability(): Promise<Availability> {
      try {
        const description = describeContext();
        await loadWebGL();
        const bits = floatBits(allowFloat16);
        return { ok: true, capabilities: capabilities(description, bits, Object.keys(trainingKernels())) };
      } catch (error) {
        return unavailable(error);
      }
    },
    init: () => inTurn(() => openSession(allowFloat16, textureBytes)),
  };
}
