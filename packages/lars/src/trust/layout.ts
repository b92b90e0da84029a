import {
  decaysByDefault,
  formatNames,
  type ParamInfo,
  type Select,
  SelectionError,
  type Selector,
  selectOnce,
} from "@graftjs/core";
import type { RatioGranularity, TrustOptions } from "./trust-options.ts";

/** The groups that share a ratio, and the decays, for one set of active parameters. */
export interface TrustLayout {
  /** Active parameters, in the order of their gradients. */
  readonly names: readonly string[];
  /** Group of each of `names`, by number. -1 if the parameter keeps ratio 1. */
  readonly groupOf: readonly number[];
  /** Members of each group, as indices into `names`. */
  readonly groups: readonly (readonly number[])[];
  /** Decay of each of `names`. */
  readonly decays: readonly number[];
  /** Number of values in each group. */
  readonly sizes: readonly number[];
  /** Group of each parameter of the optimizer: `groups.length` if it keeps ratio 1, `groups.length + 1` if it is not active. */
  readonly slots: readonly number[];
}

/**
 * Returns a function that computes the layout of a step. It computes once per set of active parameters.
 *
 * @throws SelectionError, from the returned function, if a selector matches nothing or every parameter keeps ratio 1.
 */
export function trustLayouts(
  owner: string,
  weightDecay: number,
  { excludeFromRatio, excludeFromDecay, granularity = "tensor" }: TrustOptions,
): (infos: readonly ParamInfo[], names: readonly string[]) => TrustLayout {
  const unscaled = excluded(
    excludeFromRatio,
    granularity === "tensor" ? small : none,
    `excludeFromRatio of \`${owner}\``,
  );
  const undecayed = excluded(excludeFromDecay, small, `excludeFromDecay of \`${owner}\``);
  const cache = new WeakMap<readonly ParamInfo[], Map<string, TrustLayout>>();
  return (infos, names) => {
    const known = cache.get(infos) ?? new Map<string, TrustLayout>();
    cache.set(infos, known);
    const key = names.join();
    const layout = known.get(key) ?? build(infos, names);
    known.set(key, layout);
    return layout;
  };

  function build(infos: readonly ParamInfo[], names: readonly string[]): TrustLayout {
    const [keepsOne, keepsWeights] = [unscaled(infos), undecayed(infos)];
    if (infos.length > 0 && infos.every(keepsOne)) {
      throw new SelectionError(
        `\`${owner}\` adapts none of ${infos.length} parameters. All are excluded from the ratio, for example ${formatNames(infos.slice(0, 5).map(({ name }) => name))}.`,
        "Pass parameters with at least two dimensions, or `excludeFromRatio: []`.",
      );
    }
    const byName = new Map(infos.map((info) => [info.name, info]));
    const numbers = new Map<string, number>();
    const groups: number[][] = [];
    const sizes: number[] = [];
    const active = names.map((name) => byName.get(name) as ParamInfo);
    const groupOf = active.map((info, i) => {
      if (keepsOne(info)) return -1;
      const label = labelOf(granularity, info);
      const number = numbers.get(label) ?? numbers.size;
      numbers.set(label, number);
      groups[number] = [...(groups[number] ?? []), i];
      sizes[number] = (sizes[number] ?? 0) + info.shape.reduce((a, b) => a * b, 1);
      return number;
    });
    const groupByName = new Map(names.map((name, i) => [name, groupOf[i] as number]));
    return {
      names,
      groupOf,
      groups,
      sizes,
      decays: active.map((info) => (keepsWeights(info) ? 0 : weightDecay)),
      slots: infos.map(({ name }) => {
        const group = groupByName.get(name);
        return group === undefined ? groups.length + 1 : group === -1 ? groups.length : group;
      }),
    };
  }
}

function labelOf(granularity: RatioGranularity, info: ParamInfo): string {
  if (typeof granularity === "function") return granularity(info);
  return granularity === "layer" ? info.layer : info.name;
}

/** Makes a selection from an option. `[]` means "none". It must not fall back to the default. */
function excluded(
  selector: Selector | undefined,
  otherwise: Select,
  option: string,
): (infos: readonly ParamInfo[]) => Select {
  if (selector === undefined) return () => otherwise;
  if (Array.isArray(selector) && selector.length === 0) return () => none;
  return selectOnce(selector, option);
}

const none: Select = () => false;
const small: Select = (param) => !decaysByDefault(param);
