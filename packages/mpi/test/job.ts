import { adam, type AnyHook, type AnyRule, type ModelPatch, type Selector, sgd } from "@graftjs/core";
import { lamb, lars } from "@graftjs/lars";
import { lora } from "@graftjs/lora";
import { type Collective, type CheckpointStore, earlyStopping, type FineTuneOptions, fineTune } from "@graftjs/tuner";
import { averageGradients } from "../src/index.ts";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** A method of the comparison with one rank. */
export const METHODS = ["sgd", "adam", "lars", "lamb", "lora"] as const;
export type Method = (typeof METHODS)[number];

/** A run that a test asks for. All ranks get the same job. */
export interface Job {
  readonly method: Method;
  readonly steps: number;
  readonly shuffle?: boolean;
  readonly accumulate?: number;
  /** ρ of sharpness-aware minimisation. */
  readonly sam?: number;
  readonly checkpoint?: string | CheckpointStore;
  readonly everySteps?: number;
  readonly resume?: boolean;
  /** Epochs without a smaller validation loss after which the run stops. */
  readonly patience?: number;
  /** A part of the model that several ranks cannot train. */
  readonly refused?: "batch-norm" | "hook" | "small-batch";
  /** Folder for the outputs of the frozen layer. */
  readonly cache?: string;
  /** What rank 1 does otherwise. */
  readonly odd?:
    | "rate"
    | "data"
    | "base"
    | "throws"
    | "exits"
    | "hangs"
    | "aborts"
    | "misspelt"
    | "many-epochs"
    | "wire"
    | "version";
  /** The step at which it does so. @default 5 */
  readonly oddAt?: number;
  /** In place of training, sums the gradients of `gradientsOf`, the first two of them exactly, and halves the sums. */
  readonly sumsOnly?: true;
}

export interface JobResult {
  readonly rank: number;
  readonly size: number;
  readonly steps: number;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** Events that this rank's observers got. */
  readonly events: number;
  /** Bytes of the trunk's outputs that this rank has cached. */
  readonly cachedBytes: number;
}

const PARTS: Readonly<Record<Method, { rule: AnyRule; hooks?: readonly AnyHook[]; rate: number; lora?: true }>> = {
  sgd: { rule: sgd({ momentum: 0.9 }), rate: 0.05 },
  adam: { rule: adam(), rate: 0.01 },
  lars: { rule: sgd({ momentum: 0.9 }), hooks: [lars({ trustCoefficient: 0.02 })], rate: 0.5 },
  lamb: { rule: lamb(), rate: 0.01 },
  lora: { rule: adam(), rate: 0.01, lora: true },
};

/** Examples: not a multiple of the batch, so that the last step of an epoch is smaller. */
const EXAMPLES = 125;
const BATCH = 8;

/** Does a job as one rank. @param collective left out for a run that knows nothing of ranks */
export async function doJob(job: Job, collective?: Collective): Promise<JobResult> {
  if (job.sumsOnly && collective) return sumsOf(collective);
  await tf.setBackend("cpu");
  const odd = collective?.rank === 1 ? job.odd : undefined;
  const at = job.oddAt ?? 5;
  const { rule, hooks = [], rate, lora: adapted } = PARTS[job.method];
  const model = net(odd === "base" ? 9 : 1, job.refused);
  const patches: readonly ModelPatch[] = adapted ? [lora({ rank: 2, seed: 3 })] : [];
  const trainable: Selector = adapted ? ["role:lora_a", "role:lora_b", "head/**"] : ["middle/**", "head/**"];
  const aborter = new AbortController();
  let events = 0;
  let steps = 0;
  const options: FineTuneOptions = {
    data: examples(EXAMPLES, odd === "data" ? 8 : 5),
    validation: examples(13, 6),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
    ...{ patches, trainable, rule, batchSize: job.refused === "small-batch" ? 2 : BATCH, shuffle: job.shuffle ?? true },
    hooks: job.refused === "hook" && collective ? [averageGradients(collective), ...hooks] : hooks,
    learningRate: odd === "rate" ? rate * 2 : rate,
    epochs: odd === "many-epochs" ? 99 : 100,
    maxSteps: job.steps,
    accumulate: job.accumulate ?? 1,
    ...(job.sam === undefined ? {} : { sam: job.sam }),
    cache: job.cache === undefined ? "memory" : { store: job.cache },
    callbacks: [
      ...(job.patience === undefined ? [] : [earlyStopping({ patience: job.patience })]),
      {
        name: "odd",
        stepEnd() {
          if (++steps !== at) return;
          if (odd === "throws") throw new Error("the disk of this rank is full");
          if (odd === "exits") process.kill(process.pid, "SIGKILL");
          if (odd === "hangs") for (;;);
          if (odd === "aborts") aborter.abort(new Error("Ctrl-C"));
        },
      },
    ],
    observers: [{ stepEnd: () => void events++ }],
    signal: aborter.signal,
    ...(odd === "misspelt" ? ({ batchsize: 3 } as object) : {}),
    ...(collective ? { collective: odd ? oddCollective(collective, odd) : collective } : {}),
    ...(job.checkpoint === undefined
      ? {}
      : {
          checkpoint: {
            to: job.checkpoint,
            ...(job.everySteps === undefined ? {} : { everySteps: job.everySteps }),
            resume: job.resume ?? false,
          },
        }),
  };
  const result = await fineTune(model, options);
  const weights = Object.fromEntries(
    result.params.map(({ name, variable }) => [name, [...variable.dataSync()]] as const),
  );
  return {
    ...{ rank: collective?.rank ?? 0, size: collective?.size ?? 1, steps: result.steps, weights, events },
    cachedBytes: result.plan.cache.bytes,
    history: result.history,
  };
}

/** Pretends that this rank has another format of gradients, or another version of tfjs. */
function oddCollective(collective: Collective, odd: Job["odd"]): Collective {
  if (odd === "wire") return { ...collective, wire: "bfloat16" };
  if (odd !== "version") return collective;
  const older = (text: string): string => text.replace(/"tfjs":"[^"]*"/, '"tfjs":"4.0.0"');
  const gather: Collective["gather"] = (bytes) =>
    collective.gather(new TextEncoder().encode(older(new TextDecoder().decode(bytes))));
  return { ...collective, gather };
}

/** Makes numbers of many sizes that differ by rank. The first ones lie between two numbers of 16 bits. */
export function gradientsOf(rank: number): Float32Array {
  const ties = [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 3e-8, 2 ** -15, -(2 ** -25), 0];
  const others = Array.from({ length: 993 }, (_, i) => Math.sin(i * 7 + rank) * 10 ** ((i % 11) - 7));
  return Float32Array.from([...ties, ...others]);
}

function sumsOf(collective: Collective): JobResult {
  const sums = gradientsOf(collective.rank);
  collective.sumGradients?.(sums, 2, 0.5);
  const { rank, size } = collective;
  // More numbers than a bucket has, all of which 16 bits can hold.
  const many = Float32Array.from({ length: 600_001 }, (_, i) => (rank + 1) * (i % 7));
  collective.sumGradients?.(many, 0, 0.5);
  const wrong = many.findIndex((value, i) => value !== ((size * (size + 1)) / 4) * (i % 7));
  const weights = { sums: [...sums], firstWrong: [wrong] };
  return { ...{ rank, size, steps: 0, events: 0, cachedBytes: 0, history: {} }, weights };
}

/** Makes a model whose first layer is frozen. */
function net(seed: number, refused: Job["refused"]): tfl.LayersModel {
  const init = (more: number) => tfl.initializers.glorotNormal({ seed: seed * 10 + more });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ inputShape: [4], units: 8, activation: "tanh", name: "trunk", kernelInitializer: init(1) }),
      tfl.layers.dense({ units: 6, activation: "relu", name: "middle", kernelInitializer: init(2) }),
      ...(refused === "batch-norm" ? [tfl.layers.batchNormalization({ name: "norm" })] : []),
      tfl.layers.dense({ units: 3, activation: "softmax", name: "head", kernelInitializer: init(3) }),
    ],
  });
}

function examples(n: number, seed: number): { xs: tf.Tensor; ys: tf.Tensor } {
  const numbers = tf.tensor1d(
    Array.from({ length: n }, (_, i) => (i * 7) % 3),
    "int32",
  );
  return { xs: tf.randomNormal([n, 4], 0, 1, "float32", seed), ys: tf.oneHot(numbers, 3) };
}
