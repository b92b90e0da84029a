import { definePlugin, type Plugin } from "@graftjs/core";
import { imageOptions } from "./images/image-options.ts";
import { imageReader } from "./images/image-reader.ts";
import { imagesOptions, imagesSource } from "./images/images-source.ts";

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
];
