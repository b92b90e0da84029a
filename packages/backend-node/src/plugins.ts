import type { Plugin, PluginOf } from "@graftjs/core";
import { nativeBackend } from "./adapter.ts";
import { nativeLayers } from "./layers/native-layers.ts";
import { type NativeBackendOptions, nativeOptions } from "./options.ts";

const node: PluginOf<"backend", NativeBackendOptions | undefined> = {
  kind: "backend",
  name: "node",
  description: "Native TensorFlow in Node, on the CPU or with CUDA.",
  options: nativeOptions as PluginOf<"backend", NativeBackendOptions | undefined>["options"] & {},
  create: (options) => nativeBackend(options ?? {}),
};

const layers: PluginOf<"patch", undefined> = {
  kind: "patch",
  name: "native-layers",
  description: "Computes batch norm in training and relu6 layers by one operation each on native TensorFlow",
  create: () => nativeLayers(),
};

/** Plugins of this package, for a registry. */
export const plugins: readonly Plugin[] = [node, layers];
