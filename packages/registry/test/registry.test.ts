import { plugins as corePlugins, definePlugin, type Plugin, sgd, stateless } from "@graftjs/core";
import { plugins as transformPlugins } from "@graftjs/transforms";
import * as valibot from "valibot";
import { describe, expect, it } from "vitest";
import * as zod from "zod";
import { createRegistry, defineKind, type Recipe } from "../src/index.ts";

// A third party's kind, by declaration merging.
interface Augmentation {
  augment(x: number): number;
}
declare module "@graftjs/core" {
  interface PluginKinds {
    pulse: Augmentation;
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
const graftPlugins = [...corePlugins, ...transformPlugins];
const recipe = (hooks: Recipe["hooks"] & {}, more: object = {}): Recipe => ({
  rule: "sgd",
  learningRate: 0.1,
  hooks,
  ...more,
});
const problems = async (entries: Parameters<typeof createRegistry>[0], given: Recipe): Promise<string> => {
  try {
    await createRegistry([graftPlugins, ...entries]).resolve(given);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("what runs is what is written", () => {
  it("hooks, rule, rate and multipliers in the recipe's order", async () => {
    const registry = createRegistry([graftPlugins, hook("b"), hook("a")]);
    const resolved = await registry.resolve(
      recipe(["a", { use: "b", as: "b2", on: "**/kernel" }, { use: "b" }], {
        learningRate: { use: "warmup", with: { steps: 2, schedule: { use: "cosine", with: { start: 1, steps: 4 } } } },
        rateMultipliers: [{ params: "head", factor: 3 }],
      }),
    );
    expect(resolved.hooks.map(({ name }) => name)).toEqual(["a", "b2", "b"]);
    expect(resolved.rule.name).toBe("sgd");
    expect(typeof resolved.learningRate === "function" && resolved.learningRate(2)).toBe(1);
    expect(resolved.rateMultipliers).toEqual([{ params: "head", factor: 3 }]);
  });

  it("every plugin of core and transforms can be named in a recipe", async () => {
    const registry = createRegistry([graftPlugins]);
    const inner = { use: "accumulate", with: { steps: 2 } };
    const resolved = await registry.resolve(
      recipe(
        [
          inner,
          { use: "add-decayed-weights", with: { weightDecay: 0.1 } },
          { use: "apply-if-finite", with: { policy: "skip" } },
          { use: "conditionally", with: { hook: { use: "gradient-stats", with: { name: "raw" } }, every: 3 } },
          {
            use: "partition",
            with: { hooks: { a: { use: "ema" }, b: "apply-if-finite" }, labels: { a: "bias", b: "**" } },
          },
          "ema",
        ],
        {
          rule: {
            use: "update-stats",
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

it("conflicts are reported with their reason, whichever of the two comes first", async () => {
  const shaker = hook("shaker", { conflicts: { noise: "both shake" } });
  for (const order of [
    ["shaker", "noise"],
    ["noise", "shaker"],
  ]) {
    expect(await problems([shaker, hook("noise")], recipe(order))).toMatch(
      /hooks\[[01]\]: `shaker` conflicts with `noise`: both shake/,
    );
  }
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
});

it("lists by kind and by wildcard, with one line each", () => {
  const registry = createRegistry([graftPlugins]);
  expect(registry.list("schedule", "warmup*")).toEqual([
    { name: "warmup", kind: "schedule", description: "Linear rise, then another schedule" },
    { name: "warmup-cosine", kind: "schedule", description: "Linear rise, then half a cosine down" },
  ]);
  expect(registry.list(undefined, "ada*").map(({ name }) => name)).toEqual(["adam", "adamw"]);
  expect(registry.list()).toHaveLength(graftPlugins.length);
});

it("a third party's kind, by declaration merging, through create", async () => {
  const flip = definePlugin({
    kind: "pulse",
    name: "flip",
    description: "Turns the sign",
    create: () => ({ augment: (x: number) => -x }),
  });
  const registry = createRegistry([graftPlugins, flip]);
  expect((await registry.create("pulse", "flip")).augment(2)).toBe(-2);
});

it("explain prints the composed step, and why each part stands where it does", async () => {
  const clip = hook("clip");
  const shake = hook("shake", { conflicts: { noise: "both shake" } });
  const text = await createRegistry([graftPlugins, clip, shake]).explain(
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
    hooks: in this order, each gets the result of the one above
      1. clip — clip of the test
      2. shake as shaken on **/kernel — shake of the test
         never with noise: both shake
    rule: last, turns the gradient into the update
      1. decoupled-weight-decay {"rule":{"use":"sgd","with":{"momentum":0.9}},"weightDecay":0.1} — Adds decoupled weight decay to a rule
         rule: sgd — Gradient descent, momentum, Nesterov
    learning rate: read once at the start of a step and shown to every hook
      1. constant {"value":0.1} — Constant rate"
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
  const schema = createRegistry([graftPlugins, hook("late"), z]).jsonSchema() as {
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
    properties: { schedule: { allOf: [{ anyOf: [{ type: "number" }, { $ref: "#/definitions/schedule" }] }] } },
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
  it("names from Object.prototype are not plugins, and a hook cannot be named __proto__", async () => {
    for (const name of ["constructor", "toString", "__proto__"])
      expect(await problems([], recipe([name]))).toMatch(/no plugin is named/);
    expect(await problems([], recipe([{ use: "ema", as: "__proto__" }]))).toMatch(/`__proto__` cannot name a hook/);
  });
});

it("two registries may differ, and importing core registers nothing", async () => {
  await expect(createRegistry([]).create("rule", "sgd")).rejects.toThrow(/no plugin is named `sgd`/);
  expect((await createRegistry([graftPlugins]).create("rule", "sgd")).name).toBe(sgd().name);
});

describe("a kind that a package adds", () => {
  const kind = defineKind({
    defines: "pulse",
    key: "pulses",
    title: "pulses: turned into one hook that scales the gradient",
    contribute: (parts) => ({
      hooks: [stateless("pulse", (grads) => grads)].filter(() => parts.every((part) => part.augment(1) === -1)),
    }),
  });
  const flip = definePlugin({
    kind: "pulse",
    name: "flip",
    description: "Turns the sign",
    create: () => ({ augment: (x: number) => -x }),
  });
  const registry = createRegistry([graftPlugins, kind, flip]);

  it("has a section in recipes, whose parts become parts of the run", async () => {
    const resolved = await registry.resolve(recipe(["ema"], { pulses: ["flip"] }));
    expect(resolved.hooks.map(({ name }) => name)).toEqual(["ema", "pulse"]);
    expect(resolved.parts.pulses).toHaveLength(1);
  });

  it("is listed, explained, checked and completed like the others", async () => {
    expect(registry.list("pulse").map(({ name }) => name)).toEqual(["flip"]);
    expect(await registry.explain(recipe([], { pulses: ["flip"] }))).toMatch(
      /pulses: turned into one hook.*\n {2}1\. flip — Turns the sign/,
    );
    await expect(registry.resolve(recipe([], { pulses: ["flop"] }))).rejects.toThrow(
      /pulses\[0\]: no plugin is named `flop`. Did you mean `flip`/,
    );
    await expect(registry.resolve(recipe([], { pulses: "flip" }))).rejects.toThrow(/pulses is not a list/);
    expect(JSON.stringify(registry.jsonSchema())).toContain("#/definitions/pulse");
  });

  it("cannot take the key of another section", () => {
    expect(() => createRegistry([{ ...kind, key: "hooks" }])).toThrow(/Two kinds want the recipe key `hooks`/);
  });

  it("occurs in the run section too, if the schema of the section says so", async () => {
    const run = { type: "object", properties: { wave: { plugin: "pulse" }, epochs: { type: "integer" } } } as const;
    const given = recipe([], { run: { wave: "flip", epochs: 3 } });
    const { run: built } = await registry.resolve(given, { run });
    expect((built as { wave: Augmentation }).wave.augment(2)).toBe(-2);
    expect(await registry.explain(given, { run })).toMatch(/Model, data, epochs\n {2}1\. wave: flip/);
  });
});
