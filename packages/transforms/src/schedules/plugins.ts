import { definePlugin, type Plugin } from "@graftjs/core";
import { constant, constantOptions } from "./constant.ts";
import { cosine, cosineOptions } from "./cosine.ts";
import { exponential, exponentialOptions } from "./exponential.ts";
import { linear, linearOptions } from "./linear.ts";
import { oneCycle, oneCycleOptions } from "./one-cycle.ts";
import { piecewise, piecewiseOptions } from "./piecewise.ts";
import { polynomial, polynomialOptions } from "./polynomial.ts";
import { sequence, sequenceOptions } from "./sequence.ts";
import { stepDecay, stepDecayOptions } from "./step-decay.ts";
import { warmup, warmupOptions } from "./warmup.ts";
import { warmupCosine, warmupCosineOptions } from "./warmup-cosine.ts";

const kind = "schedule";

/** The schedules as plugins, by their names in recipes. */
export const schedulePlugins: readonly Plugin[] = [
  definePlugin({ kind, name: "constant", description: "Constant rate", options: constantOptions, create: constant }),
  definePlugin({ kind, name: "linear", description: "Linear change", options: linearOptions, create: linear }),
  definePlugin({
    kind,
    name: "polynomial",
    description: "Polynomial decay",
    options: polynomialOptions,
    create: polynomial,
  }),
  definePlugin({ kind, name: "cosine", description: "Cosine decay", options: cosineOptions, create: cosine }),
  definePlugin({
    kind,
    name: "one-cycle",
    description: "Cosine rise, then cosine decay to almost 0",
    options: oneCycleOptions,
    create: oneCycle,
  }),
  definePlugin({
    kind,
    name: "exponential",
    description: "Multiplies the rate by a factor per step",
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
    name: "sequence",
    description: "Schedules one after the other",
    options: sequenceOptions,
    create: sequence,
  }),
  definePlugin({
    kind,
    name: "warmup-cosine",
    description: "Linear rise, then half a cosine down",
    options: warmupCosineOptions,
    create: warmupCosine,
  }),
];
