import { type ImageOptions, pictureBytes } from "@graftjs/data";
import type { PictureRow, ReportPicture } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { probabilities } from "../outputs/probabilities.ts";
import type { Session } from "./session.ts";

/** Pictures of each row, and the most examples that are looked at. */
const [SHOWN, MOST, BATCH] = [8, 2000, 32];

interface Column {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/**
 * Finds the pictures that a tuned model knows worst, and some at random: of the validation examples, if there are any.
 *
 * @returns no rows if the data are not pictures of classes.
 */
export async function reportPictures({ savable, options, card }: Session): Promise<readonly PictureRow[]> {
  const { xs, ys } = (options.validation ?? options.data) as {
    readonly xs?: Partial<Column>;
    readonly ys?: Partial<Column>;
  };
  const model = savable as { predict?(batch: tf.Tensor): tf.Tensor | tf.Tensor[] } | undefined;
  const names = card.classes;
  const isPictures = card.reader?.use === "image" && xs?.values && xs.shape?.length === 4 && ys?.values && ys.shape;
  if (!isPictures || !model?.predict || !names) return [];
  const [inputs, labels] = [xs as Column, ys as Column];
  const count = Math.min(MOST, inputs.shape[0] as number);
  const size = inputs.shape.slice(1).reduce((a, b) => a * b, 1);
  const pixelsOf = (i: number): Float32Array | Int32Array => inputs.values.subarray(i * size, (i + 1) * size);
  const outputs: number[][] = [];
  for (let start = 0; start < count; start += BATCH) {
    const end = Math.min(count, start + BATCH);
    const batch = tf.tensor(inputs.values.slice(start * size, end * size), [end - start, ...inputs.shape.slice(1)]);
    const output = model.predict(batch);
    if (Array.isArray(output) || output.rank !== 2) {
      tf.dispose([batch, output]);
      return [];
    }
    outputs.push(...((await output.array()) as number[][]));
    tf.dispose([batch, output]);
  }
  const pixels = card.reader?.with as unknown as ImageOptions;
  const [height, width] = inputs.shape.slice(1) as [number, number];
  const judged = probabilities(outputs).map((row, i): ReportPicture => {
    const label = labelOf(labels, i);
    return {
      ...{ pixels: pictureBytes(pixelsOf(i), pixels), width, height, channels: pixels.channels ?? 3 },
      label: names[label] ?? String(label),
      predicted: names[row.indexOf(Math.max(...row))] ?? "",
      probability: row[label] ?? Number.NaN,
    };
  });
  const of = options.validation ? "validation" : "training";
  const worst = [...judged].sort((a, b) => a.probability - b.probability).slice(0, SHOWN);
  const others = judged.filter((picture) => !worst.includes(picture));
  // Evenly spread, which shows every class of data in order.
  const some = others.filter(
    (_, i) => Math.floor((i * SHOWN) / others.length) !== Math.floor(((i - 1) * SHOWN) / others.length),
  );
  return [
    { title: `Worst of the ${of} pictures`, pictures: worst },
    { title: `Other ${of} pictures`, pictures: some.slice(0, SHOWN) },
  ];
}

/** Reads a class number, or the place of the largest value of a one-hot row. */
function labelOf({ values, shape }: Column, i: number): number {
  const width = shape.length > 1 ? (shape[1] as number) : 1;
  if (width === 1) return values[i] as number;
  const row = [...values.subarray(i * width, (i + 1) * width)];
  return row.indexOf(Math.max(...row));
}
