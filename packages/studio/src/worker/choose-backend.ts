import { openBackend } from "@graftjs/backend";
import type { BackendAdapter, BackendSession } from "@graftjs/core";
import { StudioError } from "../protocol.ts";

/**
 * Opens the first backend that can train here. A GPU that is only computed by the processor is passed over, because wasm is faster.
 *
 * @param wanted name of the only backend to use. @default any
 * @throws StudioError if none can be opened
 */
export async function chooseBackend(adapters: readonly BackendAdapter[], wanted?: string): Promise<BackendSession> {
  const chosen = wanted === undefined ? adapters : adapters.filter(({ name }) => name === wanted);
  const real = wanted === undefined ? chosen.map(withoutSoftware) : chosen;
  try {
    return await openBackend(real);
  } catch (cause) {
    throw new StudioError("backend", (cause as Error).message, { cause });
  }
}

/** Names of drivers that compute on the processor. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

function withoutSoftware(adapter: BackendAdapter): BackendAdapter {
  if (adapter.device === "cpu") return adapter;
  return {
    name: adapter.name,
    device: adapter.device,
    init: () => adapter.init(),
    async availability() {
      const found = await adapter.availability();
      if (!found.ok || !SOFTWARE.test(found.capabilities.description ?? "")) return found;
      return { ok: false, reason: `${found.capabilities.description} is not a real GPU.` };
    },
  };
}
