import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { cpuBackend, openBackend } from "@graftjs/backend";
import { webglBackend } from "@graftjs/backend-webgl";
import * as tf from "@tensorflow/tfjs-core";
import { compareEquivalences } from "../../../tools/browser/suite/equivalences.ts";
import { compareLayers } from "../../../tools/browser/suite/layers.ts";
import { type Crash, crashing, type LossRow, loseAtMoments } from "../../../tools/browser/suite/loss.ts";
import { changingBatchSizes, type PoolReport } from "../../../tools/browser/suite/memory.ts";
import { compareOps } from "../../../tools/browser/suite/ops.ts";
import { compareRules } from "../../../tools/browser/suite/rules.ts";
import { type MovedStatistics, movedStatistics } from "../../../tools/browser/suite/statistics.ts";
import { compareTraining } from "../../../tools/browser/suite/training.ts";
import { countDispatches, pairs } from "../bench/updates.ts";
import { webgpuBackend } from "../src/index.ts";
import type { WebGPUSession } from "../src/session.ts";
import { victim } from "./victim.ts";

let session: WebGPUSession;

export async function open(): Promise<unknown> {
  session = await webgpuBackend({ allowSoftware: true }).init();
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  return { ...session.capabilities, backend: tf.getBackend() };
}
export const ops = (): ReturnType<typeof compareOps> => compareOps("webgpu");
export const training = (steps: number): ReturnType<typeof compareTraining> => compareTraining("webgpu", steps);
export const equivalences = compareEquivalences;
export const layers = (every: unknown): ReturnType<typeof compareLayers> => compareLayers("webgpu", every as number);
export const pools = (): Promise<PoolReport> => changingBatchSizes(session);
export const statistics = (steps: unknown): Promise<MovedStatistics> => movedStatistics(steps as number);
export const rules = (): ReturnType<typeof compareRules> => compareRules("webgpu");
/** Counts dispatches of one update, with stock and with Graft, for each rule. */
export function dispatches(): readonly { readonly name: string; readonly many: number; readonly few: number }[] {
  return pairs.map(({ name, stock, graft }) => {
    const [theirs, ours] = [stock(), graft()];
    for (const { step } of [theirs, ours]) step();
    const [many, few] = [countDispatches(theirs.step), countDispatches(ours.step)];
    theirs.dispose();
    ours.dispose();
    return { name, many, few };
  });
}
export const errors = (): readonly string[] => session.errors;
export const close = (): Promise<void> => session.dispose();
export const probe = (): Promise<unknown> => webgpuBackend({ allowSoftware: true }).availability();
export const lose = (moments: unknown): Promise<readonly LossRow[]> =>
  loseAtMoments(victim(webgpuBackend({ allowSoftware: true })), moments as number);
let crashed: Crash;
export const crash = (): Crash["done"] => {
  crashed = crashing(webgpuBackend({ allowSoftware: true }));
  return crashed.done;
};
export const crashWaiting = (): boolean => crashed.waiting();
export const crashGoOn = (): void => crashed.goOn();
export { watchWorker } from "../../../tools/browser/suite/worker.ts";

/** Opens the first of the named backends that can train. */
export async function choose(names: unknown): Promise<{ readonly chosen: string } | { readonly problem: string }> {
  const all = { webgpu: webgpuBackend({ allowSoftware: true }), webgl: webglBackend(), cpu: cpuBackend() };
  try {
    const opened = await openBackend((names as (keyof typeof all)[]).map((name) => all[name]));
    await opened.dispose();
    return { chosen: opened.name };
  } catch (cause) {
    return { problem: (cause as Error).message };
  }
}
