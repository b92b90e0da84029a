import type { Observer, Param, ParamInfo } from "@graftjs/core";
import { jsonLines, type TextSink, textWriter } from "./sink.ts";

/** Distance that a parameter has moved. */
export interface Drift {
  readonly step: number;
  readonly name: string;
  /** ‖w − w₀‖ / ‖w₀‖ since the start of the run or since it was resumed; infinite if w₀ is 0. */
  readonly drift: number;
  /** ‖w − w′‖ / ‖w′‖ of this step: the effective product of trust ratio and learning rate. */
  readonly update: number;
}

export interface DriftOptions {
  readonly onDrift?: (drifts: readonly Drift[]) => void | Promise<void>;
  /** File or function that gets each `Drift` as one line of JSON. @default none */
  readonly to?: TextSink;
  /** Steps between two measurements. Each reads all trained parameters twice, before and after the step; if it is 1, once. @default 50 */
  readonly everySteps?: number;
}

/** Measures how far each trained parameter moves. This reveals layers that diverge and layers that never change. */
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

/** Converts infinities and NaN to strings, because JSON cannot write them. */
function infinities(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Tells whether a parameter comes with its variable. Those of `fineTune` in the same thread do. */
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
