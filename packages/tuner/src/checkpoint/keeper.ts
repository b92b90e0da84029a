import { GraftError } from "@graftjs/core";
import { type CheckpointContent, decode, encode } from "./checkpoint.ts";
import { type CheckpointStore, folderStore } from "./store.ts";

export interface CheckpointOptions {
  /** A folder, in Node; or a store, for example `opfsStore("run")` in a browser. */
  readonly to: string | CheckpointStore;
  /** Steps between two checkpoints; one is written at the end of every epoch as well. @default only at the end of epochs */
  readonly everySteps?: number;
  /** How many are kept, newest first. @default 2 */
  readonly keep?: number;
  /** Whether the run goes on from the newest checkpoint that is whole. @default false */
  readonly resume?: boolean;
  /** What made the run, as JSON: stored, and compared on resume. */
  readonly recipe?: unknown;
}

/** Writes, keeps and finds the checkpoints of a run. */
export interface Keeper {
  /**
   * Never throws for a full disk or a folder that cannot be written: a run is worth more than its checkpoint. Warns of the
   * first of several failures in a row.
   */
  write(step: number, content: CheckpointContent): Promise<void>;
  /**
   * The newest whole checkpoint, or undefined. Damaged ones are passed over with a warning. Takes away what is older than that
   * and beyond `keep`: a run that was killed between a write and its clean-up left one too many, and may not write again.
   */
  newest(): Promise<CheckpointContent | undefined>;
}

/** @param warn gets one line for each thing that went wrong and did not end the run. */
export function keeper({ to, keep = 2 }: CheckpointOptions, warn: (line: string) => void): Keeper {
  const store = typeof to === "string" ? folderStore(to) : to;
  const ours = async (): Promise<string[]> =>
    (await store.list())
      .filter((name) => NAME.test(name))
      .sort()
      .reverse();
  let failing = false;
  return {
    async write(step, content) {
      try {
        await store.write(nameOf(step), await encode(content));
        for (const name of (await ours()).slice(keep)) await store.remove(name);
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
      for (const [i, name] of names.entries()) {
        try {
          const bytes = await store.read(name);
          if (!bytes) continue;
          const content = await decode(bytes);
          // Where nothing can be removed the next write says so.
          for (const old of names.slice(Math.max(keep, i + 1))) await store.remove(old).catch(() => {});
          return content;
        } catch (error) {
          warn(`Passed over ${store.where}/${name}: ${firstLine(error)}`);
        }
      }
      return undefined;
    },
  };
}

const NAME = /^step-\d{10}\.graft$/;

/** Padded, so that the order of names is the order of steps. */
function nameOf(step: number): string {
  return `step-${String(step).padStart(10, "0")}.graft`;
}

function firstLine(error: unknown): string {
  if (error instanceof GraftError || error instanceof Error) return error.message.split("\n")[0] as string;
  return String(error);
}
