import { DataFilesError } from "../data-files-error.ts";

/** Files that are read at the same time. The decoder has four threads. */
const AT_ONCE = 8;

/**
 * Reads files, several at a time.
 *
 * @returns in the order of `paths`: the result, or one line that says why the file cannot be used.
 * @throws every error of `read` that is not about the file
 */
export async function readInParallel<T>(
  paths: readonly string[],
  read: (path: string) => Promise<T>,
): Promise<readonly (T | string)[]> {
  const results: (T | string)[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < paths.length) {
      const i = next++;
      try {
        results[i] = await read(paths[i] as string);
      } catch (error) {
        if (!(error instanceof DataFilesError)) throw error;
        results[i] = error.message.replace(/\s*\n\s*/g, " ");
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
