import type { BackendAdapter, BackendSession } from "@graftjs/core";
import type { Victim } from "../../../tools/browser/suite/loss.ts";
import type { WebGPUSession } from "../src/session.ts";

/** What is called at some moment of a loss. */
export const moments: readonly string[] = ["GraftSgd", "read", "runWebGPUProgram", "submitQueue"];

/** By our own `destroy()`, which the session hears of at once; and past it, as a driver takes a device away: in silence. */
export function victim(adapter: BackendAdapter): Victim {
  const device = (session: BackendSession): GPUDevice => (session as WebGPUSession).device;
  return {
    adapter,
    kills: [(session) => device(session).destroy(), (session) => GPUDevice.prototype.destroy.call(device(session))],
    methods: moments.filter((name) => !name.startsWith("Graft")),
    fused: moments.filter((name) => name.startsWith("Graft")),
  };
}
