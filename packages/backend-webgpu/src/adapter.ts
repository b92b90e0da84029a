import { inTurn, unavailable } from "@graftjs/backend";
import type { Availability, BackendAdapter } from "@graftjs/core";
import { openDevice } from "./device/open.ts";
import { loadWebGPU } from "./device/peer.ts";
import { type WebGPUBackendOptions, webgpuOptions } from "./options.ts";
import type { Platform } from "./platform/platform.ts";
import { capabilities, openSession, type WebGPUSession } from "./session.ts";

/** An adapter whose session has more members than the general contract. */
export interface WebGPUAdapter extends BackendAdapter {
  init(): Promise<WebGPUSession>;
}

/** Returns the adapter for the GPUs of `platform`. @throws OptionsError for wrong options. */
export function webgpuAdapter(options: WebGPUBackendOptions, platform: Platform): WebGPUAdapter {
  const parsed = webgpuOptions.parse("webgpu", options);
  return {
    name: "webgpu",
    device: "gpu",
    async availability(): Promise<Availability> {
      try {
        const { device, description } = await openDevice(await platform.gpu(), parsed, platform.noAdapterFix);
        device.destroy();
        await loadWebGPU();
        return { ok: true, capabilities: capabilities(description) };
      } catch (error) {
        return unavailable(error);
      }
    },
    init: () => inTurn(() => openSession(parsed, platform)),
  };
}
