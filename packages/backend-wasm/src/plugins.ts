import type { Plugin, PluginOf } from "@graftjs/core";
import { wasmBackend } from "./adapter.ts";
import { fusedLayers } from "./layers/fused-layers.ts";
import { type WasmBackendOptions, wasmOptions } from "./options.ts";

const wasm: PluginOf<"backend", WasmBackendOptions | undefined> = {
  kind: "backend",
  name: "wasm",
  description: "WebAssembly that can train: installs anywhere, starts in milliseconds.",
  options: wasmOptions as PluginOf<"backend", WasmBackendOptions | undefined>["options"] & {},
  create: (options) => wasmBackend(options ?? {}),
};

const layers: PluginOf<"patch", undefined> = {
  kind: "patch",
  name: "fused-layers",
  description: "Computes batch norm, layer norm, convolution and dropout layers by one kernel each",
  create: () => fusedLayers(),
};

/** The plugins of this package, for a registry. */
export const plugins: readonly Plugin[] = [wasm, layers];
