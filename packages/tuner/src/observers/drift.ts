import type { Observer, Param, ParamInfo } from "@graftjs/core";

/** How far a parameter has gone. */
export interface Drift {
  readonly step: number;
  readonly name: string;
  /** ‖w − w₀‖ / ‖w₀‖ since the start of the run; infinite where w₀ is 0. */
  readonly drift: number;
  /** ‖w − w′‖ / ‖w′‖ since the last look: the trust ratio that the update really had, over so many steps. */
  readonly update: number;
}

export interface DriftOptions {
  readonly onDrift: (drifts: readonly Drift[]) => void | Promise<void>;
  /** Steps between two looks. Each reads all trained parameters. @default 50 */
  readonly everySteps?: number;
}

/** Watches how far each trained parameter moves: a layer that runs away, or never moves, shows here first. */
export function drift({ onDrift, everySteps = 50 }: DriftOptions): Observer {
  let params: readonly Param[] = [];
  let first: readonly Float32Array[] = [];
  let last: readonly Float32Array[] = [];
  const look = (): Promise<Float32Array[]> =>
    Promise.all(params.map(async ({ variable }) => ((await variable.data()) as Float32Array).slice()));
  return {
    name: "drift",
    async runStart(run) {
      params = run.params.filter(hasVariable);
      first = await look();
      last = first;
    },
    async stepEnd({ step }) {
      if (step % everySteps !== 0) return;
      const now = await look();
      const drifts = params.map(({ name }, i) => ({
        step,
        name,
        drift: ratio(now[i] as Float32Array, first[i] as Float32Array),
        update: ratio(now[i] as Float32Array, last[i] as Float32Array),
      }));
      last = now;
      await onDrift(drifts);
    },
  };
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
