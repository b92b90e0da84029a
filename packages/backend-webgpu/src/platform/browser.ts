import { UnavailableError } from "@graftjs/backend";
import type { Platform } from "./platform.ts";

/** A browser's GPUs: `navigator.gpu` of the page or of the Web Worker. */
export const browserPlatform: Platform = {
  async gpu(): Promise<GPU> {
    const gpu = typeof navigator === "undefined" ? undefined : (navigator as Navigator & { readonly gpu?: GPU }).gpu;
    if (gpu) return gpu;
    if (globalThis.isSecureContext === false) {
      throw new UnavailableError(
        "WebGPU",
        "this page is not a secure context, and browsers offer WebGPU to secure contexts only",
        "Serve the page over https, or from localhost.",
      );
    }
    throw new UnavailableError(
      "WebGPU",
      "this browser has no navigator.gpu",
      "Use a browser with WebGPU (Chrome or Edge 113, Safari 26, Firefox 141, or later), or the webgl backend. " +
        "Chromium on Linux needs --enable-unsafe-webgpu.",
    );
  },
  noAdapterFix:
    "Turn on graphics acceleration in the browser's settings and update the driver. Headless Chromium needs " +
    "--enable-unsafe-webgpu and, without a GPU, --use-webgpu-adapter=swiftshader.",
};
