import { BackendError } from "@graftjs/core";
import type { CheckpointStore } from "./store.ts";

/**
 * A database of its own in the browser's IndexedDB. A file is put in one transaction, which happens as a whole or not at all;
 * "strict" durability asks the browser to flush it to the disk before it says so (Indexed Database API 3.0, durability hints).
 *
 * @param factory @default the browser's own
 */
export function indexedDbStore(name: string, factory: () => IDBFactory = browserFactory): CheckpointStore {
  let opened: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> => {
    opened ??= openDatabase(factory, name, () => {
      opened = undefined;
    });
    // A failure is not kept: the next call tries anew.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const run = async <T>(mode: IDBTransactionMode, act: (files: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(FILES, mode, { durability: "strict" });
      const request = act(transaction.objectStore(FILES));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  };
  return {
    where: `indexeddb:${name}`,
    // A copy: structured clone would take the whole buffer behind a view along.
    write: async (file, bytes) => void (await run("readwrite", (files) => files.put(bytes.slice(), file))),
    read: (file) => run<Uint8Array | undefined>("readonly", (files) => files.get(file)),
    list: async () => (await run("readonly", (files) => files.getAllKeys())).map(String),
    remove: async (file) => void (await run("readwrite", (files) => files.delete(file))),
  };
}

const FILES = "files";

function openDatabase(factory: () => IDBFactory, name: string, gone: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory().open(`graft:${name}`, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(FILES);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = gone;
      // Another tab wants to delete it: standing in the way would leave that tab waiting.
      database.onversionchange = () => {
        database.close();
        gone();
      };
      resolve(database);
    };
  });
}

function browserFactory(): IDBFactory {
  const { indexedDB } = globalThis as { indexedDB?: IDBFactory };
  if (!indexedDB) throw new BackendError("There is no IndexedDB here.", "Use folderStore in Node.");
  return indexedDB;
}
