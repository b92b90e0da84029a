import type { FileIo } from "../io.ts";
import { nodeIo } from "../node-io.ts";
import { writeFileAtomic } from "../write-atomic.ts";

/** A place for files such as checkpoints. After a failed `write`, the old file must remain; a partial file must never be visible. */
export interface CheckpointStore {
  write(name: string, bytes: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** Name of the place, for messages. */
  readonly where: string;
}

/** Creates a store in a folder on disk (Node). The folder is created by the first write. */
export function folderStore(folder: string, io: FileIo = nodeIo()): CheckpointStore {
  return {
    where: folder,
    write: (name, bytes) => writeFileAtomic(`${folder}/${name}`, bytes, io),
    read: (name) => io.read(`${folder}/${name}`),
    list: () => io.list(folder),
    remove: (name) => io.remove(`${folder}/${name}`),
  };
}
