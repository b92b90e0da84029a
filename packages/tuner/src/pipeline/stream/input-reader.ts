/** Makes inputs of a model from files, in the same way for training and for predictions. */
export interface InputReader {
  /** Shape of one input, without the batch axis. */
  readonly shape: readonly number[];
  /** Endings of the files that a folder is searched for, in lower case: `.png`. */
  readonly extensions: readonly string[];
  /**
   * Reads one file.
   *
   * @param importPackage imports an optional package, e.g. a decoder.
   * @returns the values of one input, or of several inputs one after another.
   * @throws GraftError that says why the file cannot be used
   */
  read(path: string, importPackage: <T>(name: string) => Promise<T>): Promise<Float32Array>;
}

/** An input reader by name with its options, as JSON. It is stored with a tuned model. */
export interface InputReaderUse {
  readonly use: string;
  readonly with?: object;
}
