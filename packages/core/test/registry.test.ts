import * as valibot from "valibot";
import { describe, expect, it } from "vitest";
import * as zod from "zod";
import { alias, createRegistry, type Recipe } from "@graftjs/registry";
import { corePlugins, definePlugin, type LazyPlugin, type Plugin, sgd, stateless } from "../src/index.ts";

// A third party's kind, by declaration merging.
interface Augmentation {
  augment(x: number): number;
}
declare module "../src/index.ts" {
  interface PluginKinds {
    augmentation: Augmentation;
  }
}

const hook = (name: string, parts: Partial<Plugin> = {}): Plugin =>
  ({
    kind: "hook",
    name,
    description: `${name} of the test`,
    create: () => stateless(name, (grads) => grads),
    ...parts,
  }) as Plugin;
const lazy = (plugin: Plugin, parts: Partial<LazyPlugin> = {}): LazyPlugin => ({
  name: plugin.name,
  kind: plugin.kind,
  description: plugin.description,
  load: async () => plugin,
  ...parts,
});
const recipe = (hooks: Recipe["hooks"] & {}, more: object = {}): Recipe => ({
  rule: "sgd",
  learningRate: 0.1,
  hooks,
  ...more,
});
const problems = async (entries: Parameters<typeof createRegistry>[0], given: Recipe): Promise<string> => {
  try {
    await createRegistry([corePlugins, ...entries]).resolve(given);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("what runs is what is written", () => {
  it("hooks, rule, rate and multipliers in the recipe's order", async () => {
    const registry = createRegistry([corePlugins, hook("b"), lazy(hook("a"))]);
    const resolved = await registry.resolve(
      recipe(["a", { use: "b", as: "b2", on: "**/kernel" }, { use: "b" }], {
        learningRate: { use: "warmup", with: { steps: 2, schedule: { use: "cosine", with: { start: 1, steps: 4 } } } },
        rateMultipliers: [{ on: "head", by: 3 }],
      }),
    );
    expect(resolved.hooks.map(({ name }) => name)).toEqual(["a", "b2", "b"]);
    expect(resolved.rule.name).toBe("sgd");
    expect(typeof resolved.learningRate === "function" && resolved.learningRate(2)).toBe(1);
    expect(resolved.rateMultipliers).toEqual([{ on: "head", by: 3 }]);
  });

  it("every plugin of core can be named in a recipe", async () => {
    const registry = createRegistry([corePlugins]);
    const inner = { use: "accumulate", with: { steps: 2 } };
    const resolved = await registry.resolve(
      recipe(
        [
          inner,
          { use: "add-decayed-weights", with: { weightDecay: 0.1 } },
          { use: "apply-if-finite", with: { policy: "skip" } },
          { use: "conditionally", with: { hook: { use: "probe", with: { name: "raw" } }, every: 3 } },
          {
            use: "partition",
            with: { hooks: { a: { use: "ema" }, b: "apply-if-finite" }, labels: { a: "bias", b: "**" } },
          },
          "ema",
        ],
        {
          rule: {
            use: "probe-update",
            with: { rule: { use: "decoupled-weight-decay", with: { rule: "sgd", weightDecay: 0.1 } } },
          },
        },
      ),
    );
    expect(resolved.hooks.map(({ name }) => name)).toEqual([
      "accumulate",
      "add-decayed-weights",
      "apply-if-finite",
      "raw",
      "partition",
      "ema",
    ]);
    expect(resolved.rule.applyFused).toBeUndefined();
  });
});

describe("lazy plugins", () => {
  it("are loaded when a recipe uses them, and only then", async () => {
    const loads: string[] = [];
    const entry = (name: string): LazyPlugin =>
      lazy(hook(name), {
        load: async () => {
          loads.push(name);
          return hook(name);
        },
      });
    const registry = createRegistry([corePlugins, entry("a"), entry("b")]);
    expect(registry.list("hook", "?")).toEqual([]);
    await registry.resolve(recipe(["b"]));
    expect(loads).toEqual(["b"]);
  });

  it("their constraints, version and options count once they are loaded", async () => {
    const late = lazy(hook("late", { after: ["clip"], conflicts: { noise: "both shake" } }));
    expect(
      await problems([late, hook("clip"), hook("noise")], recipe(["late", "clip", "noise"])),
    ).toMatchInlineSnapshot(`
      "The recipe has 2 problem(s).
        hooks[0]: \`late\` must come after \`clip\`: move it down.
        hooks[0]: \`late\` conflicts with \`noise\`: both shake"
    `);
    expect(await problems([lazy(hook("old", { coreVersion: "^9.0.0" }))], recipe(["old"]))).toMatchInlineSnapshot(`
      "The recipe has 1 problem(s).
        hooks[0]: \`old\` works with @graftjs/core ^9.0.0, and this is 0.1.0. Update one of the two."
    `);
    expect(await problems([lazy(hook("a"), { load: async () => hook("b") })], recipe(["a"]))).toMatchInlineSnapshot(`
      "The recipe has 1 problem(s).
        hooks[0]: \`a\` (hook) loaded \`b\` (hook). Make the lazy entry say what it loads."
    `);
    const missing = async (): Promise<Plugin> => {
      throw new Error("Cannot find package '@graftjs/lars' imported from somewhere");
    };
    expect(await problems([lazy(hook("lars"), { load: missing })], recipe(["lars"]))).toMatchInlineSnapshot(`
      "The recipe has 1 problem(s).
        hooks[0]: \`lars\` could not be loaded: Cannot find package '@graftjs/lars' imported from somewhere. Install it: pnpm add @graftjs/lars"
    `);
  });
});

describe("constraints are checked, never used to reorder", () => {
  it("after, before, conflicts and needs, each with its fix; an alias counts as what it is an alias of", async () => {
    const a = hook("a", { before: ["c"], needs: { patch: "it must be folded" } });
    const aliased = alias(hook("c"), { name: "c-slow", defaults: {} });
    expect(await problems([a, aliased], recipe(["c-slow", "a"]))).toMatchInlineSnapshot(`
      "The recipe has 2 problem(s).
        hooks[1]: \`a\` must come before \`c\`: move it up.
        hooks[1]: \`a\` needs \`patch\`: it must be folded"
    `);
  });
});

describe("options", () => {
  it("a schema of valibot and one of zod: every problem at once", async () => {
    const v = valibot.strictObject({
      norm: valibot.pipe(valibot.number(), valibot.minValue(0)),
      kind: valibot.string(),
    });
    const z = zod.strictObject({ norm: zod.number().min(0), kind: zod.string() });
    const made: unknown[] = [];
    for (const [name, schema] of Object.entries({ valibot: v, zod: z })) {
      const plugin = definePlugin({
        kind: "hook",
        name,
        description: "by a library's schema",
        options: schema,
        create(options: { norm: number; kind: string }) {
          made.push(options);
          return stateless(name, (grads) => grads);
        },
      });
      const wrong = await problems([plugin], recipe([{ use: name, with: { norm: -1, other: 1 } }]));
      for (const part of ["norm|>=0|0", "kind", "other"]) expect(wrong, wrong).toMatch(new RegExp(part));
      expect(await problems([plugin], recipe([{ use: name, with: { norm: 1, kind: "l2" } }]))).toBe("");
    }
    expect(made).toEqual([
      { norm: 1, kind: "l2" },
      { norm: 1, kind: "l2" },
    ]);
  });

  it("aliases bring defaults, which the recipe overrides and the schema checks", async () => {
    const base = corePlugins.find(({ name }) => name === "sgd") as Plugin;
    const registry = createRegistry([
      corePlugins,
      alias(base, { name: "nesterov", defaults: { momentum: 0.9, nesterov: true } }),
    ]);
    const rule = await registry.create("rule", "nesterov");
    expect(rule.name).toBe("sgd");
    await expect(registry.create("rule", { use: "nesterov", with: { momentum: 1 } })).rejects.toThrow(/momentum/);
    const wrong = createRegistry([alias(base, { name: "bad", defaults: { momentun: 0.9 } })]);
    await expect(wrong.create("rule", "bad")).rejects.toThrow(/momentun.*Did you mean `momentum`/s);
    const late = createRegistry([alias(lazy(base), { name: "late", defaults: { momentum: 0.5 } })]);
    expect(late.list()[0]?.name).toBe("late");
    expect((await late.create("rule", "late")).terminal).toBe(true);
  });
});

it("lists by kind and by wildcard, with one line each", () => {
  const registry = createRegistry([corePlugins]);
  expect(registry.list("schedule", "warmup*")).toEqual([
    { name: "warmup", kind: "schedule", description: "Linear rise, then another schedule" },
    { name: "warmup-cosine", kind: "schedule", description: "Linear rise, then half a cosine down" },
  ]);
  expect(registry.list(undefined, "ada*").map(({ name }) => name)).toEqual(["adam", "adamw"]);
  expect(registry.list()).toHaveLength(corePlugins.length);
});

it("a third party's kind, by declaration merging, through create", async () => {
  const flip = definePlugin({
    kind: "augmentation",
    name: "flip",
    description: "Turns the sign",
    create: () => ({ augment: (x: number) => -x }),
  });
  const registry = createRegistry([corePlugins, flip]);
  expect((await registry.create("augmentation", "flip")).augment(2)).toBe(-2);
});

it("core versions: caret, tilde, comparators, alternatives", () => {
  const fits = (coreVersion: string): boolean => {
    try {
      createRegistry([hook("a", { coreVersion })]);
      return true;
    } catch {
      return false;
    }
  };
  // Core is 0.1.0.
  for (const range of ["^0.1.0", "~0.1.0", ">=0.1.0 <1.0.0", "0.1.0", "*", "^9.0.0 || ^0.1.0", "<=0.1.0", "=0.1.0"])
    expect(fits(range), range).toBe(true);
  for (const range of ["^0.2.0", "^1.0.0", ">0.1.0", "<0.1.0", "~0.2.0", "0.0.9", "latest", "", "^0.0.1"])
    expect(fits(range), range).toBe(false);
});

it("explain prints the composed step, and why each part stands where it does", async () => {
  const clip = hook("clip", { before: ["shake"] });
  const shake = hook("shake", { after: ["clip"], needs: { clip: "it amplifies" }, conflicts: { noise: "both shake" } });
  const text = await createRegistry([corePlugins, clip, shake]).explain(
    recipe(["clip", { use: "shake", on: "**/kernel", as: "shaken" }], {
      trainable: { include: ["head/**"] },
      rule: {
        use: "decoupled-weight-decay",
        with: { rule: { use: "sgd", with: { momentum: 0.9 } }, weightDecay: 0.1 },
      },
      learningRate: { use: "constant", with: { value: 0.1 } },
    }),
  );
  expect(text).toMatchInlineSnapshot(`
    "trains {"include":["head/**"]}
    hooks, in this order: each gets what the one above returned
      1. clip — clip of the test
         stands before shake, where there is one
      2. shake as shaken on **/kernel — shake of the test
         stands after clip, where there is one
         needs clip: it amplifies
         never with noise: both shake
    rule, last: turns the gradient into what is subtracted
      1. decoupled-weight-decay {"rule":{"use":"sgd","with":{"momentum":0.9}},"weightDecay":0.1} — A rule, and decoupled weight decay beside it
         rule: sgd — Gradient descent, momentum, Nesterov
    learning rate, read once at the start of a step and shown to every hook
      1. constant {"value":0.1} — One rate"
  `);
});

it("jsonSchema gives names, options and nested plugins to an editor", async () => {
  const z = definePlugin({
    kind: "hook",
    name: "by-zod",
    description: "by zod",
    options: zod.strictObject({ norm: zod.number() }),
    create: () => stateless("by-zod", (grads) => grads),
  });
  const schema = (await createRegistry([corePlugins, lazy(hook("late")), z]).jsonSchema()) as {
    definitions: Record<string, { anyOf: { anyOf: [{ const: string }, { properties: { with: object } }] }[] }>;
    properties: object;
  };
  const named = (kind: string): string[] => schema.definitions[kind]?.anyOf.map(({ anyOf }) => anyOf[0].const) ?? [];
  expect(named("hook")).toContain("late");
  expect(named("rule")).toContain("adamw");
  const options = (kind: string, name: string): object | undefined =>
    schema.definitions[kind]?.anyOf.find(({ anyOf }) => anyOf[0].const === name)?.anyOf[1].properties.with;
  expect(options("rule", "sgd")).toMatchObject({
    properties: { momentum: { type: "number", default: 0 } },
    additionalProperties: false,
  });
  expect(options("schedule", "warmup")).toMatchObject({
    properties: { schedule: { anyOf: [{ type: "number" }, { $ref: "#/definitions/schedule" }] } },
  });
  expect(options("hook", "by-zod")).toMatchObject({ properties: { norm: { type: "number" } } });
  expect(Object.keys(schema.properties)).toContain("learningRate");
});

describe("prototype pollution", () => {
  const polluted = (): boolean => "polluted" in {};
  it("a recipe with __proto__ and constructor keys changes no prototype and is refused", async () => {
    const given = JSON.parse(
      '{ "rule": { "use": "sgd", "with": { "__proto__": { "polluted": 1 } } }, "learningRate": 0.1, "__proto__": { "polluted": 1 }, "constructor": 1 }',
    ) as Recipe;
    const message = await problems([], given);
    expect(message).toMatch(/`__proto__` is not a key of a recipe/);
    expect(message).toMatch(/`constructor` is not a key/);
    expect(message).toMatch(/`__proto__` is not an option/);
    expect(polluted()).toBe(false);
  });
  it("names from Object.prototype are no plugins, and no hook is called __proto__", async () => {
    for (const name of ["constructor", "toString", "__proto__"])
      expect(await problems([], recipe([name]))).toMatch(/no plugin is named/);
    expect(await problems([], recipe([{ use: "ema", as: "__proto__" }]))).toMatch(/`__proto__` cannot name a hook/);
  });
});

it("two registries may differ, and importing core registers nothing", async () => {
  await expect(createRegistry([]).create("rule", "sgd")).rejects.toThrow(/no plugin is named `sgd`/);
  expect((await createRegistry([corePlugins]).create("rule", "sgd")).name).toBe(sgd().name);
});
