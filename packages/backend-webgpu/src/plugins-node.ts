import type { Plugin } from "@graftjs/core";
import { webgpuPlugin } from "./webgpu-plugin.ts";
import { webgpuBackend } from "./backend-node.ts";

/** What this package gives a registry, in Node. */
export const plugins: readonly Plugin[] = [webgpuPlugin(webgpuBackend)];
