import type { Observer, Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { hasVariable } from "../drift.ts";
import { fileAppender } from "../sink.ts";
import { histogramEvent, imageEvent, scalarEvent, versionEvent } from "./event.ts";
import { encodePng } from "./png.ts";
import { tfRecord } from "./record.ts";

export interface TensorBoardOptions {
  /** A folder (Node) in which a file `events.out.tfevents.*` is created, or a function that gets the file's bytes in order. */
  readonly to: string | ((bytes: Uint8Array) => void | Promise<void>);
  /** Steps between two values of loss and learning rate. Statistics of hooks are written whenever they are read. @default 1 */
  readonly everySteps?: number;
  /** Epochs between two histograms of each trained parameter; 0 turns histograms off. @default 1 */
  readonly histogramEvery?: number;
  /** Images [count, height, width, 1 | 3 | 4] in [0, 1] to show once at the start, by tag. @default none */
  readonly images?: { readonly [tag: string]: tf.Tensor4D };
  /** Clock in seconds since 1970. @default Date.now() / 1000 */
  readonly now?: () => number;
}

/**
 * Writes event files for TensorBoard: scalars `loss`, `learning_rate` and `epoch_*`, statistics of hooks and rule (such as
 * `trust/ratios/head/kernel`), histograms of the weights, and images.
 */
export function tensorBoard({
  to,
  everySteps = 1,
  histogramEvery = 1,
  images = {},
  now = () => Date.now() / 1000,
}: TensorBoardOptions): Observer {
  let put = async (_event: Uint8Array): Promise<void> => {};
  let params: readonly Param[] = [];
  return {
    name: "tensorboard",
    async runStart(run) {
      const { goOn, write } =
        typeof to === "string"
          ? fileAppender(`${to}/events.out.tfevents.${Math.floor(now())}.graft`)
          : { goOn: async () => {}, write: async (bytes: Uint8Array) => to(bytes) };
      // A resumed run creates a new file, which TensorBoard joins with the earlier ones. Within the same second it continues the old file.
      if (run.step > 0) await goOn((former) => former);
      put = async (event) => write(tfRecord(event));
      params = run.params.filter(hasVariable);
      await put(versionEvent(now()));
      for (const [tag, batch] of Object.entries(images)) await writeImages(tag, batch, run.step, now, put);
    },
    async stepEnd({ step, loss, learningRate, stats = {} }) {
      for (const [key, value] of Object.entries(stats)) await put(scalarEvent(now(), step, key, value));
      if (step % everySteps !== 0) return;
      if (loss !== undefined) await put(scalarEvent(now(), step, "loss", loss));
      await put(scalarEvent(now(), step, "learning_rate", learningRate));
    },
    async epochEnd({ epoch, step, logs }) {
      for (const [key, value] of Object.entries(logs)) await put(scalarEvent(now(), step, `epoch_${key}`, value));
      if (histogramEvery === 0 || (epoch + 1) % histogramEvery !== 0) return;
      for (const { name, variable } of params) await put(histogramEvent(now(), step, name, await variable.data()));
    },
  };
}

async function writeImages(
  tag: string,
  batch: tf.Tensor4D,
  step: number,
  now: () => number,
  put: (event: Uint8Array) => Promise<void>,
): Promise<void> {
  const [count, height, width, depth] = batch.shape;
  const channels = depth as 1 | 3 | 4;
  const scaled = tf.tidy(() => tf.cast(tf.round(tf.mul(tf.clipByValue(batch, 0, 1), 255)), "int32"));
  const pixels = Uint8Array.from(await scaled.data());
  scaled.dispose();
  const size = height * width * depth;
  for (let i = 0; i < count; i++) {
    const png = await encodePng(pixels.subarray(i * size, (i + 1) * size), width, height, channels);
    await put(imageEvent(now(), step, `${tag}/${i}`, { width, height, channels, png }));
  }
}
