import { definePlugin, type Plugin } from "@graftjs/core";
import { arrayReader, arrayRowsOptions } from "./arrays/array-reader.ts";
import { arraysOptions, arraysSource } from "./arrays/arrays-source.ts";
import { imageOptions } from "./images/image-options.ts";
import { imageReader } from "./images/image-reader.ts";
import { imagesOptions, imagesSource } from "./images/images-source.ts";
import { soundOptions } from "./sounds/sound-options.ts";
import { soundReader } from "./sounds/sound-reader.ts";
import { soundsOptions, soundsSource } from "./sounds/sounds-source.ts";
import { tableReader, tableRowsOptions } from "./tables/table-reader.ts";
import { tableOptions, tableSource } from "./tables/table-source.ts";
import { textOptions, textReader } from "./texts/text-reader.ts";
import { textsOptions, textsSource } from "./texts/texts-source.ts";

/** The plugins of this package, for recipes: data sources, and the input readers that make the same inputs for predictions. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "data-source",
    name: "images",
    description: "A folder of pictures with one subfolder for each class. Needs sharp",
    options: imagesOptions,
    create: imagesSource,
  }),
  definePlugin({
    kind: "input-reader",
    name: "image",
    description: "A png, jpeg or webp file as the input of a model. Needs sharp",
    options: imageOptions,
    create: imageReader,
  }),
  definePlugin({
    kind: "data-source",
    name: "sounds",
    description: "A folder of WAV files with one subfolder for each class",
    options: soundsOptions,
    create: soundsSource,
  }),
  definePlugin({
    kind: "input-reader",
    name: "sound",
    description: "A WAV file as the input of a model",
    options: soundOptions,
    create: soundReader,
  }),
  definePlugin({
    kind: "data-source",
    name: "table",
    description: "A CSV, TSV or JSONL file with one example in each row",
    options: tableOptions,
    create: tableSource,
  }),
  definePlugin({
    kind: "input-reader",
    name: "table-rows",
    description: "The rows of a CSV, TSV or JSONL file as inputs of a model",
    options: tableRowsOptions,
    create: tableReader,
  }),
  definePlugin({
    kind: "data-source",
    name: "arrays",
    description: "Arrays of a .npz or .safetensors file, or of a folder of .npy files",
    options: arraysOptions,
    create: arraysSource,
  }),
  definePlugin({
    kind: "input-reader",
    name: "array-rows",
    description: "The rows of an array as inputs of a model",
    options: arrayRowsOptions,
    create: arrayReader,
  }),
  definePlugin({
    kind: "data-source",
    name: "texts",
    description: "Text files with one subfolder for each class, or a column of a table",
    options: textsOptions,
    create: textsSource,
  }),
  definePlugin({
    kind: "input-reader",
    name: "text",
    description: "A text file, or each row of a table, as the input of a model",
    options: textOptions,
    create: textReader,
  }),
];
