import type { Selector } from "@graftjs/core";
import type { FindLearningRateOptions, FineTuneOptions, TunableModel } from "@graftjs/tuner";
import { batchNorms, paramsOf, tailOf } from "./model-facts.ts";
import type { EffortOptions, SplitOptions } from "./options.ts";
import { adamRule, average, frozenBn, useOf } from "./parts.ts";

type Rate = NonNullable<EffortOptions["learningRate"]>;

/** One call of the tuner's `fineTune`. */
export interface Stage {
  readonly name: "probe" | "tune";
  /** The options without data, whose rate may still have to be found. */
  readonly options: Omit<FineTuneOptions, "data" | "validation" | "learningRate" | "loss">;
  readonly rate: Rate;
}

/** The rate search of a stage that trains the body takes fewer steps than the default 100, because each step costs more. */
const SEARCH: FindLearningRateOptions = { steps: 60 };
const PROBE_EPOCHS = 100;
const EPOCHS = 30;
const PATIENCE = 5;
const SMOOTHING = 0.1;

/**
 * Returns the stages of a run by effort. First the head is trained by itself, on cached features (linear probing). Then the chosen part is
 * trained from there (Kumar et al. 2022). With the effort "head" there is only the first stage.
 */
export function stagesOf(model: TunableModel, { settings, given }: SplitOptions, loss: unknown): readonly Stage[] {
  const { effort, keep, probe } = settings;
  const head = probe === false ? "head" : probe;
  const { learningRate = "find", data: _data, validation: _validation, loss: _loss, ...rest } = given;
  const smooth = typeof loss === "string" && /crossentropy$/i.test(loss) ? { labelSmoothing: SMOOTHING } : {};
  const patches = batchNorms(model).length > 0 ? [frozenBn()] : [];
  const shared = { ...smooth, patches, earlyStopping: { patience: PATIENCE } };
  const alone = effort === "head";
  const first: Stage = {
    name: "probe",
    options: {
      ...shared,
      rule: adamRule(),
      epochs: PROBE_EPOCHS,
      ...(alone ? rest : ofProbe(rest)),
      trainable: alone ? (rest.trainable ?? head) : head,
    },
    rate: alone ? learningRate : SEARCH,
  };
  if (alone) return [first];
  const weight = settings.average ?? 1 - keep / 2;
  const tune: Stage = {
    name: "tune",
    options: {
      ...shared,
      rule: adamRule(),
      epochs: EPOCHS,
      ...rest,
      trainable: rest.trainable ?? partOf(model, effort, head),
      callbacks: [...(weight < 1 ? [average(weight)] : []), ...(rest.callbacks ?? [])],
    },
    rate: learningRate === "find" ? SEARCH : learningRate,
  };
  return probe === false ? [tune] : [first, tune];
}

function partOf(model: TunableModel, effort: "tail" | "full", head: Selector): Selector {
  return effort === "full" ? "all" : tailOf(paramsOf(model), head);
}

/** Options of the second stage only. Views of the inputs would take the cached features from the probe. */
const NOT_OF_PROBE: ReadonlySet<string> = new Set<keyof FineTuneOptions>([
  ...(["trainable", "rule", "epochs", "maxSteps", "unfreeze", "hooks", "rateMultipliers", "combiner"] as const),
  ...(["callbacks", "ema", "reduceOnPlateau", "augment", "views", "mixup", "cutmix", "weightNoise", "sam"] as const),
]);

function ofProbe(rest: Partial<FineTuneOptions>): Partial<FineTuneOptions> {
  return Object.fromEntries(Object.entries(rest).filter(([key]) => !NOT_OF_PROBE.has(key)));
}

/** A stage as the recipe that does the same in `graft run`. `learningRate` is the number once it is found. */
export interface StageRecipe {
  readonly stage: Stage["name"];
  readonly recipe: Readonly<Record<string, unknown>>;
}

/** Describes a stage as a recipe. */
export function recipeOf({ name, options, rate }: Stage, loss: unknown, found?: number): StageRecipe {
  const { trainable, patches = [], hooks = [], rule, callbacks = [], epochs, earlyStopping, labelSmoothing } = options;
  const list = (key: string, parts: readonly { readonly name?: string }[]): object =>
    parts.length > 0 ? { [key]: parts.map(useOf) } : {};
  return {
    stage: name,
    recipe: {
      trainable: typeof trainable === "function" || trainable instanceof RegExp ? String(trainable) : trainable,
      ...list("patches", patches),
      ...list("hooks", hooks),
      rule: useOf(rule),
      learningRate: found ?? (typeof rate === "number" ? rate : typeof rate === "function" ? "a schedule" : "find"),
      ...list("callbacks", callbacks),
      run: {
        loss: typeof loss === "string" ? loss : ((loss as { name?: string })?.name ?? "a loss in code"),
        ...(labelSmoothing === undefined ? {} : { labelSmoothing }),
        epochs,
        ...(earlyStopping ? { earlyStopping } : {}),
      },
    },
  };
}
