import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DataSource } from "@graftjs/tuner";
import { classFolderProperties } from "../folders/class-examples.ts";
import { type ClassFolderDefaults, type ClassFolderOptions, classSource } from "../folders/class-source.ts";
import { labelsOf } from "../folders/labels-of.ts";
import { type OptionProperties, withoutDefaults } from "../option-properties.ts";
import { readSounds, SOUNDS } from "./read-sounds.ts";
import { soundInput } from "./sound-input.ts";
import { type FeatureOptions, featureProperties } from "./sound-options.ts";

/** Options of the data source `sounds`. */
export interface SoundsOptions extends FeatureOptions, ClassFolderOptions {
  /** Length that every sound is cut or padded to. @default the length that the model takes */
  readonly seconds?: number;
}

const { mels, features, ...others } = featureProperties;

/** The properties of features without defaults: those of the base model come first. */
const givenFeatures: OptionProperties<FeatureOptions, never> = {
  ...withoutDefaults(others, (usual) => `as stored with the model, else ${JSON.stringify(usual)}`),
  ...withoutDefaults({ features }, () => "as stored with the model, else by the shape of the model's input"),
  ...withoutDefaults({ mels }, (usual) => `as the model's input, else ${JSON.stringify(usual)}`),
};

export const soundsOptions: OptionsSchema<SoundsOptions, ClassFolderDefaults> = optionsSchema<
  SoundsOptions,
  ClassFolderDefaults
>(
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
  return classSource(path, SOUNDS, (folder, context) =>
    readSounds(folder, {
      ...options,
      ...soundInput(context, options),
      labels: labelsOf(context),
      classOrder: context.classes,
    }),
  );
}
