// The wording of every error that core throws. Each message names the problem, the place or the value, and the fix.
import "@tensorflow/tfjs-backend-cpu";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plugins as backendPlugins, openBackend } from "@graftjs/backend";
import { createRegistry, type Recipe } from "@graftjs/registry";
import {
  accumulate,
  addDecayedWeights,
  applyIfFinite,
  checkFinite,
  conditionally,
  ema,
  gradientStats,
  linear,
  partition,
  piecewise,
  swapInEma,
  plugins as transformPlugins,
  warmup,
} from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type AnyHook,
  type AnyRule,
  adam,
  type BackendAdapter,
  chain,
  plugins as corePlugins,
  HookedOptimizer,
  loadState,
  mapTensors,
  masked,
  namedParams,
  type Plugin,
  readStats,
  type SavedState,
  selectParams,
  sgd,
  stateless,
  taskTrainer,
} from "../src/index.ts";
import { disposeAll, params, tensors } from "./nets.ts";

await tf.setBackend("cpu");
const held = params({ "hidden/kernel": [[1, 2]], "hidden/bias": [1], "head/kernel": [[1]], "head/bias": [1] });
const grads = tensors({ "hidden/kernel": [[1, 2]], "hidden/bias": [1], "head/kernel": [[1]], "head/bias": [1] });
const optimizer = (hooks: readonly AnyHook[] = [], rule: AnyRule = sgd(), more: object = {}): HookedOptimizer =>
  new HookedOptimizer({ params: held, hooks, rule, learningRate: 0.1, ...more });
const broken = (name: string, fn: (g: tf.Tensor, key: string) => tf.Tensor): AnyHook =>
  stateless(name, (map) => mapTensors(map, fn));
const resolve = (recipe: unknown, ...plugins: Plugin[]): Promise<unknown> =>
  createRegistry([corePlugins, transformPlugins, backendPlugins, plugins]).resolve(recipe as Recipe);
const combiner = { name: "mean", init: () => null, weigh: () => ({ weights: new Float64Array(2), state: null }) };
const loss =
  (nan = 1) =>
  (): tf.Scalar =>
    tf.mul(tf.sum(held[0]?.variable as tf.Tensor), nan) as tf.Scalar;
const untouched = optimizer([], sgd(), { params: held.slice(0, 1) });

/** Wrong uses, by description. */
const wrong: Readonly<Record<string, () => unknown>> = {
  // Optimizer
  "no parameters": () => new HookedOptimizer({ params: [], rule: sgd(), learningRate: 0.1 }),
  "two parameters of a name": () => optimizer([], sgd(), { params: [...held, ...held] }),
  "a name among the hooks": () => optimizer(["ema" as never]),
  "a hook as the rule": () => optimizer([], ema() as never),
  "no rule": () => optimizer([], undefined as never, { rule: undefined }),
  "a negative rate": () => optimizer([], sgd(), { learningRate: -1 }),
  "a rate that is not a number": () => {
    optimizer().learningRate = "fast" as never;
  },
  "a negative multiplier": () => optimizer([], sgd(), { rateMultipliers: [{ params: "head", factor: -1 }] }),
  "a multiplier on nothing": () => optimizer([], sgd(), { rateMultipliers: [{ params: "haed/**", factor: 1 }] }),
  "freezing nothing": () => optimizer().freeze("hiden/**"),
  "a gradient that is missing": () => optimizer().applyNamed({ "hidden/kernel": grads["hidden/kernel"] as tf.Tensor }),
  "an update of another shape": () => optimizer([broken("wide", () => tf.zeros([7]))]).applyNamed(grads),
  "gradients that nobody registered": () => {
    const sum = tf.getGradient("Sum");
    tf.unregisterGradient("Sum");
    try {
      optimizer().minimize(loss());
    } finally {
      if (sum) tf.registerGradient(sum);
    }
  },
  // Chain
  "a rule among the hooks": () => optimizer([sgd() as never]),
  "a combiner among the hooks": () => optimizer([combiner as never]),
  "something else among the hooks": () => optimizer([{ name: "noise" } as never]),
  "nothing among the hooks": () => optimizer([undefined as never]),
  "two hooks of a name": () => chain(ema(), ema()),
  "a hook with a slash in its name": () => chain({ ...ema(), name: "a/b" }),
  "a hook that returns other names": () =>
    optimizer([
      stateless("drops", ({ "head/bias": _, ...rest }) => ({ ...rest, "head/bias_1": tf.scalar(0) })),
    ]).applyNamed(grads),
  // Selection
  "a mask on nothing": () => optimizer([masked(ema(), { include: ["hidden/**"], exclude: ["**/bais"] })]),
  "a predicate that matches nothing": () => selectParams(held, () => false, "The predicate"),
  "a glob that is none": () => selectParams(held, "hidden[9-1]/*", "It"),
  "a variable without a layer": () => namedParams({ w: held[0]?.variable as tf.Variable }),
  // Hooks
  "accumulate of no steps": () => accumulate(0),
  "conditionally never": () => conditionally(ema(), { every: 0 }),
  "a label without a hook": () => partition({ slow: ema() }, { slow: "**", fats: "head" }),
  "a parameter without a label": () =>
    optimizer([partition({ a: ema() }, ({ layer }) => (layer === "head" ? "a" : undefined))]),
  "a label without a parameter": () => optimizer([partition({ a: ema(), b: gradientStats("b") }, () => "a")]),
  "decay on nothing": () => optimizer([addDecayedWeights({ weightDecay: 0.1, on: "embeddings" })]),
  "no average to swap in": () => swapInEma(optimizer()),
  "no hook to check": () => checkFinite(optimizer()),
  "nothing that measures": () => {
    untouched.applyNamed({ "hidden/kernel": grads["hidden/kernel"] as tf.Tensor });
    return readStats(untouched);
  },
  // Options
  "several wrong options": () => adam({ beta1: 1, beta3: 0.5, epsilon: "small" } as never),
  "a required option left out": () => linear({ start: 0.1, steps: 9 } as never),
  "an option that is one of a few": () => applyIfFinite({ policy: "skipp" } as never),
  "steps that are none": () => piecewise({ start: 1, factors: { soon: 0.1 } }),
  "a warm-up into nothing": () => warmup({ steps: 3 } as never),
  // Tasks
  "no combiner": () => taskTrainer({ optimizer: optimizer(), combiner: ema() as never }),
  "one task": () => taskTrainer({ optimizer: optimizer(), combiner: combiner as never }).step({ one: loss() }),
  // State
  "no checkpoint": () => loadState(optimizer(), {} as SavedState),
  // Registry
  "two plugins of a name, one misnamed, one none": () =>
    createRegistry([
      corePlugins,
      corePlugins[0] as Plugin,
      { ...(corePlugins[0] as Plugin), name: "My Hook" },
      {} as Plugin,
    ]),
  "a recipe that is wrong in many places": () =>
    resolve({
      hook: [],
      hooks: ["emma", "sgd", { use: "ema", with: { decay: 2, deacy: 1 } }, "lars", { use: "accumulate" }],
      rule: { use: "gradient-descent", with: { momentum: 0.9 } },
      learningRate: { use: "cosine", with: {} },
    }),
  "a recipe without its parts": () => resolve({ hooks: "ema" }),
  "a recipe with a negative rate and two averages": () =>
    resolve({ rule: "sgd", learningRate: -1, hooks: ["ema", "ema"] }),
  "no recipe": () => resolve([]),
  "a plugin that throws": () =>
    resolve({ rule: "bad", learningRate: 1 }, {
      kind: "rule",
      name: "bad",
      description: "bad",
      create: () => {
        throw new Error("not today");
      },
    } as Plugin),
  "a single plugin that is unknown": () => createRegistry([corePlugins]).create("rule", "sdg"),
  // Backends
  "no backend": () => openBackend([]),
  "no backend that can": () => {
    const capabilities = { missingKernels: ["Conv2DBackpropFilter"], floatBits: 32, syncRead: true } as const;
    const adapter = (name: string, parts: Partial<BackendAdapter>): BackendAdapter => ({
      name,
      device: "cpu",
      availability: async () => ({ ok: true, capabilities }),
      init: () => Promise.reject(new Error("out of memory")),
      ...parts,
    });
    return openBackend([
      adapter("wasm", {}),
      adapter("gpu", {
        availability: async () => ({ ok: false, reason: "no adapter", fix: "start the browser with a GPU" }),
      }),
      adapter("node", {
        availability: async () => ({ ok: true, capabilities: { ...capabilities, missingKernels: [] } }),
      }),
    ]);
  },
};

async function messageOf(fn: () => unknown): Promise<string> {
  try {
    await fn();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return "nothing was thrown";
}

const messages: Record<string, string> = {};
beforeAll(async () => {
  for (const [what, fn] of Object.entries(wrong)) messages[what] = await messageOf(fn);
});
afterAll(() => {
  tf.dispose(grads as tf.NamedTensorMap);
  disposeAll(...held);
});

it("every message", () => {
  expect(messages).toMatchInlineSnapshot(`
    {
      "a combiner among the hooks": "RecipeError: \`mean\` among the hooks: not an optimizer hook.
      It is a combiner: hooks see only one gradient, so it would have no effect there. Pass it to \`taskTrainer\`.",
      "a glob that is none": "SelectionError: \`hidden[9-1]/*\` is not a glob.
      A class goes from low to high: [1-3], [a-z].",
      "a gradient that is missing": "SelectionError: No gradient for \`hidden/bias\`, \`head/kernel\` and \`head/bias\`.
      Does the loss depend on it, and is it trainable? To keep it unchanged, leave it out of \`params\` or freeze it.",
      "a hook as the rule": "RecipeError: \`ema\` is not an update rule.
      Pass sgd(...), adam(...) or gradientDescent() as \`rule\`, and hooks as \`hooks\`.",
      "a hook that returns other names": "RecipeError: The hook \`drops\` returned names that differ from its input: \`head/bias\` is missing, \`head/bias_1\` was not passed to it.
      A hook returns exactly the names of \`grads\`. To leave a parameter unchanged, return its gradient as it is.",
      "a hook with a slash in its name": "RecipeError: \`a/b\` cannot name a hook.
      The name is a key of the state and one segment of a path in a checkpoint: not empty, and without a slash.",
      "a label without a hook": "OptionsError: No hook for the label \`fats\`.
      Known: \`slow\`.",
      "a label without a parameter": "SelectionError: The mask of \`b\` matches none of 4 parameters.
      Known: \`hidden/kernel\`, \`hidden/bias\`, \`head/kernel\` and \`head/bias\`.",
      "a mask on nothing": "SelectionError: The mask of \`ema\` matches nothing with \`**/bais\`.
      Did you mean \`bias\`?",
      "a multiplier on nothing": "SelectionError: A rate multiplier matches nothing with \`haed/**\`.
      Did you mean \`head\`?",
      "a name among the hooks": "RecipeError: \`ema\` among the hooks: not an optimizer hook.
      It is a name, and names work in recipes only. Call the hook's function.",
      "a negative multiplier": "OptionsError: The factor of a rate multiplier is -1.
      \`factor\` is a number ≥ 0, or a schedule: (step) => number.",
      "a negative rate": "OptionsError: learningRate is -1.
      Give a number ≥ 0, or a schedule: (step) => number.",
      "a parameter without a label": "SelectionError: No label with a hook for \`hidden/kernel\` and \`hidden/bias\`.
      Give each parameter one of \`a\`.",
      "a plugin that throws": "RecipeError: The recipe has 1 problem(s).
      rule: not today",
      "a predicate that matches nothing": "SelectionError: The predicate matches none of 4 parameters.
      Known: \`hidden/kernel\`, \`hidden/bias\`, \`head/kernel\` and \`head/bias\`.",
      "a rate that is not a number": "OptionsError: learningRate is fast.
      Give a number ≥ 0, or a schedule: (step) => number.",
      "a recipe that is wrong in many places": "RecipeError: The recipe has 9 problem(s).
      \`hook\` is not a key of a recipe. Did you mean \`hooks\`?
      hooks[0]: no plugin is named \`emma\`. Did you mean \`ema\`?
      hooks[1]: \`sgd\` is a rule, but this is the place for a hook. Move it to \`rule\`.
      hooks[2] \`ema\`: \`decay\` must be a number ≥ 0 and < 1, got 2
      hooks[2] \`ema\`: \`deacy\` is not an option. Did you mean \`decay\`?
      hooks[3]: no plugin is named \`lars\`. If it is a package: npm install @graftjs/lars, then add it to "plugins". Registered: \`accumulate\`, \`add-decayed-weights\`, \`apply-if-finite\`, \`conditionally\`, \`ema\`, \`gradient-stats\` and \`partition\`.
      hooks[4] \`accumulate\`: \`steps\` is required: an integer ≥ 1
      rule: \`gradient-descent\` takes no options. Remove \`with\`.
      learningRate \`cosine\`: \`start\` is required: a number ≥ 0",
      "a recipe with a negative rate and two averages": "RecipeError: The recipe has 2 problem(s).
      learningRate is -1. Give a number ≥ 0, or a schedule.
      Two hooks are named \`ema\`.
        Give one of them another name: { ...hook, name: "clip-2" } in code, "as" in a recipe.",
      "a recipe without its parts": "RecipeError: The recipe has 3 problem(s).
      hooks is not a list. Put it into brackets.
      rule is missing. Give one: "rule": { "use": "sgd", "with": { "momentum": 0.9 } }.
      learningRate is missing. Give a number, or { "use": "warmup-cosine", "with": { ... } }.",
      "a required option left out": "OptionsError: \`linear\` has 1 wrong option(s).
      \`end\` is required: a number ≥ 0",
      "a rule among the hooks": "RecipeError: \`sgd\` among the hooks: not an optimizer hook.
      It is an update rule: pass it as \`rule\`. Exactly one rule runs, after all hooks.",
      "a single plugin that is unknown": "RecipeError: The rule has 1 problem(s).
      rule: no plugin is named \`sdg\`. Did you mean \`sgd\`?",
      "a variable without a layer": "SelectionError: \`w\`: no layer in the name of a variable.
      Names are layer/role: \`w/kernel\`.",
      "a warm-up into nothing": "OptionsError: \`warmup\` has 1 wrong option(s).
      \`schedule\` is required: a schedule",
      "accumulate of no steps": "OptionsError: \`accumulate\` has 1 wrong option(s).
      \`steps\` must be an integer ≥ 1, got 0",
      "an option that is one of a few": "OptionsError: \`apply-if-finite\` has 1 wrong option(s).
      \`policy\` must be one of throw, skip, got "skipp". Did you mean \`skip\`?",
      "an update of another shape": "RecipeError: The update of \`hidden/kernel\`, \`hidden/bias\`, \`head/kernel\` and \`head/bias\` is missing or has another shape.
      A hook or rule returns the names and shapes of its input.",
      "conditionally never": "OptionsError: \`ema\` should act every 0 steps from step 0 on.
      \`every\` is an integer ≥ 1, and \`offset\` is an integer ≥ 0.",
      "decay on nothing": "SelectionError: \`on\` of \`add-decayed-weights\` matches nothing with \`embeddings\`.
      Known: \`hidden/kernel\`, \`hidden/bias\`, \`head/kernel\`, \`head/bias\`, \`hidden\`, \`head\`, \`kernel\` and \`bias\`.",
      "freezing nothing": "SelectionError: freeze matches nothing with \`hiden/**\`.
      Did you mean \`hidden\`?",
      "gradients that nobody registered": "RecipeError: No gradients are registered with tfjs-core.
      Add: import "@tensorflow/tfjs-layers" (or "@tensorflow/tfjs").",
      "no average to swap in": "RecipeError: The optimizer has no average under the name \`ema\`.
      Add ema() to the optimizer's hooks, and take a step before you swap it in.",
      "no backend": "BackendError: None of 0 backends can do training.
      No adapter was given.",
      "no backend that can": "BackendError: None of 3 backends can do training.
      wasm: cannot train, lacks Conv2DBackpropFilter
      gpu: no adapter (start the browser with a GPU)
      node: out of memory",
      "no checkpoint": "StateError: The checkpoint does not fit in 1 place(s); nothing was changed.
      Its format is unknown; this version of Graft reads format 1.",
      "no combiner": "RecipeError: \`combiner\` is not a combiner.
      \`combiner\` must have a \`weigh\` or \`combine\` method. Pass hooks to the optimizer instead.",
      "no hook to check": "RecipeError: The optimizer has no hook \`apply-if-finite\`.
      Add applyIfFinite() to its hooks.",
      "no parameters": "SelectionError: The optimizer has no parameters.
      Pass namedParams(model). Is a layer trainable?",
      "no recipe": "RecipeError: The recipe is not an object.
      Write { "rule": "sgd", "learningRate": 0.1 }.",
      "no rule": "RecipeError: \`undefined\` is not an update rule.
      Pass sgd(...), adam(...) or gradientDescent() as \`rule\`, and hooks as \`hooks\`.",
      "nothing among the hooks": "RecipeError: \`undefined\` among the hooks: not an optimizer hook.
      A hook has \`name\`, \`init\` and \`transform\`.",
      "nothing that measures": "RecipeError: Nothing in the optimizer measures.
      Add gradientStats("before") to its hooks, or wrap the rule in updateStats.",
      "one task": "RecipeError: \`mean\` combines the gradients of several tasks, but got 1 loss(es).
      Give each task its own loss. A sum of losses has only one gradient: for a sum, use optimizer.minimize.",
      "several wrong options": "OptionsError: \`adam\` has 3 wrong option(s).
      \`beta1\` must be a number ≥ 0 and < 1, got 1
      \`beta3\` is not an option. Did you mean \`beta1\` or \`beta2\`?
      \`epsilon\` must be a number ≥ 0, got "small"",
      "something else among the hooks": "RecipeError: \`noise\` among the hooks: not an optimizer hook.
      A hook has \`name\`, \`init\` and \`transform\`.",
      "steps that are none": "OptionsError: \`piecewise\` cannot change at soon.
      Keys of \`factors\` are steps: 100, 200.",
      "two hooks of a name": "RecipeError: Two hooks are named \`ema\`.
      Give one of them another name: { ...hook, name: "clip-2" } in code, "as" in a recipe.",
      "two parameters of a name": "SelectionError: Two parameters are named \`hidden/kernel\`, \`hidden/bias\`, \`head/kernel\` and \`head/bias\`.
      Names are keys of the state: make them differ.",
      "two plugins of a name, one misnamed, one none": "RecipeError: The registry has 3 wrong entry(s).
      Two plugins are named \`sgd\`. Leave one of them out.
      \`My Hook\` is not kebab-case: lower case, digits, hyphens.
      Entry 6 is not a plugin: a plugin has \`kind\`, \`name\`, \`description\` and \`create\`.",
    }
  `);
});

it("every message is a GraftError's and ends in its fix", () => {
  for (const [what, message] of Object.entries(messages)) {
    expect(message, what).toMatch(/^(Options|Recipe|Selection|State|Backend|NonFinite)Error: .+\n {2}\S/);
  }
});

it("keeps the names of errors in a minified build", async () => {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(import.meta.dirname, "../src/errors.ts")], bundle: true, minify: true, write: false },
    ...{ format: "esm", target: "es2022" },
  });
  const code = (outputFiles[0] as { text: string }).text;
  const errors = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Record<string, unknown>;
  const types = Object.entries(errors).filter(([name]) => name.endsWith("Error") && name !== "GraftError");
  expect(types).toHaveLength(7);
  for (const [name, type] of types) expect(new (type as new (...args: string[]) => Error)("a", "b").name).toBe(name);
});

it("every error that core constructs is thrown here or in the tests of tasks, state, hooks and stored optimizers", () => {
  const root = join(import.meta.dirname, "../src");
  const elsewhere = ["task-gradients", "tasks", "gramian", "weights", "stored-optimizer", "apply-if-finite"];
  const all = Object.values(messages).join("\n");
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts") || elsewhere.some((name) => entry.endsWith(`${name}.ts`))) continue;
    for (const [, text] of readFileSync(join(root, entry), "utf8").matchAll(
      /throw new \w+Error\(\s*(?:`|"|')([^`"'\n]+)/g,
    )) {
      // The longest piece of the literal between its placeholders.
      const pieces = (text as string).replaceAll("\\`", "`").split(/\$\{[^}]*\}?/);
      const piece = pieces.sort((a, b) => b.length - a.length)[0] as string;
      expect(all, `${entry}: ${text}`).toContain(piece.replace(/`?\\$/, "").trim());
    }
  }
});
