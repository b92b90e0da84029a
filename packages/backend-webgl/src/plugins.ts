import { definePlugin, type Plugin } from "@graftjs/core";
import { webglBackend } from "./adapter.ts";
import { webglOptions } from "./options.ts";

/** What this package gives a registry. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "backend",
    name: "webgl",
    description: "WebGL in the browser: trains on GPUs without WebGPU, and survives the loss of its context.",
    options: webglOptions,
    create: webglBackend,
  }),
];
