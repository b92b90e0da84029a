import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { CheckpointStore } from "../files/stores/store.ts";

/** Where and how often the state of a run is saved, and whether the run resumes. */
export interface CheckpointOptions {
  /**
   * A folder, in Node; or a store, for example `opfsStore("run")` in a browser. It belongs to one run. If it already holds
   * checkpoints, a run that does not resume is refused before its first step, and no checkpoint is lost.
   */
  readonly to: string | CheckpointStore;
  /** Steps between two checkpoints. One is written at the end of every epoch as well. @default only at the end of epochs */
  readonly everySteps?: number;
  /** Number of checkpoints that are kept, the last ones written. @default 2 */
  readonly keep?: number;
  /**
   * Whether the run continues from the newest whole checkpoint. Without one it starts from the beginning. The error names
   * every entry that differs if options, data (64 examples of them) or base model are not the same. These may change: `epochs`,
   * `maxSteps`, `observers`, `statsEvery`, `prefetch`, `signal`, `control`, this object except `recipe`, the place of the
   * cache, and `guard` if its policy was `throw`. @default false
   */
  readonly resume?: boolean;
  /** The recipe of the run, as JSON: stored, and compared when the run resumes. */
  readonly recipe?: unknown;
}

export const checkpointOptions: OptionsSchema<CheckpointOptions, "keep" | "resume"> = optionsSchema<
  CheckpointOptions,
  "keep" | "resume"
>(
  {
    to: { anyOf: [{ type: "string" }, { codeOnly: true }], description: "Folder, or a store, of one run" },
    everySteps: {
      type: "integer",
      minimum: 1,
      description: "Steps between two checkpoints. Without it, one is written at the end of every epoch",
    },
    keep: { type: "integer", minimum: 1, default: 2, description: "Number of checkpoints that are kept" },
    resume: {
      type: "boolean",
      default: false,
      description: "Whether the run continues from the newest whole checkpoint",
    },
    recipe: { description: "The recipe of the run, compared when the run resumes" },
  },
  ["to"],
);
