import { dirname, join, relative, resolve } from "node:path";
import type { Answers } from "../add-class/extend-tuned.ts";
import { realPath, trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import type { Session } from "../run/session.ts";
import { temporaryFolder } from "../run/temporary-folder.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import { recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

/** Number of steps between two states of the run, which it continues from if a GPU is lost. */
const EVERY_STEPS = 50;

export const addClass: Command = {
  usage: "graft add-class <recipe.json> --out <new folder> [--from <model>] [--untrained]",
  about:
    "Adds classes, or more examples, to a model that `graft run` has tuned, and trains it further.\n" +
    "First put the examples into the folder or table of the recipe's data: a new subfolder is a new class. Keep the old examples.\n\n" +
    "The old classes keep their outputs bit for bit at the start. A new class starts from the mean features of its examples.\n" +
    "The recipe then trains on all examples, so that the old classes are not forgotten.\n\n" +
    "--out        Folder of the extended model.\n" +
    "--from       The tuned model. Without it, the result of the recipe's last run.\n" +
    `--untrained  Saves the model as it starts, without training.\n${trustHelp}`,
  options: { out: "string", from: "string", untrained: "boolean", ...trustFlags },
  async run(positionals, values, io) {
    const path = recipePath("add-class", positionals);
    if (values.out === undefined)
      throw new UsageError("graft add-class needs --out.", `graft add-class ${path} --out tuned-2`);
    const out = resolve(io.cwd, String(values.out));
    const from = String(values.from ?? path);
    // Imported here because these modules take about a second to load and other commands do not need them.
    const { formatPlan, planFineTune, progress, saveModel } = await import("@graftjs/tuner");
    const { extendTuned } = await import("../add-class/extend-tuned.ts");
    const { readRecipe } = await import("../recipe/recipe-file.ts");
    const { assertModelReplaceable, assertPlaces } = await import("../run/assert-places.ts");
    const { modelLine } = await import("../run/save-tuned-model.ts");
    const { withSession } = await import("../run/session.ts");
    const { train } = await import("../run/train.ts");
    const { assertWritable } = await import("../project/files.ts");
    const { withDownloads } = await import("../run/with-downloads.ts");
    const file = await withDownloads(await readRecipe(path, io.cwd, trustOf(values, "folder")), io.err);
    const place = { delta: join(out, "delta.safetensors"), model: out };
    await assertPlaces(file, place, undefined);
    await assertModelReplaceable(out);
    await assertNotSource(out, values.from === undefined ? undefined : resolve(io.cwd, from), file);
    await assertWritable(out);
    const start = temporaryFolder();
    const spare = temporaryFolder();
    try {
      const folder = values.untrained === true ? out : await start.path();
      if (folder === undefined)
        throw new UsageError("The folder for temporary files cannot be written.", "Set TMPDIR to a folder that can.");
      const { added, answers, card, examples } = await extendTuned(file, from, folder, io.cwd);
      io.out(
        `${added.length === 0 ? "No new class: more examples of the same ones" : `New: ${added.map(printableName).join(", ")}`}\n`,
      );
      if (answers) io.out(`${answersLine(answers)}\n`);
      if (values.untrained === true) {
        io.out(modelLine(place, io.cwd));
        return;
      }
      const further = async (session: Session): Promise<void> => {
        for (const note of session.notes) io.out(`${note}\n`);
        io.out(`${formatPlan(await planFineTune(session.model, session.options))}\n`);
        const result = await train(session, {
          ...{ checkpoint: undefined, resume: false, everySteps: EVERY_STEPS, spare },
          observers: [progress({ stream: { write: io.draw ?? io.out, isTTY: io.isTty } })],
          hint: "Nothing was saved.",
          err: io.err,
        });
        result.mergeAndUnload();
        if (session.savable) await saveModel(session.savable, out, { card });
        io.out(modelLine(place, io.cwd));
      };
      await withSession(extendedRecipe(file, folder), io, file.trust, further, examples);
    } finally {
      await Promise.all([start.remove(), spare.remove()]);
    }
  },
};

/** The recipe with the extended model in the place of its base model. The head is the model's own. */
function extendedRecipe({ run: { head: _head, ...run }, recipe, ...file }: RecipeFile, folder: string): RecipeFile {
  const extended = { ...run, model: join(folder, "model.json") };
  return { ...file, run: extended, recipe: { ...recipe, run: extended } };
}

async function assertNotSource(out: string, from: string | undefined, { folder, run }: RecipeFile): Promise<void> {
  const { resultPlace } = await import("../run/result-place.ts");
  const source = from ?? resultPlace(resolve(folder, run.output)).model;
  if (source === undefined || ![source, dirname(source)].some((path) => realPath(path) === realPath(out))) return;
  throw new UsageError(
    `--out is the folder of the model that is extended: ${relative(folder, out) || out}.`,
    "Give the extended model a folder of its own, for example --out tuned-2.",
  );
}

function answersLine({ nearestMean, head, examples, validated }: Answers): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return (
    `Before training, of ${examples} ${validated ? "validation" : "training"} examples: ` +
    `the nearest class mean is right for ${percent(nearestMean)}, the extended head for ${percent(head)}.`
  );
}
