import { definePlugin, type Plugin } from "@graftjs/core";
import { aGem, aGemOptions } from "./a-gem.ts";
import { alignedMtl, alignedMtlOptions } from "./aligned-mtl.ts";
import { cagrad, cagradOptions } from "./cagrad.ts";
import { conFig, conFigOptions } from "./con-fig.ts";
import { dualProj, dualProjOptions } from "./dual-proj.ts";
import { gem, gemOptions } from "./gem.ts";
import { graddrop, graddropOptions } from "./graddrop.ts";
import { gradvac, gradvacOptions } from "./gradvac.ts";
import { imtlG, imtlGOptions } from "./imtl-g.ts";
import { meanGradient, meanGradientOptions } from "./mean-gradient.ts";
import { mgda, mgdaOptions } from "./mgda.ts";
import { nashMtl, nashMtlOptions } from "./nash-mtl.ts";
import { pcgrad, pcgradOptions } from "./pcgrad.ts";
import { upgrad, upgradOptions } from "./upgrad.ts";

const kind = "combiner";

/** The combiners, which merge the gradients of several tasks. */
export const multiTaskPlugins: readonly Plugin[] = [
  definePlugin({
    kind,
    name: "mean",
    description: "The mean of the gradients",
    options: meanGradientOptions,
    create: meanGradient,
  }),
  definePlugin({
    kind,
    name: "pcgrad",
    description: "Projects the conflicts between tasks away",
    options: pcgradOptions,
    create: pcgrad,
  }),
  definePlugin({
    kind,
    name: "gradvac",
    description: "Brings the gradients to the cosine that they usually have",
    options: gradvacOptions,
    create: gradvac,
  }),
  definePlugin({
    kind,
    name: "mgda",
    description: "The shortest vector in the convex hull of the gradients",
    options: mgdaOptions,
    create: mgda,
  }),
  definePlugin({
    kind,
    name: "cagrad",
    description: "Helps the worst task most, close to the mean",
    options: cagradOptions,
    create: cagrad,
  }),
  definePlugin({
    kind,
    name: "imtl-g",
    description: "Equal projections on the directions of all tasks",
    options: imtlGOptions,
    create: imtlG,
  }),
  definePlugin({
    kind,
    name: "aligned-mtl",
    description: "Makes the gradients orthogonal and equally large, then takes the mean",
    options: alignedMtlOptions,
    create: alignedMtl,
  }),
  definePlugin({
    kind,
    name: "upgrad",
    description: "The mean of the projections that make no task worse",
    options: upgradOptions,
    create: upgrad,
  }),
  definePlugin({
    kind,
    name: "dual-proj",
    description: "The direction closest to the mean that makes no task worse",
    options: dualProjOptions,
    create: dualProj,
  }),
  definePlugin({
    kind,
    name: "con-fig",
    description: "Equal positive cosines to the gradients of all tasks",
    options: conFigOptions,
    create: conFig,
  }),
  definePlugin({
    kind,
    name: "nash-mtl",
    description: "The Nash bargaining solution, for gradients of any size",
    options: nashMtlOptions,
    create: nashMtl,
  }),
  definePlugin({
    kind,
    name: "graddrop",
    description: "Keeps one sign of each element, by chance and by the agreement of the tasks",
    options: graddropOptions,
    create: graddrop,
  }),
  definePlugin({
    kind,
    name: "a-gem",
    description: "Learns a new task without raising the loss on remembered examples",
    options: aGemOptions,
    create: aGem,
  }),
  definePlugin({
    kind,
    name: "gem",
    description: "The same as a-gem for several old tasks",
    options: gemOptions,
    create: gem,
  }),
];
