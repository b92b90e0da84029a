import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { RunError, UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import { countOf } from "./arguments.ts";
import type { Command } from "./command.ts";

export const predict: Command = {
  usage:
    "graft predict <model folder, model.json or recipe.json> <file or folder>... [--top 3] [--reader json] [--json]",
  about:
    "Predicts the classes of files with a tuned model.\n" +
    "Files become inputs as they did in training: `graft run` stores how, and the names of the classes, with the model.\n\n" +
    "--top     Number of classes to show, the most probable first. 3 if it is not given.\n" +
    '--reader  How files become inputs, for a model that does not say it: \'{ "use": "image", "with": { "size": [224, 224] } }\'.\n' +
    `--json    Prints one JSON object per file.\n${trustHelp}`,
  options: { top: "string", reader: "string", json: "boolean", ...trustFlags },
  async run([given, ...files], values, { out, cwd }) {
    if (given === undefined || files.length === 0)
      throw new UsageError("graft predict takes a model and files.", "graft predict tuned picture.jpg");
    const top = countOf("--top", values.top, 3);
    const { withTunedModel } = await import("../predict/with-tuned-model.ts");
    const { expand, readerOf, shownPath } = await import("../predict/read-inputs.ts");
    const { predictFiles } = await import("../predict/predict-files.ts");
    const { ranked } = await import("../predict/probabilities.ts");
    await withTunedModel(given, cwd, trustOf(values, "folder"), async (model) => {
      const reader = await readerOf(model, values.reader as string | undefined, cwd);
      const paths = await expand(files, cwd, reader.extensions);
      const { predictions, failed } = await predictFiles(model, reader, paths, cwd);
      const { classes = [] } = model.card;
      const width = Math.max(0, ...predictions.map(({ path }) => shownPath(path, cwd).length));
      for (const { path, row } of predictions) {
        const best = ranked(row, classes).slice(0, top);
        out(values.json === true ? jsonLine(path, best) : `${shownPath(path, cwd).padEnd(width)}  ${textOf(best)}\n`);
      }
      if (failed.length > 0) {
        const lines = failed.map(({ path, reason }) => `${shownPath(path, cwd)}: ${reason}`);
        throw new RunError(
          new UsageError(`${failed.length} of ${paths.length} files cannot be used.`, lines.join("\n")),
        );
      }
    });
  },
};

type Best = readonly { readonly name: string; readonly probability: number }[];

function textOf(best: Best): string {
  return best.map(({ name, probability }) => `${printableName(name)} ${(100 * probability).toFixed(1)} %`).join("   ");
}

function jsonLine(file: string, best: Best): string {
  const probabilities = Object.fromEntries(
    best.map(({ name, probability }) => [name, Number(probability.toPrecision(6))]),
  );
  return `${JSON.stringify({ file, class: best[0]?.name, probabilities })}\n`;
}
