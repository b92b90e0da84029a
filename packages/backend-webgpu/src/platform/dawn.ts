import { messageOf, UnavailableError } from "@graftjs/backend";
import type { Platform } from "./platform.ts";

type Dawn = typeof import("webgpu");

/** One instance per process. If nothing refers to Dawn's instance, it is garbage collected together with its devices. */
let instance: GPU | undefined;

/**
 * Returns Node's GPUs, through Dawn. `gpu()` sets those `GPU*` globals and `navigator.gpu` that are missing, because tfjs
 * reads them when it is imported.
 *
 * @param dawnOptions switches of Dawn as `"key=value"`, e.g. `"adapter=SwiftShader"`. Only those of the first call in a
 * process have an effect. @default []
 */
export function dawnPlatform(dawnOptions: readonly string[] = []): Platform {
  return {
    async gpu(): Promise<GPU> {
      const present = (globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu;
      if (present) return present;
      const { create, globals } = await loadDawn();
      for (const [name, value] of Object.entries(globals)) if (!(name in globalThis)) define(globalThis, name, value);
      if (!globalThis.navigator) define(globalThis, "navigator", {});
      instance ??= create([...dawnOptions]);
      define(globalThis.navigator, "gpu", instance);
      return instance;
    },
    noAdapterFix:
      "Dawn found no Vulkan, Metal or Direct3D 12 driver. On Linux: apt-get install libvulkan1 and the driver of the GPU " +
      "(Mesa 25 or later). Without a GPU: apt-get install libvulkan1 chromium, and start Node with " +
      "VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json.",
  };
}

async function loadDawn(): Promise<Dawn> {
  try {
    return await import("webgpu");
  } catch (cause) {
    const missing = (cause as { code?: string }).code === "ERR_MODULE_NOT_FOUND";
    throw new UnavailableError(
      "WebGPU",
      missing
        ? "Node has no WebGPU of its own, and the package `webgpu` (Dawn) is not installed"
        : `the package \`webgpu\` (Dawn) cannot be loaded: ${messageOf(cause)}`,
      missing ? "Install it: pnpm add webgpu@^0.6.2" : "It has binaries for Linux (x64, arm64), macOS and Windows.",
      { cause },
    );
  }
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
