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

/** Assigns labels to parameters: a function, or one selector per label (the first that matches counts). */
export type Labels = ((param: ParamInfo) => string | undefined) | { readonly [label: string]: Selector };

/**
 * Applies one hook to each group of parameters. Like optax `partition`. Every parameter needs a label, and every label needs
 * a hook and a parameter. For a group whose gradients shall not change, pass `stateless("as-is", (grads) => grads)`.
 *
 * State belongs to labels.
 * @throws OptionsError if a label has no hook. When the optimizer is built: SelectionError if a parameter has no label, or a
 *   label has no parameter.
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
  /** Labels each list of parameters once. Throws if a parameter has no known label. */
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
        `No label with a hook for ${formatNames(without)}.`,
        `Give each parameter one of ${formatNames(known)}.`,
      );
    }
    byInfos.add(infos);
  };
  return Object.assign(({ name }: ParamInfo) => found.get(name), { prepare });
}
