import { OptionsError } from "@graftjs/core";
import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import type { MixingOptions } from "../../pipeline/views/mixed-batches.ts";

/** Checks that `cutmix` can cut the inputs. @throws OptionsError if the model does not take images as its only input */
export function assertMixing({ cutmix = 0 }: Pick<MixingOptions, "cutmix">, { inputs }: ModelAdapter["ports"]): void {
  if (cutmix === 0 || (inputs.length === 1 && inputs[0]?.shape.length === 4)) return;
  throw new OptionsError(
    `\`cutmix\` cuts images, but the model takes ${inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ")}.`,
    "Use `mixup`, which takes inputs of any shape.",
  );
}
