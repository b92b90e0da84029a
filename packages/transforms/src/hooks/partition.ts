import {
  type AnyHook,
  type ChainState,
  chain,
  didYouMean,
  formatNames,
  masked,
  type OptimizerHook,
  OptionsError,
  type ParamInfo,
  SelectionError,
  type Selector,
  selectOnce,
} from "@graftjs/core";

/** The label of a parameter: by a function, or by a selector a label (the first that matches). */
export type Labels = ((param: ParamInfo) => string | undefined) | { readonly [label: string]: Selector };

/**
 * One hook for each group of parameters. As optax `partition`. Every parameter needs a label, every label a hook and a
 * parameter: a group that is to stay as it is gets `stateless("as-is", (grads) => grads)`.
 *
 * State is kept by label.
 * @throws OptionsError where labels have no hook; SelectionError, when the optimizer is built, where parameters have no label or a
 *   label no parameter.
 */
export function partition(hooks: { readonly [label: string]: AnyHook }, labels: Labels): OptimizerHook<ChainState> {
  const known = Object.keys(hooks);
  if (typeof labels !== "function") {
    const without = Object.keys(labels).filter((label) => !known.includes(label));
    if (without.length > 0) {
      throw new OptionsError(`No hook for the label ${formatNames(without)}.`, didYouMean(without[0] as string, known));
    }
  }
  const labelOf = labeller(labels, known);
  const groups = known.map((label) => ({
    ...masked(hooks[label] as AnyHook, (param) => labelOf(param) === label),
    name: label,
  }));
  const inner = chain(...groups);
  return {
    name: "partition",
    init(params, infos) {
      labelOf.prepare(infos);
      return inner.init(params, infos);
    },
    transform(grads, state, ctx) {
      labelOf.prepare(ctx.infos);
      return inner.transform(grads, state, ctx);
    },
  };
}

interface Labeller {
  (param: ParamInfo): string | undefined;
  /** Labels `infos`, once a list; throws where one has no known label. */
  prepare(infos: readonly ParamInfo[]): void;
}

function labeller(labels: Labels, known: readonly string[]): Labeller {
  const byInfos = new WeakSet<readonly ParamInfo[]>();
  const found = new Map<string, string | undefined>();
  const selectors =
    typeof labels === "function"
      ? undefined
      : Object.entries(labels).map(([label, on]) => ({ label, on: selectOnce(on, `The label \`${label}\``) }));
  const prepare = (infos: readonly ParamInfo[]): void => {
    if (byInfos.has(infos)) return;
    for (const info of infos) {
      const label = selectors
        ? selectors.find(({ on }) => on(infos)(info))?.label
        : (labels as (param: ParamInfo) => string | undefined)(info);
      found.set(info.name, label);
    }
    const without = infos.filter(({ name }) => !known.includes(found.get(name) ?? "")).map(({ name }) => name);
    if (without.length > 0) {
      throw new SelectionError(
        `No label, or none that has a hook, for ${formatNames(without)}.`,
        `Give each parameter one of ${formatNames(known)}.`,
      );
    }
    byInfos.add(infos);
  };
  return Object.assign(({ name }: ParamInfo) => found.get(name), { prepare });
}
