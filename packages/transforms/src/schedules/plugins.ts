import { definePlugin, type Plugin } from "@graftjs/core";
import { constant, constantOptions } from "./constant.ts";
import { cosine, cosineOptions } from "./cosine.ts";
import { exponential, exponentialOptions } from "./exponential.ts";
import { linear, linearOptions } from "./linear.ts";
import { oneCycle, oneCycleOptions } from "./one-cycle.ts";
import { piecewise, piecewiseOptions } from "./piecewise.ts";
import { polynomial, polynomialOptions } from "./polynomial.ts";
import { stepDecay, stepDecayOptions } from "./step-decay.ts";
import { warmup, warmupOptions } from "./warmup.ts";
import { warmupCosine, warmupCosineOptions } from "./warmup-cosine.ts";

const kind = "schedule";

/** The schedules by their names in recipes. */
export const schedulePlugins: readonly Plugin[] = [
  definePlugin({ kind, name: "constant", description: "One rate", options: constantOptions, create: constant }),
  definePlugin({ kind, name: "linear", description: "A straight line", options: linearOptions, create: linear }),
  definePlugin({
    kind,
    name: "polynomial",
    description: "A power of what is left of the way",
    options: polynomialOptions,
    create: polynomial,
  }),
  definePlugin({ kind, name: "cosine", description: "Half a cosine down", options: cosineOptions, create: cosine }),
  definePlugin({
    kind,
    name: "one-cycle",
    description: "Half a cosine up, half a cosine down to almost nothing",
    options: oneCycleOptions,
    create: oneCycle,
  }),
  definePlugin({
    kind,
    name: "exponential",
    description: "A factor at every step",
    options: exponentialOptions,
    create: exponential,
  }),
  definePlugin({
    kind,
    name: "step-decay",
    description: "Multiplies the rate by a factor every N steps",
    options: stepDecayOptions,
    create: stepDecay,
  }),
  definePlugin({
    kind,
    name: "piecewise",
    description: "Factors at given steps",
    options: piecewiseOptions,
    create: piecewise,
  }),
  definePlugin({
    kind,
    name: "warmup",
    description: "Linear rise, then another schedule",
    options: warmupOptions,
    create: warmup,
  }),
  definePlugin({
    kind,
    name: "warmup-cosine",
    description: "Linear rise, then half a cosine down",
    options: warmupCosineOptions,
    create: warmupCosine,
  }),
];
