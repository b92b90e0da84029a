import { definePlugin, type Plugin } from "@graftjs/core";
import { webglBackend } from "./adapter.ts";
import { webglOptions } from "./options.ts";

/** Plugins of this package, for a registry. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "backend",
    name: "webgl",
    description: "WebGL in the browser: trains on GPUs without WebGPU, and reports the loss of its context.",
    options: webglOptions,
    create: webglBackend,
  }),
];
