import { basename, dirname, join, resolve } from "node:path";
import type { FineTuneResult } from "@graftjs/tuner";
import { assertWritable } from "../project/files.ts";
import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { assertPlaces } from "../run/assert-places.ts";
import { uninterrupted } from "../run/interruptible.ts";
import type { LiveReport } from "../run/live-report.ts";
import { temporaryFolder } from "../run/temporary-folder.ts";
import { withoutRepeats } from "../run/without-repeats.ts";
import { createRunFolder, writeResult } from "../runs/run-folder.ts";
import { UsageError } from "../terminal/errors.ts";
import { recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

/** Number of steps between two checkpoints. A crash costs at most these steps. */
const EVERY_STEPS = 50;

export const run: Command = {
  usage:
    "graft run <recipe.json> [--out folder or file] [--runs folder] [--checkpoint folder] [--resume] [--open] [--json]",
  about:
    "Fine-tunes a model as a recipe says, and saves the trained tensors as one small file, the delta.\n\n" +
    "--out         Path of the delta. A path without an ending is a folder: it gets the whole tuned model, too, for `graft predict`.\n" +
    "              Without --out: `output` of the recipe's `run`, or delta.safetensors beside the recipe.\n" +
    "--runs        Makes a folder for this run in the given one, for its delta, its figures and its recipe.\n" +
    "              `graft compare` shows such runs as a table.\n" +
    `--checkpoint  Folder in which the state of the run is saved every ${EVERY_STEPS} steps. It must not hold the checkpoints\n` +
    "              of another run.\n" +
    "--resume      Continues from the newest complete checkpoint in that folder. `epochs` may be larger than before.\n" +
    "--open        Shows the report in the browser during the run. Only this computer can reach it, until the run ends.\n" +
    `--json        Prints a line of JSON for each step and epoch, and the result as the last line.\n${trustHelp}\n\n` +
    "Ctrl-C, SIGTERM and SIGHUP end the run after the current step, and print how to continue. If the result cannot be\n" +
    "written, it is saved in another folder. `mpirun -n 4 graft run recipe.json` trains on four processes (@graftjs/mpi). If a GPU is lost, the run continues on the recipe's next backend. Without --checkpoint it keeps the state for that in a temporary folder, deleted at the end.",
  options: {
    out: "string",
    runs: "string",
    checkpoint: "string",
    resume: "boolean",
    open: "boolean",
    json: "boolean",
    ...trustFlags,
  },
  async run(positionals, values, terminal) {
    const { out, runs, checkpoint, resume, json } = values;
    const path = recipePath("run", positionals);
    if (runs !== undefined && out !== undefined)
      throw new UsageError("--runs and --out both set the path of the delta.", "Give one of them.");
    if (resume === true && checkpoint === undefined) {
      throw new UsageError("--resume needs --checkpoint.", `graft run ${path} --checkpoint folder --resume`);
    }
    const outFlag = out === undefined ? "" : ` --out ${String(out)}`;
    const hint =
      checkpoint === undefined
        ? "Nothing was saved. To be able to continue, run with --checkpoint folder."
        : `Continue with: graft run ${path}${outFlag} --checkpoint ${String(checkpoint)} --resume`;
    // Imported here because these modules take about a second to load and other commands do not need them.
    const { formatPlan, jsonl, planFineTune, progress, saveDelta } = await import("@graftjs/tuner");
    const { withSession } = await import("../run/session.ts");
    const { train } = await import("../run/train.ts");
    const { liveReport, openBrowser } = await import("../run/live-report.ts");
    const { reportFacts } = await import("../run/report.ts");
    const { ioOfRank, ranksOfRun } = await import("../run/ranks.ts");
    const { saveResult } = await import("../run/save-result.ts");
    const { assertSavable, modelLine, saveWhole } = await import("../run/save-tuned-model.ts");
    const { resultPlace } = await import("../run/result-place.ts");
    const collective = await ranksOfRun(terminal.cwd);
    const io = ioOfRank(terminal, collective);
    const first = collective === undefined || collective.rank === 0;
    const spare = temporaryFolder();
    let own: string | undefined;
    let live: LiveReport | undefined;
    try {
      await withSession(path, io, trustOf(values, "folder"), async (session) => {
        const { file, model, options, card, notes } = session;
        const all = runs === undefined ? undefined : resolve(io.cwd, String(runs));
        if (all !== undefined) await assertWritable(all);
        if (all !== undefined && first) own ??= await createRunFolder(all, file.path);
        const place = resultPlace(
          own !== undefined
            ? join(own, basename(file.run.output))
            : out === undefined
              ? resolve(file.folder, file.run.output)
              : resolve(io.cwd, String(out)),
        );
        assertSavable(session, place);
        const state = checkpoint === undefined ? undefined : resolve(io.cwd, String(checkpoint));
        await assertPlaces(file, place, state);
        await assertWritable(dirname(place.delta));
        if (json !== true) for (const note of notes) io.out(`${note}\n`);
        if (values.open === true && first) {
          live ??= await liveReport(reportFacts(session));
          io.err(`The report is at ${live.address} until the run ends.\n`);
          if (io.isTty) openBrowser(live.address);
        }
        const plan = json !== true && first ? await planFineTune(model, options) : undefined;
        if (plan) io.out(`${formatPlan(plan)}\n`);
        const training = (): Promise<FineTuneResult> =>
          train(session, {
            checkpoint: state,
            resume: resume === true,
            everySteps: EVERY_STEPS,
            spare,
            observers: [
              ...(live ? [live.observer] : []),
              json === true
                ? jsonl({ to: io.out })
                : progress({ stream: { write: io.draw ?? io.out, isTTY: io.isTty } }),
            ],
            hint,
            err: io.err,
            collective,
          });
        const result = await withoutRepeats(plan?.warnings ?? [], training);
        if (!first) {
          result.restore();
          return;
        }
        const delta = await uninterrupted(async () => {
          const bytes = await saveDelta(model, result, { recipe: file.recipe, card });
          await saveResult(place.delta, bytes);
          if (place.model === undefined) result.restore();
          else {
            result.mergeAndUnload();
            await saveWhole(session, { ...place, model: place.model });
          }
          return bytes;
        });
        const { history, steps, seconds, stopped, warnings } = result;
        if (own !== undefined) {
          await writeResult(own, { history, steps, seconds, stopped, warnings, recipe: file.recipe });
        }
        io.out(
          json === true
            ? `${JSON.stringify({ event: "result", history, steps, seconds, ...place, bytes: delta.byteLength })}\n`
            : `Saved ${place.delta} (${(delta.byteLength / 1024).toFixed(1)} kB).\n${modelLine(place, io.cwd)}`,
        );
      });
    } finally {
      live?.close();
      await spare.remove();
    }
  },
};
