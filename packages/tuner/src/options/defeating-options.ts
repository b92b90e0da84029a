import { isAveraging } from "../callbacks/evaluation-weights.ts";
import { lossOf } from "../losses/loss.ts";
import { namedLosses } from "../losses/losses-by-output.ts";
import type { FineTuneOptions } from "./fine-tune-options.ts";

/** Returns valid options that defeat each other, one line each, with a suggested fix. Wrong values are passed over. */
export function defeatingOptions(options: FineTuneOptions): string[] {
  const { views, augment, mixup = 0, cutmix = 0, checkpoint } = options;
  const mixing = mixup > 0 ? "mixup" : "cutmix";
  const sparse = mixup > 0 || cutmix > 0 ? sparseLoss(options) : undefined;
  return [
    ...(typeof checkpoint === "object" && checkpoint !== null && checkpoint.to === undefined
      ? [
          '`checkpoint` does not say where. Give a folder or a store: `checkpoint: { to: "checkpoints", resume: true }`.',
        ]
      : []),
    ...(views !== undefined && !augment?.length ? ["`views` counts augmented views. Give `augment` as well."] : []),
    ...averagedTwice(options),
    ...(sparse === undefined
      ? []
      : [
          `\`${mixing}\` mixes labels, but \`${sparse}\` needs class indices, which cannot be mixed. Use one-hot labels and the non-sparse loss.`,
        ]),
  ];
}

/** A Schedule-Free rule and a moving average would each put their own weights into the model. */
function averagedTwice({ rule, ema, callbacks }: FineTuneOptions): string[] {
  const averages = typeof rule === "object" && rule !== null && isAveraging(rule);
  const moving = ema !== undefined || (Array.isArray(callbacks) && callbacks.some((one) => one?.name === "ema"));
  return averages && moving ? [`The rule \`${rule.name}\` averages the weights itself. Leave \`ema\` out.`] : [];
}

/** Returns a line for each unknown name among losses by output. The schema takes any object there, for a plugin's loss. */
export function unknownLosses({ loss }: FineTuneOptions): string[] {
  if (typeof loss !== "object" || loss === null) return [];
  return namedLosses(loss).flatMap(([output, one]) => {
    if (output === undefined) return [];
    try {
      lossOf(one);
      return [];
    } catch (error) {
      return [
        `\`loss.${output}\`: ${error instanceof Error ? error.message.replace(/\s*\n\s*/g, " ") : String(error)}`,
      ];
    }
  });
}

function sparseLoss({ loss }: FineTuneOptions): string | undefined {
  if (loss === undefined) return undefined;
  for (const [, one] of namedLosses(loss)) {
    try {
      const { sparse, name } = lossOf(one);
      if (sparse) return name;
    } catch {
      // The name is unknown, which has a line of its own.
    }
  }
  return undefined;
}
