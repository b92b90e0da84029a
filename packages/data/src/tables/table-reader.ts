import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { InputReader } from "@graftjs/tuner";
import { type ColumnEncoding, encodedWidth, encodeRows } from "./encoding.ts";
import { readTableFile, TABLE_EXTENSIONS } from "./table-file.ts";

/** Options of the input reader `table-rows`. */
export interface TableRowsOptions {
  /** How each column becomes numbers, in the order of the model's input. Other columns are left out. */
  readonly columns: readonly ColumnEncoding[];
  /** Between the cells of a `.csv` file. @default "," */
  readonly delimiter?: string;
}

const text = { type: "string" } as const;

export const tableRowsOptions: OptionsSchema<TableRowsOptions, "delimiter"> = optionsSchema<
  TableRowsOptions,
  "delimiter"
>(
  {
    columns: {
      type: "array",
      items: {
        type: "object",
        properties: {
          name: { ...text, description: "Name of the column" },
          mean: { type: "number", description: "Subtracted from a number" },
          std: { type: "number", exclusiveMinimum: 0, description: "Divides a number after `mean` is subtracted" },
          categories: { type: "array", items: text, description: "The texts of a one-hot column, in order" },
          impute: {
            type: "boolean",
            description: "Whether missing cells and new texts become zeros instead of an error",
          },
        },
        required: ["name"],
        additionalProperties: false,
      },
      description: "How each column becomes numbers: `mean` and `std` of a number, `categories` of a text",
    },
    delimiter: { ...text, default: ",", description: "Between the cells of a .csv file" },
  },
  ["columns"],
);

/** Makes a reader that turns each row of a table into an input of a model. @throws OptionsError if an option is wrong */
export function tableReader(options: TableRowsOptions): InputReader {
  const { columns, delimiter } = tableRowsOptions.parse("tableReader", options);
  return {
    shape: [encodedWidth(columns)],
    extensions: TABLE_EXTENSIONS,
    read: async (path) => encodeRows(await readTableFile(path, delimiter), columns),
  };
}
