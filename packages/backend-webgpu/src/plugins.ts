import type { Plugin } from "@graftjs/core";
import { webgpuBackend } from "./backend-browser.ts";
import { webgpuPlugin } from "./plugin.ts";

/** Plugins of this package, for a registry in a browser. */
export const plugins: readonly Plugin[] = [webgpuPlugin(webgpuBackend)];
