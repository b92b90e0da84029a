import type { FileIo } from "../io.ts";
import { nodeIo } from "../node-io.ts";
import { writeFileAtomic } from "../write-atomic.ts";

/** A place for checkpoints. `write` puts the old file or the new one there, never a part. */
export interface CheckpointStore {
  write(name: string, bytes: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** For messages. */
  readonly where: string;
}

/** A folder on disk, made when first written to. */
export function folderStore(folder: string, io: FileIo = nodeIo()): CheckpointStore {
  return {
    where: folder,
    write: (name, bytes) => writeFileAtomic(`${folder}/${name}`, bytes, io),
    read: (name) => io.read(`${folder}/${name}`),
    list: () => io.list(folder),
    remove: (name) => io.remove(`${folder}/${name}`),
  };
}
