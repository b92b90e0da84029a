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
 * The same for a hook that measures all parameters at once: in its state, entry i of each tensor belongs to `names[i]`, and
 * the tensors' keys say what they are. `readProbes` finds it as it finds the probes.
 */
export type VectorProbe = {
  readonly probe: string;
  readonly names: readonly string[];
  readonly [what: string]: StateTree;
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

/** What one probe says: entry i of `vector` belongs to `names[i]`. */
interface Reading {
  readonly path: string;
  readonly names: readonly string[];
  /** Whether the entries are norms, which have one over all parameters. */
  readonly norms: boolean;
  readonly vector: () => tf.Tensor;
}

/** Whether a hook or the rule measures something that `readProbes` would read. True before the first step as well. */
export function hasProbes(optimizer: HookedOptimizer): boolean {
  return tf.tidy(() => readingsIn(optimizer.state ?? optimizer.initialState()).length > 0);
}

/**
 * What each probe saw in the last step, in one awaited read: `raw/gradient` over all parameters and
 * `raw/gradient/head/kernel` of one, for a probe named `raw`; `trust/ratios/head/kernel` for the vectors of `lars` and
 * `lamb`. Call it between steps, every logging interval: `fineTune` does, and gives it to observers as `probes`.
 *
 * @throws RecipeError where the optimizer has no probe.
 */
export async function readProbes(optimizer: HookedOptimizer): Promise<Readonly<Record<string, number>>> {
  if (!optimizer.state) return {};
  const readings = readingsIn(optimizer.state);
  if (readings.length === 0) {
    throw new RecipeError(
      "The optimizer has no probe.",
      'Put probe("before") among its hooks, or the rule into probeUpdate.',
    );
  }
  // A probe behind a mask whose parameters are all frozen has seen none yet.
  const filled = readings.filter(({ names }) => names.length > 0);
  if (filled.length === 0) return {};
  const packed = tf.tidy(() => tf.concat(filled.map(({ vector }) => vector())));
  const values = await packed.data();
  packed.dispose();
  let at = 0;
  return Object.fromEntries(
    filled.flatMap(({ path, names, norms }) => {
      const each = names.map((name) => [`${path}/${name}`, values[at++] as number] as const);
      return norms ? [[path, Math.hypot(...each.map(([, norm]) => norm))] as const, ...each] : each;
    }),
  );
}

function readingsIn(node: StateTree): Reading[] {
  if (node === null || typeof node !== "object" || node instanceof tf.Tensor) return [];
  if (isProbe(node)) {
    return Object.entries(node.norms).map(([what, map]) => ({
      path: node.probe === what ? what : `${node.probe}/${what}`,
      names: Object.keys(map),
      norms: true,
      vector: () => tf.stack(Object.values(map)),
    }));
  }
  if (isVectorProbe(node)) {
    return Object.entries(node).flatMap(([what, value]) =>
      value instanceof tf.Tensor
        ? [{ path: `${node.probe}/${what}`, names: node.names, norms: false, vector: () => value }]
        : [],
    );
  }
  return Object.values(node).flatMap((child) => readingsIn(child as StateTree));
}

function isProbe(node: object): node is ProbeState {
  return "probe" in node && "norms" in node;
}

function isVectorProbe(node: object): node is VectorProbe {
  return "probe" in node && "names" in node;
}

function norms(map: TensorMap): TensorMap {
  return mapTensors(map, (tensor) => tf.norm(tensor));
}

function zeros(params: TensorMap): TensorMap {
  return mapTensors(params, () => tf.scalar(0));
}
