import { definePlugin, type Plugin } from "@graftjs/core";
import { cpuBackend } from "./cpu-backend.ts";

/** The backend of this package, for a registry: tfjs's own cpu backend. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "backend",
    name: "cpu",
    description: "tfjs's own cpu backend: slow, but available everywhere",
    create: cpuBackend,
  }),
];
