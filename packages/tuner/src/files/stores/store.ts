import { lockFolder } from "../folder-lock.ts";
import type { FileIo } from "../io.ts";
import { nodeIo } from "../node-io.ts";
import { writeFileAtomic } from "../write-atomic.ts";

/** A place for files such as checkpoints. After a failed `write`, the old file must remain; a partial file must never be visible. */
export interface CheckpointStore {
  write(name: string, bytes: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /**
   * Reserves the place for one run, so that a second run does not mix its files with the first one's. Optional.
   *
   * @returns a function that releases it. Undefined if the place cannot be reserved.
   * @throws OptionsError if another run holds it
   */
  lock?(): Promise<(() => Promise<void>) | undefined>;
  /** Name of the place, for messages. */
  readonly where: string;
}

/** Creates a store in a folder on disk (Node). The folder is created by the first write. */
export function folderStore(folder: string, given?: FileIo): CheckpointStore {
  const io = given ?? nodeIo();
  return {
    // Another file system has no processes to look up.
    ...(given ? {} : { lock: () => lockFolder(folder) }),
    where: folder,
    write: (name, bytes) => writeFileAtomic(`${folder}/${name}`, bytes, io),
    read: (name) => io.read(`${folder}/${name}`),
    list: () => io.list(folder),
    remove: (name) => io.remove(`${folder}/${name}`),
  };
}
