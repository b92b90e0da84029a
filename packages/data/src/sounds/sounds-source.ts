import { isAbsolute, resolve } from "node:path";
import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DataSource } from "@graftjs/tuner";
import { classFolderProperties, notesOf } from "../folders/class-examples.ts";
import { classNames } from "../folders/class-folders.ts";
import { labelsOf } from "../folders/labels-of.ts";
import { type OptionProperties, withoutDefaults } from "../option-properties.ts";
import { readSounds, SOUNDS } from "./read-sounds.ts";
import { soundInput } from "./sound-input.ts";
import { type FeatureOptions, featureProperties } from "./sound-options.ts";

/** Options of the data source `sounds`. */
export interface SoundsOptions extends FeatureOptions {
  /** Folder with one subfolder for each class, relative to the recipe. */
  readonly path: string;
  /** Length that every sound is cut or padded to. @default the length that the model takes */
  readonly seconds?: number;
  /** Share of each class's sounds that validate. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation sounds. @default 0 */
  readonly seed?: number;
  /** Whether a sound that cannot be decoded is an error or is left out. @default "refuse" */
  readonly corrupt?: "refuse" | "skip";
}

type Defaults = "validation" | "seed" | "corrupt";

const { mels, features, ...others } = featureProperties;

/** The properties of features without defaults: those of the base model come first. */
const givenFeatures: OptionProperties<FeatureOptions, never> = {
  ...withoutDefaults(others, (usual) => `as stored with the model, else ${JSON.stringify(usual)}`),
  ...withoutDefaults({ features }, () => "as stored with the model, else by the shape of the model's input"),
  ...withoutDefaults({ mels }, (usual) => `as the model's input, else ${JSON.stringify(usual)}`),
};

export const soundsOptions: OptionsSchema<SoundsOptions, Defaults> = optionsSchema<SoundsOptions, Defaults>(
  {
    ...classFolderProperties(SOUNDS),
    seconds: {
      type: "number",
      exclusiveMinimum: 0,
      description:
        "Length that every sound is cut to, or padded to with silence. Default: the length that the model takes",
    },
    ...givenFeatures,
  },
  ["path"],
);

/** Makes the data source `sounds`. The shape of the inputs is the one that the model takes. */
export function soundsSource({ path, ...options }: SoundsOptions): DataSource {
  const folderOf = (folder: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    classes: (folder) => classNames(folderOf(folder)),
    async read(folder, context) {
      const sounds = await readSounds(folderOf(folder), {
        ...options,
        ...soundInput(context, options),
        labels: labelsOf(context),
      });
      const { data, validation, classes, reader } = sounds;
      return { data, ...(validation ? { validation } : {}), classes, reader, notes: notesOf(sounds, SOUNDS) };
    },
  };
}
