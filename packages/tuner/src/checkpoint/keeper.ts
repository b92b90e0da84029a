import { GraftError, OptionsError } from "@graftjs/core";
import { folderStore } from "../files/stores/store.ts";
import { type CheckpointContent, decode, encode } from "./checkpoint.ts";
import { type CheckpointOptions, checkpointOptions } from "./checkpoint-options.ts";

/** Writes, keeps and finds the checkpoints of a run. */
export interface Keeper {
  /**
   * Writes a checkpoint. Warns instead of throwing if the disk is full or the folder cannot be written, so that the run continues. Of
   * several failures in a row, only the first is reported. After a success, deletes damaged checkpoints found by `newest`, and
   * checkpoints of earlier steps beyond `keep`. Never deletes checkpoints of later steps.
   */
  write(step: number, content: CheckpointContent): Promise<void>;
  /**
   * Reads the newest undamaged checkpoint; undefined if there is none. Skips damaged ones with a warning. Deletes older checkpoints
   * beyond `keep` and temporary files, because a run that was killed may have left them.
   */
  newest(): Promise<CheckpointContent | undefined>;
  /** Checks that a new run would not mix its checkpoints with others. @throws OptionsError if the store has checkpoints. */
  assertEmpty(): Promise<void>;
  /** Reserves the place for this run. Warns if the place cannot be reserved. @throws OptionsError if another run holds it */
  lock(): Promise<void>;
  /** Lets other runs use the place. */
  release(): Promise<void>;
}

/** Creates the keeper of a run's checkpoints. @param warn called with one line for each problem that does not end the run. */
export function keeper(options: CheckpointOptions, warn: (line: string) => void): Keeper {
  const { to, keep } = checkpointOptions.parse("checkpoint", options);
  const store = typeof to === "string" ? folderStore(to) : to;
  const ours = async (): Promise<string[]> =>
    (await store.list())
      .filter((name) => NAME.test(name))
      .sort()
      .reverse();
  const damaged = new Set<string>();
  let failing = false;
  let unlock: (() => Promise<void>) | undefined;
  return {
    async lock() {
      if (!store.lock) return;
      unlock = await store.lock();
      if (!unlock) warn(`${store.where} could not be reserved for this run. A second run would not be refused.`);
    },
    async release() {
      await unlock?.();
      unlock = undefined;
    },
    async write(step, content) {
      try {
        const written = nameOf(step);
        await store.write(written, await encode(content));
        damaged.delete(written);
        const whole = (await ours()).filter((name) => name <= written && !damaged.has(name));
        for (const name of [...damaged, ...whole.slice(keep)]) await store.remove(name);
        damaged.clear();
        failing = false;
      } catch (error) {
        if (!failing)
          warn(
            `Could not write the checkpoint of step ${step} to ${store.where}: ${firstLine(error)} The run continues and will try again at the next checkpoint.`,
          );
        failing = true;
      }
    },
    async newest() {
      const names = await ours();
      // Failures are ignored: if nothing can be removed, the next write reports the reason.
      for (const name of await store.list()) if (HALF.test(name)) await store.remove(name).catch(() => {});
      for (const [i, name] of names.entries()) {
        try {
          const bytes = await store.read(name);
          if (!bytes) continue;
          const content = await decoded(bytes, () => damaged.add(name));
          for (const old of names.slice(Math.max(keep, i + 1))) await store.remove(old).catch(() => {});
          return content;
        } catch (error) {
          warn(`Skipped the checkpoint ${store.where}/${name}: ${firstLine(error)}`);
        }
      }
      return undefined;
    },
    async assertEmpty() {
      // If the folder cannot be listed, it cannot be written either, and the first write reports the reason.
      const [newest] = await ours().catch(() => []);
      if (newest === undefined) return;
      throw new OptionsError(
        `${store.where} has checkpoints of an earlier run; the newest is ${newest}.`,
        "Continue that run with `resume: true` (`graft run --resume`), or use another folder. Nothing was changed.",
      );
    },
  };
}

async function decoded(bytes: Uint8Array, onDamage: () => void): Promise<CheckpointContent> {
  try {
    return await decode(bytes);
  } catch (error) {
    onDamage();
    throw error;
  }
}

const NAME = /^step-\d{10}\.graft$/;
/** Name of the temporary file that `writeFileAtomic` leaves if it is killed. */
const HALF = /^step-\d{10}\.graft\..*\.tmp$/;

/** Returns the file name of a step, padded so that sorting by name sorts by step. */
function nameOf(step: number): string {
  return `step-${String(step).padStart(10, "0")}.graft`;
}

function firstLine(error: unknown): string {
  if (error instanceof GraftError || error instanceof Error) return error.message.split("\n")[0] as string;
  return String(error);
}
