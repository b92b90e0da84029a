import { type Random, seeded } from "@graftjs/core";
import type { StoredTensor } from "@graftjs/tuner";
import type { PlannedChange } from "../adapter/adapter-patch.ts";
import type { Change, Method } from "../methods/change.ts";
import { doraChange } from "../methods/dora.ts";
import { ia3Change } from "../methods/ia3.ts";
import { isLowRank, kroneckerSizes, lokrChange } from "../methods/lokr.ts";
import { loraChange } from "../methods/lora.ts";
import { type Target, withOutputs } from "../targets/target.ts";
import { type Fill, matchTensors } from "./fill.ts";
import { addedLayout } from "./layouts.ts";
import { covers } from "./module-names.ts";
import type { PeftConfig } from "./parse-config.ts";
import { assignStored } from "./stored-values.ts";
import { mixesAxes, unsupportedTarget } from "./unsupported-target.ts";

/**
 * Plans the change of one layer from a module's tensors.
 *
 * @param problems receives one line for everything that does not fit
 */
export function planChange(
  config: PeftConfig,
  target: Target,
  module: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  problems: string[],
): PlannedChange {
  const { method, dropout, factor, initialization } = config;
  const unsupported = unsupportedTarget(method, target, initialization);
  if (unsupported) problems.push(unsupported);
  const feedforward = covers(config.feedforwardModules, module);
  const rank = method === "ia3" ? 0 : config.rank(module);
  const stored = tensors.get(target.kind === "embedding" ? "lora_embedding_A" : "lora_A.weight")?.shape[0];
  if (stored !== undefined && stored !== rank)
    problems.push(`\`${module}\` has rank ${stored} in the file, but adapter_config.json says ${rank}.`);
  const mixed = method === "lokr" ? mixesAxes(target, [...tensors.keys()]) : undefined;
  if (mixed) problems.push(mixed);
  const shapes = unsupported ? {} : shapesOf(config, target, stored ?? rank, feedforward);
  const wanted = Object.entries(shapes).map(([role, shape]) => ({
    role,
    layout: addedLayout(target, role, shape, feedforward),
  }));
  const fills = unsupported ? [] : matchTensors(module, target.path, tensors, wanted, problems);
  const scale = method === "ia3" ? 1 : config.scale(module);
  // PEFT drops nothing before an embedding: its input are row numbers.
  const rate = target.kind === "embedding" ? 0 : dropout;
  const settings = { rank, scale, dropout: rate, initialization, factor };
  const make: Method = (of) => {
    if (method === "ia3") return ia3Change(of, feedforward);
    const random: Random = seeded(0, "peft", of.name);
    return { lora: loraChange, dora: doraChange, lokr: lokrChange }[method](of, settings, random);
  };
  return { target, make: (of) => filled(make(of), fills) };
}

/** Returns the shapes of the parameters that a method adds, in tfjs's layout. */
function shapesOf(
  { method, factor }: PeftConfig,
  target: Target,
  rank: number,
  feedforward: boolean,
): Readonly<Record<string, readonly number[]>> {
  const { outputs, weight } = target;
  if (method === "ia3") return { ia3_l: [feedforward ? (weight.shape.at(-2) as number) : outputs] };
  if (method === "lokr") {
    const {
      inputs: [m, n],
      outputs: [l, k],
      positions,
    } = kroneckerSizes(target, factor);
    return isLowRank(rank, n, k)
      ? { lokr_w1: [m, l], lokr_w2_a: [rank, k], lokr_w2_b: [...positions, n, rank] }
      : { lokr_w1: [m, l], lokr_w2: [...positions, n, k] };
  }
  const pair = { lora_a: withOutputs(target, rank), lora_b: [rank, outputs] };
  return method === "dora" ? { ...pair, lora_magnitude: [outputs] } : pair;
}

function filled(change: Change, fills: readonly Fill[]): Change {
  for (const { role, variable } of change.params) {
    const fill = fills.find((one) => one.role === role);
    if (fill) assignStored(variable, fill.stored, fill.layout);
  }
  return change;
}
