import {
  type ClassExamples,
  type FileWords,
  type ReadClassesOptions,
  readClassExamples,
} from "../folders/class-examples.ts";
import { type SoundOptions, soundOptions } from "./sound-options.ts";
import { soundReader } from "./sound-reader.ts";

/** Sounds by class, ready for `fineTune`. */
export interface ClassSounds extends ClassExamples {}

export interface ReadSoundsOptions extends SoundOptions, Omit<ReadClassesOptions, "importPackage"> {}

export const SOUNDS: FileWords = { one: "sound", many: "sounds" };

/**
 * Reads WAV files from a folder that has one subfolder for each class. The classes are sorted by name.
 *
 * @throws DataFilesError if the folder, a class or a file cannot be used. It names all files at once.
 * @throws OptionsError if an option is out of range, or if the options do not fit together
 */
export async function readSounds(folder: string, options: ReadSoundsOptions): Promise<ClassSounds> {
  const { validation, seed, corrupt, labels, classOrder, ...sound } = options;
  // All options are stored, so that a stored reader does not depend on later defaults.
  const use = { use: "sound", with: soundOptions.parse("readSounds", sound) };
  return readClassExamples(folder, soundReader(sound), use, options, SOUNDS);
}
