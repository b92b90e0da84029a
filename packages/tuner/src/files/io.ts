/** The file system calls that are needed to write a file safely. Each may fail. */
export interface FileIo {
  /** Creates `path` with `bytes` and flushes it to the disk. */
  writeFlushed(path: string, bytes: Uint8Array): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Flushes a folder's entries to the disk. */
  flushFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** Returns the contents of a file; undefined if it does not exist. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Lists the names in a folder; none if the folder does not exist. */
  list(path: string): Promise<readonly string[]>;
}
