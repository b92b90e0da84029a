import { NoDevice } from "../device/open.ts";

/** Where a platform has its GPUs from. */
export interface Platform {
  /** @throws NoDevice that says what is missing and what to do. */
  gpu(): Promise<GPU>;
  /** What to do where `requestAdapter()` gives null. */
  readonly noAdapterFix: string;
}

/** Browsers: `navigator.gpu` of the page or of the Worker. */
export const browserPlatform: Platform = {
  async gpu(): Promise<GPU> {
    const gpu = typeof navigator === "undefined" ? undefined : (navigator as Navigator & { readonly gpu?: GPU }).gpu;
    if (gpu) return gpu;
    if (globalThis.isSecureContext === false) {
      throw new NoDevice(
        "this page is no secure context, and browsers give WebGPU to secure ones only",
        "Serve it over https, or from localhost.",
      );
    }
    throw new NoDevice(
      "this browser has no navigator.gpu",
      "Take a browser with WebGPU (Chrome or Edge 113, Safari 26, Firefox 141, or later), or the webgl backend. " +
        "Chromium on Linux wants --enable-unsafe-webgpu.",
    );
  },
  noAdapterFix:
    "Turn on graphics acceleration in the browser's settings and update the driver. Headless Chromium wants " +
    "--enable-unsafe-webgpu, and without a GPU --use-webgpu-adapter=swiftshader.",
};
