import { definePlugin, type OptionsSchema, optionsSchema, type Plugin } from "@graftjs/core";
import { readDataFile } from "./data-file.ts";
import { readDataModule } from "./data-module.ts";

const file: OptionsSchema<{ path: string }> = optionsSchema<{ path: string }>(
  { path: { type: "string", description: "Path, relative to the recipe" } },
  ["path"],
);

/** The command's own data sources. A path in a recipe's `run.data` is short for one of them. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "data-source",
    name: "data-file",
    description: "A safetensors file with xs and ys, or also val_xs and val_ys",
    options: file,
    create: ({ path }) => ({ read: (folder) => readDataFile(folder, path) }),
  }),
  definePlugin({
    kind: "data-source",
    name: "data-module",
    description: "A module whose default export returns the data",
    options: file,
    create: ({ path }) => ({ read: (folder) => readDataModule(folder, path) }),
  }),
];
