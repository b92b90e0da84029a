import type { Picture } from "../project/project.ts";
import { StudioError } from "../protocol.ts";

/** Features of a picture, with the base that computed them. */
export interface StoredFeatures {
  readonly base: string;
  readonly values: Float32Array;
}

const STORES = ["project", "pictures", "features"] as const;
type Store = (typeof STORES)[number];

/** The stored parts of one project. */
export interface Database {
  /** Reads a value of the project: its names, its result, its deltas. */
  read<T>(key: string): Promise<T | undefined>;
  /** Writes values of the project in one transaction. `undefined` removes a value. */
  write(values: Readonly<Record<string, unknown>>): Promise<void>;
  pictures(): Promise<readonly Picture[]>;
  addPictures(pictures: readonly Picture[]): Promise<void>;
  removePictures(ids: readonly string[]): Promise<void>;
  features(): Promise<ReadonlyMap<string, StoredFeatures>>;
  addFeatures(features: ReadonlyMap<string, StoredFeatures>): Promise<void>;
  /** Replaces everything in one transaction. */
  replace(values: Readonly<Record<string, unknown>>, pictures: readonly Picture[]): Promise<void>;
  close(): void;
}

/**
 * Opens the database of a project in the browser's IndexedDB. Each change is one transaction, which succeeds or fails as a whole.
 *
 * @throws StudioError if the browser has no storage, or if it is full
 */
export async function openDatabase(name: string): Promise<Database> {
  const database = await connect(name);
  const change = (
    stores: readonly Store[],
    act: (store: (name: Store) => IDBObjectStore) => void,
    durability: "strict" | "relaxed" = "strict",
  ): Promise<void> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(stores, "readwrite", { durability });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(storageError(transaction.error));
      act((store) => transaction.objectStore(store));
    });
  const ask = <T>(store: Store, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const request = act(database.transaction(store).objectStore(store));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(storageError(request.error));
    });
  const putAll = (store: IDBObjectStore, values: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(values)) value === undefined ? store.delete(key) : store.put(value, key);
  };
  return {
    read: (key) => ask("project", (store) => store.get(key)),
    write: (values) => change(["project"], (store) => putAll(store("project"), values)),
    pictures: async () =>
      (await ask<Picture[]>("pictures", (store) => store.getAll())).sort((a, b) => a.order - b.order),
    addPictures: (pictures) =>
      change(["pictures"], (store) => {
        for (const picture of pictures) store("pictures").put(picture, picture.id);
      }),
    removePictures: (ids) =>
      change(["pictures", "features"], (store) => {
        for (const id of ids) {
          store("pictures").delete(id);
          store("features").delete(id);
        }
      }),
    async features() {
      const [keys, values] = await Promise.all([
        ask("features", (store) => store.getAllKeys()),
        ask<StoredFeatures[]>("features", (store) => store.getAll()),
      ]);
      return new Map(keys.map((key, i) => [String(key), values[i] as StoredFeatures]));
    },
    addFeatures: (features) =>
      // If they are lost in a crash of the system, they are computed again.
      change(
        ["features"],
        (store) => {
          for (const [id, value] of features) store("features").put(value, id);
        },
        "relaxed",
      ),
    replace: (values, pictures) =>
      change(STORES, (store) => {
        for (const name of STORES) store(name).clear();
        putAll(store("project"), values);
        for (const picture of pictures) store("pictures").put(picture, picture.id);
      }),
    close: () => database.close(),
  };
}

function connect(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`graft-studio:${name}`, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store);
    };
    request.onerror = () => reject(storageError(request.error));
    request.onsuccess = () => resolve(request.result);
  });
}

function storageError(cause: DOMException | null): StudioError {
  const full = cause?.name === "QuotaExceededError";
  const message = full ? "The browser's storage is full." : `The browser's storage failed: ${cause?.message}.`;
  return new StudioError(full ? "storage-full" : "storage", message, { cause });
}
