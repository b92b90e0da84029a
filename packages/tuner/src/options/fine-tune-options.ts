import type {
  AnyCombiner,
  AnyHook,
  AnyRule,
  Callback,
  ModelPatch,
  Observer,
  RateMultiplier,
  Schedule,
  Selector,
} from "@graftjs/core";
import type { EarlyStoppingOptions } from "../callbacks/early-stopping.ts";
import type { EmaOptions } from "../callbacks/ema-weights.ts";
import type { ReduceOnPlateauOptions } from "../callbacks/reduce-on-plateau.ts";
import type { CheckpointOptions } from "../checkpoint/keeper.ts";
import type { Loss } from "../losses/loss.ts";
import type { Metric, MetricName } from "../metrics/metric.ts";
import type { WeightNoiseOptions } from "../noise/weight-noise.ts";
import type { LoaderOptions } from "../pipeline/batches/loader-options.ts";
import type { Data } from "../pipeline/stream/data.ts";
import type { GuardOptions } from "./guard-options.ts";
import type { RunControl } from "./run-control.ts";

/** What is trained, on what, and how. */
export interface FineTuneOptions extends LoaderOptions {
  /**
   * Tensors with the examples on axis 0, arrays, a `tf.data.Dataset`, or an iterable. Tensors stay the caller's. What does not
   * fit into memory comes as `{ stream, examples, buffer }`.
   */
  readonly data: Data;
  /** Examples that are only looked at, after each epoch. */
  readonly validation?: Data;
  /** One loss, or one an output: in order or by the output's name. */
  readonly loss: Loss | readonly Loss[] | { readonly [output: string]: Loss };
  /** Which parameters are trained, by stable name. Layers' own `trainable` flags do not matter. */
  readonly trainable: Selector;
  /** From the start of an epoch on, train these as well: gradual unfreezing. The trunk shrinks accordingly. @default [] */
  readonly unfreeze?: readonly { readonly epoch: number; readonly trainable: Selector }[];
  /** Changes to the model for the run; undone by `restore()` of the result, or by an error. @default [] */
  readonly patches?: readonly ModelPatch[];
  /** Gradient transformations, in this order, before the rule. @default [] */
  readonly hooks?: readonly AnyHook[];
  /** Makes the update of the gradient: `sgd()`, `adam()` and so on. A hook here is refused. */
  readonly rule: AnyRule;
  /** Factor on the rule's update, ≥ 0; or a function of the step, which is 0 at the first and goes on across epochs. */
  readonly learningRate: number | Schedule;
  /** Factors on the rate of some parameters, by selector. @default [] */
  readonly rateMultipliers?: readonly RateMultiplier[];
  /** Merges the gradients of the outputs' losses, one task an output, instead of summing the losses. */
  readonly combiner?: AnyCombiner;
  /** How often every example is seen. A whole number ≥ 1. */
  readonly epochs: number;
  /** Ends the run after so many steps, within an epoch if need be. @default no limit */
  readonly maxSteps?: number;
  /** Examples a step. @default 32 */
  readonly batchSize?: number;
  /** Batches whose gradients are averaged, by their sizes, into one step. @default 1 */
  readonly accumulate?: number;
  /** Fixes the order of the examples, augmentation, dropout and noise. 0 is a seed like any other. @default 0 */
  readonly seed?: number;
  /** Normal noise on the trained weights during each forward pass of training. @default none */
  readonly weightNoise?: WeightNoiseOptions;
  /** Weight of an example by its class, in order of the classes. For one output with classes. */
  readonly classWeights?: readonly number[];
  /** Hear of steps and epochs, in order; they change nothing. @default [] */
  readonly observers?: readonly Observer[];
  /**
   * Steps between two reads of what the optimizer's probes measured (`probe`, `probeUpdate`, the trust ratios of `lars` and
   * `lamb`), which observers get as `probes`. Without observers, or without probes, nothing is read. @default 10
   */
  readonly statsEvery?: number;
  /** Looked at in training mode while training, as tfjs does, and in inference mode on the validation data. @default [] */
  readonly metrics?: readonly (MetricName | Metric)[];
  /** What happens when a loss or gradient is not finite. @default { policy: "throw" } */
  readonly guard?: GuardOptions;
  /** Ends a run that no longer gets better, and puts the best epoch's weights back. `{}` takes the defaults. @default none */
  readonly earlyStopping?: EarlyStoppingOptions;
  /** Multiplies whatever the schedule says by a smaller and smaller factor when the run stops getting better. @default none */
  readonly reduceOnPlateau?: ReduceOnPlateauOptions;
  /** Averages the trained weights over the steps: validation sees the average, and the model holds it at the end. @default none */
  readonly ema?: EmaOptions;
  /** Act on the run between steps and epochs, in order, after those that the options above stand for. @default [] */
  readonly callbacks?: readonly Callback[];
  /** Where the whole state of the run is kept, and whether it goes on from there. @default none: a run that is cut off is lost */
  readonly checkpoint?: CheckpointOptions;
  /** Pauses, resumes and stops the run: see `createRunControl`. */
  readonly control?: RunControl;
}
