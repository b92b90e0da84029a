import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { InputReader } from "@graftjs/tuner";
import { ARRAY_EXTENSIONS, openArrays } from "./array-file.ts";
import { arrayInputs } from "./array-inputs.ts";

/** Options of the input reader `array-rows`. */
export interface ArrayRowsOptions {
  /** Shape of one input. */
  readonly shape: readonly number[];
  /** Name of the array in a file with several. @default "xs" */
  readonly name?: string;
  /** Divides each value. @default 1 */
  readonly divideBy?: number;
}

export const arrayRowsOptions: OptionsSchema<ArrayRowsOptions, "name" | "divideBy"> = optionsSchema<
  ArrayRowsOptions,
  "name" | "divideBy"
>(
  {
    shape: { type: "array", items: { type: "integer", minimum: 1 }, description: "Shape of one input" },
    name: { type: "string", default: "xs", description: "Name of the array in a file with several" },
    divideBy: { type: "number", exclusiveMinimum: 0, default: 1, description: "Divides each value" },
  },
  ["shape"],
);

/** Makes a reader that turns each row of an array into an input of a model. A file with one array may name it as it likes. */
export function arrayReader(options: ArrayRowsOptions): InputReader {
  const { shape, name, divideBy } = arrayRowsOptions.parse("arrayReader", options);
  return {
    shape,
    extensions: ARRAY_EXTENSIONS,
    async read(path) {
      const arrays = await openArrays(path);
      const [only] = arrays.names;
      const array = await arrays.read(arrays.names.length === 1 && only !== undefined ? only : name);
      return Float32Array.from(arrayInputs(array, shape, divideBy).values);
    },
  };
}
