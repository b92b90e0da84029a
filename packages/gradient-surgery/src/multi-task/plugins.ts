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

/** Rules that merge the gradients of several tasks. */
export const multiTaskPlugins: readonly Plugin[] = [
  definePlugin({
    kind,
    name: "mean",
    description: "The mean of the tasks",
    options: meanGradientOptions,
    create: meanGradient,
  }),
  definePlugin({
    kind,
    name: "pcgrad",
    description: "Projects away what conflicts between tasks",
    options: pcgradOptions,
    create: pcgrad,
  }),
  definePlugin({
    kind,
    name: "gradvac",
    description: "Brings tasks to the cosine they usually have",
    options: gradvacOptions,
    create: gradvac,
  }),
  definePlugin({
    kind,
    name: "mgda",
    description: "The shortest vector between the tasks' gradients",
    options: mgdaOptions,
    create: mgda,
  }),
  definePlugin({
    kind,
    name: "cagrad",
    description: "Near the mean, what helps the worst-off task most",
    options: cagradOptions,
    create: cagrad,
  }),
  definePlugin({
    kind,
    name: "imtl-g",
    description: "Equal projections on every task's direction",
    options: imtlGOptions,
    create: imtlG,
  }),
  definePlugin({
    kind,
    name: "aligned-mtl",
    description: "Makes the gradients orthogonal and of equal size, then takes the mean",
    options: alignedMtlOptions,
    create: alignedMtl,
  }),
  definePlugin({
    kind,
    name: "upgrad",
    description: "The mean of the tasks' projections on what hurts none",
    options: upgradOptions,
    create: upgrad,
  }),
  definePlugin({
    kind,
    name: "dual-proj",
    description: "The projection of the mean on what hurts no task",
    options: dualProjOptions,
    create: dualProj,
  }),
  definePlugin({
    kind,
    name: "con-fig",
    description: "Equal positive cosines to every task",
    options: conFigOptions,
    create: conFig,
  }),
  definePlugin({
    kind,
    name: "nash-mtl",
    description: "The bargaining solution, whatever the sizes of the gradients",
    options: nashMtlOptions,
    create: nashMtl,
  }),
  definePlugin({
    kind,
    name: "graddrop",
    description: "Keeps one sign of each element, drawn by how the tasks agree",
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
    description: "As a-gem, for each of several old tasks",
    options: gemOptions,
    create: gem,
  }),
];
