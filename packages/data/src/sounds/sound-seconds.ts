import { classFolders } from "../folders/class-folders.ts";
import { readInParallel } from "../folders/read-in-parallel.ts";
import { SOUND_EXTENSIONS } from "./sound-reader.ts";
import { readWavFile } from "./wav-file.ts";

/** Files that are read at most. */
const MOST_FILES = 200;

/**
 * Measures the length of the sounds in a folder with one subfolder for each class. Of many files it reads 200, evenly spread.
 *
 * @returns lengths in seconds, ascending. Files that cannot be decoded are left out.
 * @throws DataFilesError if the folder or a class cannot be used
 */
export async function soundSeconds(folder: string): Promise<readonly number[]> {
  const { files } = await classFolders(folder, SOUND_EXTENSIONS);
  const step = Math.max(1, files.length / MOST_FILES);
  const chosen = files.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  const lengths = await readInParallel(
    chosen.map(({ path }) => path),
    async (path) => {
      const { samples, sampleRate } = await readWavFile(path);
      return samples.length / sampleRate;
    },
  );
  return lengths.filter((length) => typeof length === "number").sort((a, b) => a - b);
}
