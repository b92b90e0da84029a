export { DataFilesError } from "./data-files-error.ts";
export { type ClassFile, type ClassFolders, classFolders, filesIn } from "./folders/class-folders.ts";
export type { Column, LabelForm } from "./folders/labels.ts";
export { readInParallel } from "./folders/read-in-parallel.ts";
export { type Split, stratifiedSplit } from "./folders/split.ts";
export type { ImageOptions, PixelOptions } from "./images/image-options.ts";
export { imageReader } from "./images/image-reader.ts";
export { type ClassImages, type Examples, type ReadImagesOptions, readImages } from "./images/read-images.ts";
export { plugins } from "./plugins.ts";
