import {
  type ClassExamples,
  type FileWords,
  type ReadClassesOptions,
  readClassExamples,
} from "../folders/class-examples.ts";
import { type ImageOptions, imageOptions } from "./image-options.ts";
import { imageReader } from "./image-reader.ts";

/** Pictures by class, ready for `fineTune`. */
export interface ClassImages extends ClassExamples {}

export interface ReadImagesOptions extends ImageOptions, ReadClassesOptions {}

export const PICTURES: FileWords = { one: "picture", many: "pictures" };

/**
 * Reads pictures from a folder that has one subfolder for each class. The classes are sorted by name. Decodes with the package `sharp`.
 *
 * @throws DataFilesError if the folder, a class or a file cannot be used. It names all files at once.
 * @throws OptionsError if an option is out of range
 */
export async function readImages(folder: string, options: ReadImagesOptions): Promise<ClassImages> {
  const { validation, seed, corrupt, labels, classOrder, importPackage, ...image } = options;
  // All options are stored, so that a stored reader does not depend on later defaults.
  const use = { use: "image", with: imageOptions.parse("readImages", image) };
  return readClassExamples(folder, imageReader(image), use, options, PICTURES);
}
