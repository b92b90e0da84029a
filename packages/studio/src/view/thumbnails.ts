import type { StudioClient } from "../page/client.ts";

/** Pictures as addresses for `<img>`. */
export interface Thumbnails {
  /** Sets the source of an image as soon as the picture is read. */
  fill(image: HTMLImageElement, id: string): void;
  /** Frees the pictures that are no longer in the project. */
  keepOnly(ids: ReadonlySet<string>): void;
  clear(): void;
}

export function createThumbnails(client: StudioClient): Thumbnails {
  const addresses = new Map<string, Promise<string | undefined>>();
  const addressOf = async (id: string): Promise<string | undefined> => {
    const jpeg = await client.call("picture", id).catch(() => undefined);
    return jpeg && URL.createObjectURL(jpeg);
  };
  const remove = (id: string): void => {
    void addresses.get(id)?.then((address) => address && URL.revokeObjectURL(address));
    addresses.delete(id);
  };
  return {
    fill(image, id) {
      const address = addresses.get(id) ?? addressOf(id);
      addresses.set(id, address);
      void address.then((url) => {
        if (url) image.src = url;
      });
    },
    keepOnly(ids) {
      for (const id of addresses.keys()) if (!ids.has(id)) remove(id);
    },
    clear() {
      for (const id of addresses.keys()) remove(id);
    },
  };
}
