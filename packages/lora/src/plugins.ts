import { definePlugin, type Plugin } from "@graftjs/core";
import { ia3, ia3Options } from "./ia3.ts";
import { lokr, lokrOptions } from "./lokr.ts";
import { dora, lora, loraOptions } from "./lora.ts";
import { ssf, ssfOptions } from "./ssf.ts";

/** The patches `lora`, `dora`, `ia3`, `lokr` and `ssf`, for `createRegistry`. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "patch",
    name: "lora",
    description: "Low-rank changes of kernels and embeddings",
    options: loraOptions,
    create: lora,
  }),
  definePlugin({
    kind: "patch",
    name: "dora",
    description: "Low-rank changes with a trained length for each output",
    options: loraOptions,
    create: dora,
  }),
  definePlugin({
    kind: "patch",
    name: "ia3",
    description: "A trained factor for each output or input of a layer",
    options: ia3Options,
    create: ia3,
  }),
  definePlugin({
    kind: "patch",
    name: "lokr",
    description: "Changes of dense and convolution kernels by Kronecker products",
    options: lokrOptions,
    create: lokr,
  }),
  definePlugin({
    kind: "patch",
    name: "ssf",
    description: "A trained scale and shift of the outputs of a layer",
    options: ssfOptions,
    create: ssf,
  }),
];
