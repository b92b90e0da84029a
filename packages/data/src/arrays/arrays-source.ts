import { isAbsolute, resolve } from "node:path";
import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { inModelOrder } from "../folders/class-order.ts";
import { type Column, labelColumn } from "../folders/labels.ts";
import { labelsOf } from "../folders/labels-of.ts";
import { assertShare, stratifiedSplit } from "../folders/split.ts";
import { openArrays } from "./array-file.ts";
import { arrayInputs, inputShape, rowsOf } from "./array-inputs.ts";
import type { StoredArray } from "./stored-array.ts";

/** Options of the data source `arrays`. */
export interface ArraysOptions {
  /** A .npz or .safetensors file, or a folder of .npy files, relative to the recipe. */
  readonly path: string;
  /** Name of the array of inputs, with the examples on axis 0. @default "xs" */
  readonly xs?: string;
  /** Name of the array of labels. Integers in one column are class numbers. @default "ys" */
  readonly ys?: string;
  /** Share of the examples that validate, from 0 to below 1. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation examples. @default 0 */
  readonly seed?: number;
  /** Divides each input: 255 makes bytes numbers from 0 to 1. @default 1 */
  readonly divideBy?: number;
}

type Defaults = Exclude<keyof ArraysOptions, "path">;

const text = { type: "string" } as const;

export const arraysOptions: OptionsSchema<ArraysOptions, Defaults> = optionsSchema<ArraysOptions, Defaults>(
  {
    path: { ...text, description: "A .npz or .safetensors file, or a folder of .npy files, relative to the recipe" },
    xs: { ...text, default: "xs", description: "Name of the array of inputs, with the examples on axis 0" },
    ys: {
      ...text,
      default: "ys",
      description: "Name of the array of labels. Integers in one column are class numbers",
    },
    validation: {
      type: "number",
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: "Share of the examples that validate and are not trained on",
    },
    seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the choice of the validation examples" },
    divideBy: {
      type: "number",
      exclusiveMinimum: 0,
      default: 1,
      description: "Divides each input: 255 makes bytes numbers from 0 to 1",
    },
  },
  ["path"],
);

/** Most classes that class numbers may name. A larger number is rather a value. */
const MOST_CLASSES = 10_000;

/** Makes the data source `arrays`. */
export function arraysSource({ path, ...given }: ArraysOptions): DataSource {
  const { xs: inputs, ys: labels, validation, seed, divideBy } = arraysOptions.parse("arrays", { path, ...given });
  const fileOf = (folder: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    async classes(folder) {
      const ys = await (await openArrays(fileOf(folder))).read(labels);
      return classesOf(ys);
    },
    async read(folder, context) {
      assertShare(validation);
      const arrays = await openArrays(fileOf(folder));
      const [stored, ys] = [await arrays.read(inputs), await arrays.read(labels)];
      const shape = inputShape(context.inputs, stored);
      const xs = arrayInputs(stored, shape, divideBy);
      const count = xs.shape[0] as number;
      if (ys.shape[0] !== count)
        throw new OptionsError(
          `There are ${count} inputs and ${ys.shape[0] ?? 0} labels.`,
          "Give one label for each input, in the same order.",
        );
      const found = classesOf(ys);
      const classes = found && inModelOrder(found, context.classes);
      const numbers = Array.from({ length: count }, (_, i) => classes?.indexOf(String(ys.values[i])) ?? 0);
      const split = stratifiedSplit(numbers, classes ?? ["all"], validation, seed);
      const examples = (rows: readonly number[]) => ({
        xs: rowsOf(xs, rows),
        ys: classes
          ? labelColumn(
              rows.map((row) => numbers[row] as number),
              classes.length,
              labelsOf(context),
            )
          : rowsOf(values(ys), rows),
      });
      return {
        data: examples(split.train),
        ...(split.validation.length > 0 ? { validation: examples(split.validation) } : {}),
        ...(classes ? { classes } : {}),
        reader: { use: "array-rows", with: { shape, name: inputs, divideBy } },
        notes: notesOf(count, split.validation.length, classes, context),
      };
    },
  };
}

/** Names the classes by their numbers. Returns undefined if the labels are not class numbers. */
function classesOf({ values, shape, isInteger }: StoredArray): readonly string[] | undefined {
  if (!isInteger || shape.length > 2 || (shape[1] ?? 1) !== 1) return undefined;
  let most = 0;
  for (const label of values) {
    if (label < 0 || label >= MOST_CLASSES)
      throw new OptionsError(
        `A label is ${label}, but class numbers are from 0 to ${MOST_CLASSES - 1}.`,
        "For numbers to predict, save the labels as floats.",
      );
    most = Math.max(most, label);
  }
  return Array.from({ length: most + 1 }, (_, label) => String(label));
}

/** Labels that are not class numbers. Of one axis, they become a column. */
function values({ values: given, shape }: StoredArray): Column {
  return { values: Float32Array.from(given), shape: shape.length === 1 ? [shape[0] as number, 1] : shape };
}

function notesOf(
  count: number,
  validates: number,
  classes: readonly string[] | undefined,
  { inputs }: DataContext,
): readonly string[] {
  const of = classes ? ` in ${classes.length} classes` : "";
  const held = validates > 0 ? `, ${validates} of them for validation` : "";
  return [`${count} examples${of}${held} for the input ${inputs[0]?.name}`];
}
