import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { RunError, UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import { countOf } from "./arguments.ts";
import type { Prediction } from "../predict/predict-files.ts";
import type { Command } from "./command.ts";

export const predict: Command = {
  usage:
    "graft predict <model folder, model.json or recipe.json> <file or folder>... [--top 3] [--reader json] [--json]",
  about:
    "Predicts the classes of files, or of each row of a table, with a tuned model.\n" +
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
    const { ranked } = await import("../outputs/probabilities.ts");
    await withTunedModel(given, cwd, trustOf(values, "folder"), async (model) => {
      const reader = await readerOf(model, values.reader as string | undefined, cwd);
      const paths = await expand(files, cwd, reader.extensions);
      const { predictions, failed } = await predictFiles(model, reader, paths, cwd);
      const { classes = [] } = model.card;
      const nameOf = ({ path, position }: Prediction): string =>
        position === undefined ? shownPath(path, cwd) : `${shownPath(path, cwd)}:${position}`;
      const width = Math.max(0, ...predictions.map((prediction) => nameOf(prediction).length));
      for (const prediction of predictions) {
        const line =
          prediction.row.length === 1
            ? numberLine(prediction.row[0] as number)
            : classLine(ranked(prediction.row, classes).slice(0, top));
        const { path: file, position } = prediction;
        out(
          values.json === true
            ? `${JSON.stringify({ file, ...(position === undefined ? {} : { row: position }), ...line.json })}\n`
            : `${nameOf(prediction).padEnd(width)}  ${line.text}\n`,
        );
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

/** A prediction, for people and as properties of a JSON object. */
interface Line {
  readonly text: string;
  readonly json: object;
}

function numberLine(value: number): Line {
  return { text: String(rounded(value)), json: { value: rounded(value) } };
}

function classLine(best: readonly { readonly name: string; readonly probability: number }[]): Line {
  return {
    text: best.map(({ name, probability }) => `${printableName(name)} ${(100 * probability).toFixed(1)} %`).join("   "),
    json: {
      class: best[0]?.name,
      probabilities: Object.fromEntries(best.map(({ name, probability }) => [name, rounded(probability)])),
    },
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
