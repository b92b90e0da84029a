import { OptionsError } from "@graftjs/core";
import type { Target } from "../targets/target.ts";

/** @throws OptionsError if the layer is not computed beside the adapter, so that its outputs cannot be changed */
export function assertBeside({ kind, name, layer }: Target, method: string): void {
  if (kind !== "inside" && kind !== "embedding") return;
  throw new OptionsError(
    `\`${method}\` cannot change ${name}: it is in a layer of class ${layer.getClassName()}.`,
    `\`${method}\` changes dense and convolution layers with the channels last. Choose them by \`target\`, or use \`lora\`.`,
  );
}
