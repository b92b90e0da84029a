import type { BackendAdapter, BackendSession } from "@graftjs/core";
import type { Victim } from "../../../tools/browser/suite/loss.ts";
import type { WebGPUSession } from "../src/session.ts";

/** Kernels and methods at whose calls the device is taken away. */
export const moments: readonly string[] = ["GraftSgd", "read", "runWebGPUProgram", "submitQueue"];

/**
 * Describes how to lose the device: by our own `destroy()`, which the session notices at once, and by the original one, which it does
 * not notice, like the loss of a driver.
 */
export function victim(adapter: BackendAdapter): Victim {
  const device = (session: BackendSession): GPUDevice => (session as WebGPUSession).device;
  return {
    adapter,
    kills: [(session) => device(session).destroy(), (session) => GPUDevice.prototype.destroy.call(device(session))],
    methods: moments.filter((name) => !name.startsWith("Graft")),
    fused: moments.filter((name) => name.startsWith("Graft")),
  };
}
