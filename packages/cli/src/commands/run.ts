import { dirname, resolve } from "node:path";
import { BackendLostError, type Observer, RecipeError } from "@graftjs/core";
import type { FineTuneOptions, FineTuneResult } from "@graftjs/tuner";
import { interruptible } from "../run/interrupt.ts";
import { spareFolder } from "../run/spare-folder.ts";
import { Interrupted, RunError, UsageError } from "../terminal/errors.ts";
import { assertWritable } from "../terminal/files.ts";
import { recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

/** Steps between two checkpoints: what a crash costs at most. */
const EVERY_STEPS = 50;

export const run: Command = {
  usage: "graft run <recipe.json> [--out delta.safetensors] [--checkpoint folder] [--resume] [--json]",
  about:
    "Fine-tunes by a recipe and saves what was trained as one small file.\n" +
    `With --checkpoint the whole state is written every ${EVERY_STEPS} steps; --resume goes on from the newest whole one.\n` +
    "A folder with checkpoints is refused without --resume: they would be mixed with another run's.\n" +
    "Without it, a run on a GPU that has another backend after it in the recipe keeps its state in a temporary folder, in case the\n" +
    "device is lost; the folder goes with the run.\n" +
    "Ctrl-C ends the run after the step in progress, and says how to go on.",
  options: { out: "string", checkpoint: "string", resume: "boolean", json: "boolean" },
  async run(positionals, { out: given, checkpoint: to, resume, json }, io) {
    const path = recipePath("run", positionals);
    if (resume === true && to === undefined) {
      throw new UsageError("--resume needs --checkpoint.", `graft run ${path} --checkpoint folder --resume`);
    }
    const elsewhere = given === undefined ? "" : ` --out ${String(given)}`;
    const wayOn =
      to === undefined
        ? "Nothing was saved: give --checkpoint folder next time."
        : `Go on with: graft run ${path}${elsewhere} --checkpoint ${String(to)} --resume`;
    // Every command would load these, and `graft help` would take a second.
    const { fineTune, formatPlan, planFineTune, progress, saveDelta, writeFileAtomic } = await import("@graftjs/tuner");
    const { withSession } = await import("../run/session.ts");
    const spare = spareFolder();
    try {
      await withSession(path, io, async ({ file, model, options, resolved, lost, losable }) => {
        const { folder, recipe, run: section } = file;
        const target =
          given === undefined ? resolve(folder, section.output ?? "delta.safetensors") : resolve(io.cwd, String(given));
        await assertWritable(dirname(target));
        if (json !== true) io.out(`${formatPlan(await planFineTune(model, options))}\n`);
        const bar = json === true ? [] : [progress({ stream: { write: io.out, isTTY: io.isTty } })];
        const place = to !== undefined ? resolve(io.cwd, String(to)) : losable || lost ? await spare.path() : undefined;
        const goOn = resume === true || lost !== undefined;
        const state =
          place === undefined ? {} : { checkpoint: { to: place, resume: goOn, recipe, everySteps: EVERY_STEPS } };
        const train = (more: Partial<FineTuneOptions>, said: readonly Observer[]): Promise<FineTuneResult> => {
          let steps = 0;
          const observers = [...resolved.observers, ...said, ...bar, { stepEnd: () => void steps++ }];
          return interruptible(wayOn, (signal) => fineTune(model, { ...options, ...more, observers, signal })).catch(
            (error: unknown) => {
              throw underWay(error, steps);
            },
          );
        };
        const result = await train(state, lost ? [saysFromWhere(io.err)] : []).catch((error) => {
          // Data computed on the device are not the same bits on another one. Nobody asked for this checkpoint: go on without.
          if (to !== undefined || !lost || !(error instanceof RecipeError)) throw error;
          io.err("From the beginning: the data are not to the bit those of the last checkpoint.\n");
          return train({}, []);
        });
        const delta = await saveDelta(model, result, { recipe });
        await writeFileAtomic(target, delta);
        result.restore();
        const { history, steps, seconds } = result;
        const summary = { history, steps, seconds, delta: target, bytes: delta.byteLength };
        io.out(
          json === true
            ? `${JSON.stringify(summary)}\n`
            : `Saved ${target} (${(delta.byteLength / 1024).toFixed(1)} kB).\n`,
        );
      });
    } finally {
      await spare.remove();
    }
  },
};

/** Before the first step it is the input that is wrong. Ctrl-C and a lost device say themselves what comes next. */
function underWay(error: unknown, steps: number): unknown {
  if (steps === 0 || error instanceof Interrupted || error instanceof BackendLostError) return error;
  return new RunError(error);
}

/** After a loss: says which step the run goes on from. */
function saysFromWhere(err: (text: string) => void): Observer {
  return {
    name: "from-where",
    runStart({ step }) {
      err(
        step > 0 ? `From step ${step}, the last checkpoint.\n` : "From the beginning: there was no checkpoint yet.\n",
      );
    },
  };
}
