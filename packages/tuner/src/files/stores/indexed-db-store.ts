import { BackendError } from "@graftjs/core";
import { webLock } from "../web-lock.ts";
import type { CheckpointStore } from "./store.ts";

/**
 * Creates a store in a separate database of the browser's IndexedDB. A file is written in one transaction, which succeeds or fails as a
 * whole. "Strict" durability asks the browser to flush the file to disk before it reports success (Indexed Database API 3.0).
 *
 * @param factory returns the IndexedDB to use. @default the browser's
 */
export function indexedDbStore(name: string, factory: () => IDBFactory = browserFactory): CheckpointStore {
  let opened: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> => {
    opened ??= openDatabase(factory, name, () => {
      opened = undefined;
    });
    // After a failure, the next call tries again.
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
    lock: () => webLock(`indexeddb:${name}`),
    // Copied, because structured clone would store the whole buffer of a view.
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
      // Another tab wants to delete the database and would wait until it is closed here.
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
  if (!indexedDB) throw new BackendError("IndexedDB is not available here.", "Use folderStore in Node.");
  return indexedDB;
}
