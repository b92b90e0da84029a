import { resolve } from "node:path";
import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import { countOf } from "./arguments.ts";
import type { Command } from "./command.ts";

export const evaluate: Command = {
  usage: "graft eval <model folder, model.json or recipe.json> <folder> [--worst 5] [--reader json] [--json]",
  about:
    "Measures a tuned model on files of known classes: accuracy, figures of each class, confusion matrix, the worst files.\n" +
    "The folder has one subfolder for each class. Use files that were not trained on.\n\n" +
    "--worst   Number of files to list, those whose own class has the lowest probability. 5 if it is not given.\n" +
    "--reader  How files become inputs, for a model that does not say it, as for `graft predict`.\n" +
    `--json    Prints the figures as JSON.\n${trustHelp}`,
  options: { worst: "string", reader: "string", json: "boolean", ...trustFlags },
  async run([given, folder, ...more], values, { out, err, cwd }) {
    if (given === undefined || folder === undefined || more.length > 0)
      throw new UsageError("graft eval takes a model and a folder.", "graft eval tuned pictures");
    const worst = countOf("--worst", values.worst, 5);
    const { withTunedModel } = await import("../predict/with-tuned-model.ts");
    const { readerOf } = await import("../predict/read-inputs.ts");
    const { predictFiles } = await import("../predict/predict-files.ts");
    const { labelledFiles } = await import("../eval/labelled-files.ts");
    const { evaluate: figuresOf } = await import("../eval/evaluation.ts");
    const { formatEvaluation } = await import("../eval/format-evaluation.ts");
    await withTunedModel(given, cwd, trustOf(values, "folder"), async (model) => {
      const reader = await readerOf(model, values.reader as string | undefined, cwd);
      const { classes, files } = await labelledFiles(model, resolve(cwd, folder), reader.extensions);
      const byPath = new Map(files.map((file) => [file.path, file]));
      const { predictions, failed } = await predictFiles(model, reader, [...byPath.keys()], cwd);
      if (predictions.length === 0)
        throw new UsageError(
          "None of the files can be used.",
          failed
            .map(({ reason }) => reason)
            .slice(0, 3)
            .join("\n"),
        );
      const judged = predictions.map(({ path, row }) => {
        const { name = path, label = 0 } = byPath.get(path) ?? {};
        return { file: name, label, row };
      });
      const evaluation = figuresOf(judged, classes, worst);
      for (const { path, reason } of failed)
        err(`Skipped ${printableName(byPath.get(path)?.name ?? path)}: ${reason}\n`);
      out(values.json === true ? `${JSON.stringify(evaluation, null, 2)}\n` : `${formatEvaluation(evaluation)}\n`);
    });
  },
};
