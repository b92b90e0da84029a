import { isAbsolute, resolve } from "node:path";
import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { shown } from "../data-files-error.ts";
import { labelsOf } from "../folders/labels-of.ts";
import { type TableRowsOptions, tableRowsOptions } from "./table-reader.ts";
import { type ReadTableOptions, readTable, type TableExamples, tableClasses } from "./read-table.ts";

/** Options of the data source `table`. */
export interface TableOptions extends Omit<ReadTableOptions, "labels" | "classOrder" | "encoding"> {
  /** File, relative to the recipe. */
  readonly path: string;
}

type Defaults = "classify" | "validation" | "seed" | "missing" | "delimiter";

const text = { type: "string" } as const;

export const tableOptions: OptionsSchema<TableOptions, Defaults> = optionsSchema<TableOptions, Defaults>(
  {
    path: { ...text, description: "File that ends with .csv, .tsv, .jsonl or .ndjson, relative to the recipe" },
    target: { ...text, description: "Column to predict. Texts are classes, numbers are predicted as numbers" },
    columns: { type: "array", items: text, description: "Columns to predict from. Default: all but the target" },
    classify: { type: "boolean", default: false, description: "Whether numbers in the target column are classes" },
    validation: {
      type: "number",
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: "Share of the rows that validate and are not trained on",
    },
    seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the choice of the validation rows" },
    missing: {
      enum: ["refuse", "impute"],
      default: "refuse",
      description: "Missing cells: an error, or the mean of numbers and no category of texts",
    },
    delimiter: { ...text, default: ",", description: "Between the cells of a .csv file" },
  },
  ["path", "target"],
);

/** Makes the data source `table`. */
export function tableSource({ path, ...options }: TableOptions): DataSource {
  const fileOf = (folder: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    classes: (folder) => tableClasses(fileOf(folder), options),
    async read(folder, context) {
      const examples = await readTable(fileOf(folder), {
        ...options,
        ...storedEncoding(context, options.columns),
        labels: labelsOf(context),
        classOrder: context.classes,
      });
      assertFits(context, examples);
      const { data, validation, classes, reader } = examples;
      return {
        data,
        ...(validation ? { validation } : {}),
        ...(classes ? { classes } : {}),
        ...{ reader, notes: notesOf(examples, options.target) },
      };
    },
  };
}

/** A tuned model keeps the encoding of its columns, unless the recipe names other columns. */
function storedEncoding(
  { reader }: DataContext,
  columns: readonly string[] | undefined,
): Pick<ReadTableOptions, "encoding"> {
  if (reader?.use !== "table-rows" || !reader.with) return {};
  const { columns: encoding } = tableRowsOptions.parse("the base model's reader", reader.with as TableRowsOptions);
  const known = encoding.map(({ name }) => name);
  const same =
    columns === undefined || (columns.length === known.length && columns.every((name) => known.includes(name)));
  return same ? { encoding } : {};
}

function assertFits({ inputs }: DataContext, { width, encoding }: TableExamples): void {
  const [input] = inputs;
  const [, size, ...more] = input?.shape ?? [];
  if (input && inputs.length === 1 && more.length === 0 && (size === width || size === null)) return;
  const parts = encoding.map(({ name, categories }) => `${shown(name)}: ${categories?.length ?? 1}`).join(", ");
  const takes = inputs.map(({ shape }) => `[${shape.map((side) => side ?? "any").join(", ")}]`).join(" and ");
  throw new OptionsError(
    `A row becomes ${width} values, but the model takes ${takes}.`,
    `Values by column: ${parts}.\nChoose the columns with "columns", or use a model with the input [batch, ${width}].`,
  );
}

function notesOf({ data, validation, classes, encoding }: TableExamples, target: string): readonly string[] {
  const [train, validates] = [data.xs.shape[0] ?? 0, validation?.xs.shape[0] ?? 0];
  const columns = encoding.map(
    ({ name, categories }) => `${name} ${categories ? `${categories.length} categories` : "number"}`,
  );
  return [
    `${train + validates} rows${validates > 0 ? `, ${validates} of them for validation` : ""}`,
    `columns  ${columns.join(", ")}`,
    `target   ${target}: ${classes ? `${classes.length} classes, ${classes.slice(0, 10).join(", ")}${classes.length > 10 ? " and others" : ""}` : "number"}`,
  ];
}
