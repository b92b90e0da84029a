import { definePlugin, type Plugin } from "@graftjs/core";
import { colour, colourOptions } from "./colour.ts";
import { crop, cropOptions } from "./crop.ts";
import { erase, eraseOptions } from "./erase.ts";
import { flip, flipOptions } from "./flip.ts";
import { rotate, rotateOptions } from "./rotate.ts";
import { shift, shiftOptions } from "./shift.ts";

/** The augmentations, for recipes: `"augment": ["flip", { "use": "shift", "with": { "by": 4 } }]`. */
export const augmentationPlugins: readonly Plugin[] = [
  definePlugin({
    kind: "augmentation",
    name: "flip",
    description: "Mirrors an image",
    options: flipOptions,
    create: flip,
  }),
  definePlugin({
    kind: "augmentation",
    name: "shift",
    description: "Moves an image by whole pixels",
    options: shiftOptions,
    create: shift,
  }),
  definePlugin({
    kind: "augmentation",
    name: "crop",
    description: "Cuts out a random rectangle and scales it to the old size",
    options: cropOptions,
    create: crop,
  }),
  definePlugin({
    kind: "augmentation",
    name: "rotate",
    description: "Turns an image about its centre",
    options: rotateOptions,
    create: rotate,
  }),
  definePlugin({
    kind: "augmentation",
    name: "erase",
    description: "Fills a random rectangle with one value",
    options: eraseOptions,
    create: erase,
  }),
  definePlugin({
    kind: "augmentation",
    name: "colour",
    description: "Changes brightness, contrast and saturation",
    options: colourOptions,
    create: colour,
  }),
];
