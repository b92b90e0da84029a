import type { Param } from "@graftjs/core";
import type { AdapterHandle } from "../adapter/adapter-patch.ts";
import type { ModuleNames } from "./module-names.ts";

/** The two files of an adapter, by file name, as HF PEFT's `save_pretrained` writes them. */
export interface PeftFiles {
  readonly "adapter_config.json": string;
  readonly "adapter_model.safetensors": Uint8Array;
}

/** What an adapter's files say beyond its parameters. A later write repeats it. */
export interface FileOrigin {
  /** The text of the config. Undefined if the adapter no longer has the settings of its file. */
  readonly configText: string | undefined;
  readonly names: ModuleNames | undefined;
  /** The weights of the layers that the file stores in full. */
  readonly saved: readonly Param[];
}

/** The origins of adapters that came from files. */
export const origins: WeakMap<AdapterHandle, FileOrigin> = new WeakMap();
