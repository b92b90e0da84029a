import { BackendError } from "@graftjs/core";
import { webLock } from "../web-lock.ts";
import type { CheckpointStore } from "./store.ts";

/** The part of the browser's origin private file system that Graft uses. */
export interface FolderHandle {
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<FolderHandle>;
  removeEntry(name: string): Promise<void>;
  keys(): AsyncIterable<string>;
}
interface FileHandle {
  getFile(): Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>;
  createWritable(): Promise<{ write(bytes: Uint8Array): Promise<void>; close(): Promise<void> }>;
}

/**
 * Creates a store in a folder of the origin private file system. The browser writes to a swap file that replaces the old file when it is
 * closed (File System Standard, `createWritable`). If the tab is closed before that, the old file remains.
 */
export function opfsStore(folder: string, root: () => Promise<FolderHandle> = privateRoot): CheckpointStore {
  const open = async (): Promise<FolderHandle> => (await root()).getDirectoryHandle(folder, { create: true });
  return {
    where: `opfs:${folder}`,
    lock: () => webLock(`opfs:${folder}`),
    async write(name, bytes) {
      const stream = await (await (await open()).getFileHandle(name, { create: true })).createWritable();
      await stream.write(bytes);
      await stream.close();
    },
    async read(name) {
      const handle = await (await open()).getFileHandle(name).catch(() => undefined);
      return handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
    },
    async list() {
      const names: string[] = [];
      for await (const name of (await open()).keys()) names.push(name);
      return names;
    },
    remove: async (name) => (await open()).removeEntry(name).catch(() => {}),
  };
}

async function privateRoot(): Promise<FolderHandle> {
  const { navigator } = globalThis as { navigator?: { storage?: { getDirectory?: () => Promise<unknown> } } };
  if (!navigator?.storage?.getDirectory) {
    throw new BackendError("This browser has no origin private file system.", "Use folderStore in Node.");
  }
  return (await navigator.storage.getDirectory()) as FolderHandle;
}
