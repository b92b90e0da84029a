import type { Plugin, PluginOf } from "@graftjs/core";
import { type WasmBackendOptions, wasmBackend } from "./adapter.ts";

const wasm: PluginOf<"backend", WasmBackendOptions | undefined> = {
  kind: "backend",
  name: "wasm",
  description: "WebAssembly that can train: installs anywhere, starts in milliseconds.",
  create: (options) => wasmBackend(options ?? {}),
};

/** What this package gives a registry. */
export const plugins: readonly Plugin[] = [wasm];
