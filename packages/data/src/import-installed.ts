import { DataFilesError } from "./data-files-error.ts";

/** Imports an optional package. @throws DataFilesError with the command that installs it */
export async function importInstalled<T>(name: string): Promise<T> {
  try {
    return (await import(/* @vite-ignore */ name)) as T;
  } catch (cause) {
    throw new DataFilesError(`The package ${name} is not installed.`, `npm install ${name}`, { cause });
  }
}
