/** The few calls that writing a file safely takes, each of which may fail. */
export interface FileIo {
  /** Creates `path` with `bytes` and flushes it to the disk. */
  writeFlushed(path: string, bytes: Uint8Array): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Flushes a folder's entries to the disk. */
  flushFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** The file, or undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names in a folder; none where there is no folder. */
  list(path: string): Promise<readonly string[]>;
}
