import type { Plugin } from "@graftjs/core";
import { webgpuBackend } from "./backend-browser.ts";
import { webgpuPlugin } from "./webgpu-plugin.ts";

/** What this package gives a registry, in a browser. */
export const plugins: readonly Plugin[] = [webgpuPlugin(webgpuBackend)];
