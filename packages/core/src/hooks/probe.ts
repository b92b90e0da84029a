import * as tf from "@tensorflow/tfjs-core";
import { RecipeError } from "../errors.ts";
import type { OptimizerHook, UpdateRule } from "../hook.ts";
import type { HookedOptimizer } from "../optimizer.ts";
import { mapTensors, type StateTree, type TensorMap } from "../tree.ts";

/** Norms on the device, by parameter; `probe` marks the place where `readProbes` finds them. */
export type ProbeState = {
  readonly probe: string;
  readonly norms: { readonly [what: string]: TensorMap };
};

/**
 * Measures the gradient, and the parameter beside it, where it stands among the hooks: one before and one after a hook show
 * what the hook does. Two norms a parameter are computed on the device; `conditionally(probe("raw"), { every: 50 })` makes
 * that seldom. `readProbes` reads them between steps. Gradients pass as they are.
 *
 * @param name of the probe and of the hook.
 */
export function probe(name: string): OptimizerHook<ProbeState> {
  return {
    name,
    init: (params) => ({ probe: name, norms: { gradient: zeros(params), parameter: zeros(params) } }),
    transform: (grads, _, { params }) => ({
      grads,
      state: {
        probe: name,
        norms: { gradient: norms(grads), parameter: mapTensors(grads, (_, key) => tf.norm(params[key] as tf.Tensor)) },
      },
    }),
  };
}

/**
 * `rule`, and the norm of what it subtracts from each parameter, under the name `update`. The rule's fused kernels are not
 * used, since they never show the update.
 */
export function probeUpdate<S extends StateTree>(
  rule: UpdateRule<S>,
): UpdateRule<{ readonly rule: S; readonly probed: ProbeState }> {
  const { applyFused: _, ...composed } = rule;
  return {
    ...composed,
    init: (params, infos) => ({
      rule: rule.init(params, infos),
      probed: { probe: "update", norms: { update: zeros(params) } },
    }),
    transform(grads, state, ctx) {
      const out = rule.transform(grads, state.rule, ctx);
      const probed = { probe: "update", norms: { update: norms(out.grads) } };
      return { ...out, state: { rule: out.state, probed } };
    },
  };
}

/**
 * Norms of the last step that each probe saw, in one awaited read: `raw/gradient` over all parameters and
 * `raw/gradient/head/kernel` of one, for a probe named `raw`. Call it between steps, every logging interval.
 *
 * @throws RecipeError where the optimizer has no probe.
 */
export async function readProbes(optimizer: HookedOptimizer): Promise<Readonly<Record<string, number>>> {
  const found: { readonly path: string; readonly map: TensorMap }[] = [];
  const walk = (node: StateTree): void => {
    if (node === null || typeof node !== "object" || node instanceof tf.Tensor) return;
    if (isProbe(node)) {
      for (const [what, map] of Object.entries(node.norms))
        found.push({ path: node.probe === what ? what : `${node.probe}/${what}`, map });
    } else for (const child of Object.values(node)) walk(child as StateTree);
  };
  const state = optimizer.state ?? null;
  walk(state);
  if (state === null) return {};
  if (found.length === 0) {
    throw new RecipeError(
      "The optimizer has no probe.",
      'Put probe("before") among its hooks, or the rule into probeUpdate.',
    );
  }
  const packed = tf.tidy(() => tf.stack(found.flatMap(({ map }) => Object.values(map))));
  const values = await packed.data();
  packed.dispose();
  let at = 0;
  return Object.fromEntries(
    found.flatMap(({ path, map }) => {
      const each = Object.keys(map).map((name) => [`${path}/${name}`, values[at++] as number] as const);
      return [[path, Math.hypot(...each.map(([, norm]) => norm))] as const, ...each];
    }),
  );
}

function isProbe(node: object): node is ProbeState {
  return "probe" in node && "norms" in node;
}

function norms(map: TensorMap): TensorMap {
  return mapTensors(map, (tensor) => tf.norm(tensor));
}

function zeros(params: TensorMap): TensorMap {
  return mapTensors(params, () => tf.scalar(0));
}
