import { OptionsError } from "@graftjs/core";

/** The part of the Web Locks API that Graft uses. */
interface Locks {
  request(
    name: string,
    options: { ifAvailable: true },
    work: (lock: unknown) => Promise<void> | undefined,
  ): Promise<void>;
}

/**
 * Reserves a place of the browser's storage for one run, also against other tabs (Web Locks API). The browser releases it if the tab is
 * closed.
 *
 * @returns a function that releases it. Undefined if the browser lacks the API.
 * @throws OptionsError if another run holds it
 */
export async function webLock(where: string): Promise<(() => Promise<void>) | undefined> {
  const { locks } = ((globalThis as { navigator?: { locks?: Locks } }).navigator ?? {}) as { locks?: Locks };
  if (!locks) return undefined;
  return new Promise((resolve, reject) => {
    const done = locks.request(`graft:${where}`, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        const fix = "Wait until it ends, or use another place. Nothing was changed.";
        reject(new OptionsError(`${where} is in use by another run.`, fix));
        return undefined;
      }
      return new Promise<void>((release) => {
        resolve(async () => {
          release();
          await done;
        });
      });
    });
    done.catch(reject);
  });
}
