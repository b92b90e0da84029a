import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { classFolderProperties } from "../folders/class-examples.ts";
import { type ClassFolderDefaults, type ClassFolderOptions, classSource, onlyInput } from "../folders/class-source.ts";
import { labelsOf } from "../folders/labels-of.ts";
import { type OptionProperties, withoutDefaults } from "../option-properties.ts";
import { type PixelOptions, pixelProperties } from "./image-options.ts";
import { PICTURES, readImages } from "./read-images.ts";

/** Options of the data source `images`. */
export interface ImagesOptions extends PixelOptions, ClassFolderOptions {
  /** Height and width, if the model accepts any. @default the size that the model takes */
  readonly size?: readonly number[];
}

/** The properties of pixels without defaults: those of the base model come first. */
const givenPixels: OptionProperties<PixelOptions, never> = withoutDefaults(
  pixelProperties,
  (usual) => `as stored with the model, else ${JSON.stringify(usual)}`,
);

export const imagesOptions: OptionsSchema<ImagesOptions, ClassFolderDefaults> = optionsSchema<
  ImagesOptions,
  ClassFolderDefaults
>(
  {
    ...classFolderProperties(PICTURES),
    size: {
      type: "array",
      items: { type: "integer", minimum: 1 },
      description: "Height and width, if the model accepts any size. Default: as stored with the model",
    },
    ...givenPixels,
  },
  ["path"],
);

/** Makes the data source `images`. The size and the number of channels of the inputs are those that the model takes. */
export function imagesSource({ path, size, ...options }: ImagesOptions): DataSource {
  return classSource(path, PICTURES, (folder, context) => {
    const { height, width, channels } = inputOf(context, size, storedSize(context));
    return readImages(folder, {
      ...storedPixels(context),
      ...options,
      size: [height, width],
      channels,
      labels: labelsOf(context),
      classOrder: context.classes,
      importPackage: context.importPackage,
    });
  });
}

/** Returns the options of pixels that are stored with the base model. */
function storedPixels({ reader }: DataContext): PixelOptions {
  const stored = reader?.use === "image" ? (reader.with as Partial<Record<string, unknown>> | undefined) : undefined;
  const known = Object.keys(pixelProperties).filter((name) => stored?.[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, stored?.[name]]));
}

/** Returns the size that is stored with the base model. */
function storedSize({ reader }: DataContext): readonly number[] | undefined {
  const { size } = (reader?.use === "image" ? (reader.with ?? {}) : {}) as { readonly size?: unknown };
  return Array.isArray(size) && size.every((side) => typeof side === "number") ? size : undefined;
}

interface ImageInput {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

function inputOf(
  context: DataContext,
  size: readonly number[] | undefined,
  stored: readonly number[] | undefined,
): ImageInput {
  const { input, takes } = onlyInput(context, PICTURES);
  const [, height, width, channels] = input.shape;
  if (input.shape.length !== 4 || (channels !== 1 && channels !== 3))
    throw new OptionsError(
      `${takes}, which is not a picture.`,
      "Pictures need a model whose input is [batch, height, width, 3], or 1 instead of 3 for grey.",
    );
  const [wantedHeight, wantedWidth] = [height ?? size?.[0] ?? stored?.[0], width ?? size?.[1] ?? stored?.[1]];
  if (wantedHeight === undefined || wantedWidth === undefined)
    throw new OptionsError(`${takes}: the model accepts any size.`, 'Choose height and width: "size": [224, 224].');
  if (size && (size[0] !== wantedHeight || size[1] !== wantedWidth || size.length > 2))
    throw new OptionsError(
      `${takes}, but \`size\` is [${size.join(", ")}].`,
      "Leave `size` out: the model's own size is used.",
    );
  return { height: wantedHeight, width: wantedWidth, channels };
}
