import { definePlugin, type OptionsSchema, optionsSchema, type Plugin } from "@graftjs/core";
import { earlyStopping, earlyStoppingOptions } from "./callbacks/early-stopping.ts";
import { emaWeights, emaWeightsOptions } from "./callbacks/ema-weights.ts";
import { reduceOnPlateau, reduceOnPlateauOptions } from "./callbacks/reduce-on-plateau.ts";
import { lossPlugins } from "./losses/plugins.ts";
import { metricPlugins } from "./metrics/plugins.ts";
import { modelFormats } from "./models/formats/plugins.ts";
import { gradientNoise, gradientNoiseOptions } from "./noise/gradient-noise.ts";
import { csv } from "./observers/csv.ts";
import { drift } from "./observers/drift.ts";
import { type HtmlReportOptions, htmlReport } from "./observers/html-report/html-report.ts";
import { jsonl } from "./observers/jsonl.ts";
import { progress } from "./observers/progress.ts";
import { tensorBoard } from "./observers/tensorboard/tensorboard.ts";
import { augmentationPlugins } from "./pipeline/views/plugins.ts";

const toFile: OptionsSchema<{ to: string }> = optionsSchema<{ to: string }>(
  { to: { type: "string", description: "File or folder that is written" } },
  ["to"],
);

const driftToFile: OptionsSchema<{ to: string; everySteps?: number }, "everySteps"> = optionsSchema<
  {
    to: string;
    everySteps?: number;
  },
  "everySteps"
>(
  {
    to: { type: "string", description: "File that is written" },
    everySteps: { type: "integer", minimum: 1, default: 50, description: "Steps between two looks" },
  },
  ["to"],
);

type ReportToFile = Omit<HtmlReportOptions, "pictures"> & { to: string };
type ReportDefaults = "title" | "classes" | "details" | "everyEpoch";

const reportToFile: OptionsSchema<ReportToFile, ReportDefaults> = optionsSchema<ReportToFile, ReportDefaults>(
  {
    to: { type: "string", description: "File that is written" },
    title: { type: "string", default: "Fine-tuning", description: "Title of the page" },
    classes: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Names of the classes in the confusion matrix, in order",
    },
    details: {
      type: "object",
      additionalProperties: { type: "string" },
      default: {},
      description: "Facts to show by label, for example the model and the data",
    },
    everyEpoch: { type: "boolean", default: false, description: "Whether the page is also made after each epoch" },
  },
  ["to"],
);

/**
 * The plugins of this package, for recipes: observers, callbacks, model formats, gradient noise, augmentations, losses and metrics, such as
 * `"observers": ["progress", { "use": "jsonl", "with": { "to": "run.jsonl" } }]`.
 */
export const plugins: readonly Plugin[] = [
  ...augmentationPlugins,
  ...lossPlugins,
  ...metricPlugins,
  definePlugin({
    kind: "observer",
    name: "progress",
    description: "Bar with time left, examples per second, rate and loss; plain lines without a terminal",
    create: () => progress(),
  }),
  definePlugin({
    kind: "observer",
    name: "jsonl",
    description: "One JSON object a line: steps, epochs, start and end",
    options: toFile,
    create: ({ to }) => jsonl({ to }),
  }),
  definePlugin({
    kind: "observer",
    name: "csv",
    description: "One row an epoch",
    options: toFile,
    create: ({ to }) => csv({ to }),
  }),
  definePlugin({
    kind: "observer",
    name: "tensorboard",
    description: "Event files that TensorBoard reads: scalars and histograms",
    options: toFile,
    create: ({ to }) => tensorBoard({ to }),
  }),
  definePlugin({
    kind: "observer",
    name: "html-report",
    description: "One self-contained page with curves when the run ends",
    options: reportToFile,
    create: htmlReport,
  }),
  definePlugin({
    kind: "observer",
    name: "drift",
    description: "How far each parameter has gone, and the ratio of its last update, one JSON object a line",
    options: driftToFile,
    create: ({ to, everySteps = 50 }) => drift({ to, everySteps }),
  }),
  definePlugin({
    kind: "callback",
    name: "early-stopping",
    description: "Ends a run that no longer improves, and restores the weights of the best epoch",
    options: earlyStoppingOptions,
    create: earlyStopping,
  }),
  definePlugin({
    kind: "callback",
    name: "reduce-on-plateau",
    description: "Lowers the learning rate when a run no longer improves",
    options: reduceOnPlateauOptions,
    create: reduceOnPlateau,
  }),
  definePlugin({
    kind: "callback",
    name: "ema-weights",
    description: "Moving average of the trained weights, used for validation and kept at the end",
    options: emaWeightsOptions,
    create: emaWeights,
  }),
  definePlugin({
    kind: "hook",
    name: "gradient-noise",
    description: "Normal noise of falling variance on the gradients",
    options: gradientNoiseOptions,
    create: gradientNoise,
  }),
  ...modelFormats,
];
