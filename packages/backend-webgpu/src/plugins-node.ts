import type { Plugin } from "@graftjs/core";
import { webgpuBackend } from "./backend-node.ts";
import { webgpuPlugin } from "./plugin.ts";

/** Plugins of this package, for a registry in Node. */
export const plugins: readonly Plugin[] = [webgpuPlugin(webgpuBackend)];
