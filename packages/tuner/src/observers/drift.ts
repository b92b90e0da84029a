import type { Observer, Param, ParamInfo } from "@graftjs/core";
import { jsonLines, type TextSink, textWriter } from "./sink.ts";

/** How far a parameter has gone. */
export interface Drift {
  readonly step: number;
  readonly name: string;
  /** ‖w − w₀‖ / ‖w₀‖ since the start of the run, or since it was resumed; infinite where w₀ is 0. */
  readonly drift: number;
  /** ‖w − w′‖ / ‖w′‖ of this one step: the trust ratio times the rate, as the update really had it. */
  readonly update: number;
}

export interface DriftOptions {
  readonly onDrift?: (drifts: readonly Drift[]) => void | Promise<void>;
  /** Where each `Drift` is written as one line of JSON. @default nowhere */
  readonly to?: TextSink;
  /** Steps between two looks. Each reads all trained parameters twice, before the step and after; once where it is 1. @default 50 */
  readonly everySteps?: number;
}

/** Watches how far each trained parameter moves: a layer that runs away, or never moves, shows here first. */
export function drift({ onDrift, to = () => {}, everySteps = 50 }: DriftOptions): Observer {
  const { goOn, write } = textWriter(to);
  let params: readonly Param[] = [];
  let first: readonly Float32Array[] = [];
  let last: readonly Float32Array[] = [];
  const look = (): Promise<Float32Array[]> =>
    Promise.all(params.map(async ({ variable }) => ((await variable.data()) as Float32Array).slice()));
  return {
    name: "drift",
    async runStart(run) {
      params = run.params.filter(hasVariable);
      if (run.step > 0) await goOn((former) => jsonLines(former, ({ step }) => Number(step) <= run.step));
      first = await look();
      last = first;
    },
    async stepEnd({ step }) {
      const due = step % everySteps === 0;
      if (!due && (step + 1) % everySteps !== 0) return;
      const now = await look();
      if (!due) {
        last = now;
        return;
      }
      const drifts = params.map(({ name }, i) => ({
        step,
        name,
        drift: ratio(now[i] as Float32Array, first[i] as Float32Array),
        update: ratio(now[i] as Float32Array, last[i] as Float32Array),
      }));
      last = now;
      await onDrift?.(drifts);
      await write(drifts.map((line) => `${JSON.stringify(line, infinities)}\n`).join(""));
    },
  };
}

/** JSON has none. */
function infinities(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** `fineTune` hands out parameters with their variables. */
export function hasVariable(param: ParamInfo): param is Param {
  return "variable" in param;
}

function ratio(now: Float32Array, then: Float32Array): number {
  let [moved, size] = [0, 0];
  now.forEach((value, i) => {
    const before = then[i] as number;
    moved += (value - before) ** 2;
    size += before ** 2;
  });
  return moved === 0 ? 0 : Math.sqrt(moved / size);
}
