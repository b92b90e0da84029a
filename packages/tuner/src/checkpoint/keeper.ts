import { GraftError, OptionsError } from "@graftjs/core";
import { type CheckpointStore, folderStore } from "../files/stores/store.ts";
import { type CheckpointContent, decode, encode } from "./checkpoint.ts";

export interface CheckpointOptions {
  /**
   * A folder, in Node; or a store, for example `opfsStore("run")` in a browser. It belongs to one run: where it holds checkpoints
   * already, a run that does not resume is refused before its first step, and neither run's are lost.
   */
  readonly to: string | CheckpointStore;
  /** Steps between two checkpoints; one is written at the end of every epoch as well. @default only at the end of epochs */
  readonly everySteps?: number;
  /** How many are kept, the last ones written. @default 2 */
  readonly keep?: number;
  /**
   * Whether the run goes on from the newest checkpoint that is whole, and begins anew where there is none. Refused entry by entry where
   * options, data (64 examples of it) or base are others. Free to change: `epochs`, `maxSteps`, `observers`, `statsEvery`, `prefetch`,
   * `signal`, `control`, this object but for `recipe`, the place of the cache, and `guard` where it was `throw`. @default false
   */
  readonly resume?: boolean;
  /** What made the run, as JSON: stored, and compared on resume. */
  readonly recipe?: unknown;
}

/** Writes, keeps and finds the checkpoints of a run. */
export interface Keeper {
  /**
   * Never throws for a full disk or a folder that cannot be written: a run is worth more than its checkpoint. Warns of the
   * first of several failures in a row. Takes away its own of earlier steps beyond `keep`, and those that `newest` found damaged;
   * never what it wrote just now, nor what is of a later step.
   */
  write(step: number, content: CheckpointContent): Promise<void>;
  /**
   * The newest whole checkpoint, or undefined. Damaged ones are passed over with a warning. Takes away what is older than that
   * and beyond `keep`: a run that was killed between a write and its clean-up left one too many, and may not write again. Halves of
   * files that a killed write left go, too.
   */
  newest(): Promise<CheckpointContent | undefined>;
  /** @throws OptionsError where the store holds checkpoints: a run that begins anew would mix its own with them. */
  assertEmpty(): Promise<void>;
}

/** @param warn gets one line for each thing that went wrong and did not end the run. */
export function keeper({ to, keep = 2 }: CheckpointOptions, warn: (line: string) => void): Keeper {
  const store = typeof to === "string" ? folderStore(to) : to;
  const ours = async (): Promise<string[]> =>
    (await store.list())
      .filter((name) => NAME.test(name))
      .sort()
      .reverse();
  const damaged = new Set<string>();
  let failing = false;
  return {
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
            `Checkpoint of step ${step} was not written to ${store.where}: ${firstLine(error)} The run goes on, and tries again at the next one.`,
          );
        failing = true;
      }
    },
    async newest() {
      const names = await ours();
      // Where nothing can be removed the next write says so.
      for (const name of await store.list()) if (HALF.test(name)) await store.remove(name).catch(() => {});
      for (const [i, name] of names.entries()) {
        try {
          const bytes = await store.read(name);
          if (!bytes) continue;
          const content = await decoded(bytes, () => damaged.add(name));
          for (const old of names.slice(Math.max(keep, i + 1))) await store.remove(old).catch(() => {});
          return content;
        } catch (error) {
          warn(`Passed over ${store.where}/${name}: ${firstLine(error)}`);
        }
      }
      return undefined;
    },
    async assertEmpty() {
      // A folder that cannot be listed cannot be written either, and the first write says so.
      const [newest] = await ours().catch(() => []);
      if (newest === undefined) return;
      throw new OptionsError(
        `${store.where} holds checkpoints of an earlier run, ${newest} the newest.`,
        "Go on with that run by `resume: true` (`--resume` of graft run), or begin anew in another folder; nothing was changed.",
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
/** What `writeFileAtomic` leaves of such a file when it is killed. */
const HALF = /^step-\d{10}\.graft\..*\.tmp$/;

/** Padded, so that the order of names is the order of steps. */
function nameOf(step: number): string {
  return `step-${String(step).padStart(10, "0")}.graft`;
}

function firstLine(error: unknown): string {
  if (error instanceof GraftError || error instanceof Error) return error.message.split("\n")[0] as string;
  return String(error);
}
