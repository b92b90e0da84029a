import { BackendLostError, type Observer, RecipeError } from "@graftjs/core";
import type { StageResult } from "@graftjs/presets";
import { type Collective, type FineTuneOptions, type FineTuneResult, fineTune } from "@graftjs/tuner";
import { resumable } from "../recipe/identity.ts";
import { Interrupted, RunError, UsageError } from "../terminal/errors.ts";
import { interruptible } from "./interruptible.ts";
import { withFacts } from "./report.ts";
import type { Session } from "./session.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

/** How `graft run` trains a session. */
export interface TrainOptions {
  /** Absolute path of the folder that the person named for checkpoints. */
  readonly checkpoint: string | undefined;
  /** Whether to continue from a checkpoint in that folder. */
  readonly resume: boolean;
  /** Number of steps between two checkpoints. */
  readonly everySteps: number;
  /** Holds the checkpoints if the person named no folder and the device may be lost. */
  readonly spare: TemporaryFolder;
  /** Observers in addition to those of the recipe. */
  readonly observers: readonly Observer[];
  /** The processes that train together, if there are several. */
  readonly collective?: Collective | undefined;
  /** How to continue after Ctrl-C. */
  readonly hint: string;
  /** Writes a message for the person. */
  readonly err: (text: string) => void;
}

/**
 * Trains a session's model. After the loss of a device it continues from the last checkpoint.
 *
 * @throws RunError if training fails after its first step; an error before that step is thrown as it is
 */
export async function train(
  session: Session,
  { checkpoint, resume, everySteps, spare, observers, collective, hint, err }: TrainOptions,
): Promise<FineTuneResult> {
  const { file, model, options, effort, resolved, lost, losable } = session;
  if (effort && collective && collective.size > 1)
    throw new UsageError(
      "`effort` chooses the options of a run by trials, and several ranks cannot share these.",
      "Write the options into the recipe, or start one process.",
    );
  const attempt = async (more: Partial<FineTuneOptions>, extra: readonly Observer[]): Promise<FineTuneResult> => {
    let steps = 0;
    // The command shows the progress itself, or prints JSON that another line would spoil.
    const own = withFacts(resolved.observers, session).filter(({ name }) => name !== "progress");
    const all = [...own, ...extra, ...observers, { stepEnd: () => void steps++ }];
    try {
      return await interruptible(hint, async (signal) => {
        const added = { ...more, ...(collective ? { collective } : {}), observers: all, signal };
        if (!effort) return fineTune(model, { ...options, ...added });
        const { fineTune: byEffort } = await import("@graftjs/presets");
        const result = await byEffort(model, { ...effort, ...added });
        err(`${result.stages.map(foundLine).join("\n")}\n`);
        return result;
      });
    } catch (error) {
      throw asRunError(error, steps);
    }
  };
  const to = checkpoint ?? (losable || lost ? await spare.path() : undefined);
  if (to === undefined) return attempt({}, lost ? [reportStart(err)] : []);
  const state = { to, resume: resume || lost !== undefined, recipe: resumable(file.recipe), everySteps };
  try {
    return await attempt({ checkpoint: state }, lost ? [reportStart(err)] : []);
  } catch (error) {
    // Data that were computed on the lost device differ in their last bits on another one, so the checkpoint does not match. A
    // person who asked for checkpoints gets the error. Otherwise the run starts again without them.
    if (checkpoint !== undefined || !lost || !(error instanceof RecipeError)) throw error;
    err("Restarting: the data differ from the checkpoint's.\n");
    return attempt({}, []);
  }
}

function foundLine({ stage, recipe, history }: StageResult): string {
  return `${stage}: rate ${String(recipe.learningRate)}, ${history.epoch.length} epoch(s)`;
}

/** Before the first step an error means wrong input. Ctrl-C and a lost device have messages of their own. */
function asRunError(error: unknown, steps: number): unknown {
  if (steps === 0 || error instanceof Interrupted || error instanceof BackendLostError) return error;
  return new RunError(error);
}

/** Says at which step a run starts after the loss of a device. */
function reportStart(err: (text: string) => void): Observer {
  return {
    name: "report-start",
    runStart({ step }) {
      err(
        step > 0 ? `Starting from step ${step}, the last checkpoint.\n` : "Restarting: there was no checkpoint yet.\n",
      );
    },
  };
}
