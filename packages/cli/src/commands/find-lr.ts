import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { rateText } from "../plots/curve.ts";
import { svgPlot } from "../plots/svg-plot.ts";
import { terminalPlot } from "../plots/terminal-plot.ts";
import { assertWritable } from "../project/files.ts";
import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Values } from "../terminal/values.ts";
import { recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

export const findLr: Command = {
  usage: "graft find-lr <recipe.json> [--from 1e-6] [--to 10] [--steps 100] [--svg file] [--json]",
  about:
    "Searches for a learning rate: raises it from step to step, and shows the loss at each rate. Saves nothing.\n\n" +
    "Three estimates are shown. `valley` lies in the longest stretch of falling losses, `minimum` is a tenth of the rate with the smallest\n" +
    "loss, and `steep` is the rate at which the loss falls fastest. The suggestion lies between `valley` and `minimum`.\n\n" +
    "--from   Rate of the first step. Without it: 1e-6.\n" +
    "--to     Rate of the last step. Without it: 10. The search ends earlier if the loss diverges.\n" +
    "--steps  Number of steps. Without it: 100.\n" +
    "--svg    Writes the curve to this file.\n" +
    `--json   Prints rates, losses and estimates as JSON.\n${trustHelp}`,
  options: { from: "string", to: "string", steps: "string", svg: "string", json: "boolean", ...trustFlags },
  async run(positionals, values, io) {
    const path = recipePath("find-lr", positionals);
    const range = { ...numberOf(values, "from"), ...numberOf(values, "to"), ...numberOf(values, "steps") };
    const svg = values.svg === undefined ? undefined : resolve(io.cwd, String(values.svg));
    if (svg !== undefined) await assertWritable(dirname(svg));
    // Imported here because these modules take about a second to load and other commands do not need them.
    const { findLearningRate } = await import("@graftjs/tuner");
    const { withSession } = await import("../run/session.ts");
    await withSession(path, io, trustOf(values, "folder"), async ({ model, options }) => {
      const curve = await findLearningRate(model, options, range);
      const { rates, losses, estimates, suggestion } = curve;
      const marks = Object.entries(estimates).map(([name, x]) => ({ x, name, letter: name.slice(0, 1) }));
      const plot = { xs: rates, ys: losses, marks, xTitle: "learning rate", yTitle: "loss (smoothed)" };
      if (svg !== undefined) await writeFile(svg, svgPlot(plot));
      if (values.json === true) return io.out(`${JSON.stringify(curve)}\n`);
      io.out(terminalPlot(plot));
      io.out(`\nSuggestion: "learningRate": ${rateText(suggestion)} (for a schedule: its highest rate)\n`);
    });
  },
};

function numberOf(values: Values, flag: string): Readonly<Record<string, number>> {
  const given = values[flag];
  if (given === undefined) return {};
  const number = Number(given);
  if (String(given).trim() === "" || !Number.isFinite(number))
    throw new UsageError(`--${flag} is ${JSON.stringify(given)}.`, `Give a number, for example --${flag} 0.001.`);
  return { [flag]: number };
}
