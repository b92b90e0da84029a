import { list, nearest, RecipeError } from "./errors.ts";
import type { AnyHook } from "./hook.ts";
import { masked } from "./masked.ts";
import type { LazyPlugin, Plugin, PluginKind, PluginKinds } from "./plugin.ts";
import type { Recipe, Resolved, Use } from "./recipe.ts";
import type { Schedule } from "./schedule.ts";

/** A plugin as a listing shows it. */
export interface Listing {
  readonly name: string;
  readonly kind: PluginKind;
  readonly description: string;
}

/** Plugins by name. A value: nothing registers itself on import, and two registries may differ. */
export interface Registry {
  /** What is registered, in order of registration; with a kind, of that kind alone. */
  list(kind?: PluginKind): readonly Listing[];
  /**
   * Builds everything a recipe names, loading lazy plugins.
   *
   * @throws RecipeError with all problems of the recipe at once, each ending in its fix.
   */
  resolve(recipe: Recipe): Promise<Resolved>;
}

const RECIPE_KEYS = [
  "$schema",
  "plugins",
  "backends",
  "trainable",
  "patches",
  "combiner",
  "hooks",
  "rule",
  "learningRate",
  "rateMultipliers",
  "observers",
  "run",
];

/** @throws RecipeError where two plugins share a name. */
export function createRegistry(entries: readonly (Plugin | LazyPlugin | readonly (Plugin | LazyPlugin)[])[]): Registry {
  const byName = new Map<string, Plugin | LazyPlugin>();
  for (const plugin of entries.flat() as readonly (Plugin | LazyPlugin)[]) {
    if (byName.has(plugin.name)) {
      throw new RecipeError(
        `Two plugins are named \`${plugin.name}\`.`,
        "Leave one of them out of createRegistry([...]).",
      );
    }
    byName.set(plugin.name, plugin);
  }
  return {
    list: (kind) =>
      [...byName.values()]
        .filter((plugin) => kind === undefined || plugin.kind === kind)
        .map(({ name, kind, description }) => ({ name, kind, description })),
    resolve: (recipe) => resolve(recipe, byName),
  };
}

async function resolve(recipe: Recipe, byName: ReadonlyMap<string, Plugin | LazyPlugin>): Promise<Resolved> {
  const problems: string[] = [];
  const stray = Object.keys(recipe).filter((key) => !RECIPE_KEYS.includes(key));
  for (const key of stray) problems.push(`\`${key}\` is not a key of a recipe. ${didYouMean(key, RECIPE_KEYS)}`);

  async function build<K extends PluginKind>(kind: K, use: Use, at: string): Promise<PluginKinds[K] | undefined> {
    const entry = typeof use === "string" ? { use } : use;
    const known = byName.get(entry?.use);
    if (!known) {
      problems.push(`${at}: ${notFound(String(entry?.use ?? use), [...byName.keys()])}`);
      return undefined;
    }
    if (known.kind !== kind) {
      const fix =
        known.kind === "rule"
          ? "It is an update rule: move it to `rule`."
          : `Move it to where a ${known.kind} belongs.`;
      problems.push(`${at}: \`${entry.use}\` is a ${known.kind}, and stands where a ${kind} belongs. ${fix}`);
      return undefined;
    }
    const plugin = "load" in known ? await known.load() : known;
    const options = await validated(plugin, "with" in entry ? entry.with : undefined, at, problems);
    if (!options) return undefined;
    try {
      return plugin.create(options.value) as PluginKinds[K];
    } catch (error) {
      problems.push(`${at}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
  async function all<K extends PluginKind>(
    kind: K,
    uses: readonly Use[] | undefined,
    key: string,
  ): Promise<PluginKinds[K][]> {
    const made = await Promise.all((uses ?? []).map((use, i) => build(kind, use, `${key}[${i}]`)));
    return made.filter((value) => value !== undefined);
  }
  const scheduled = async (rate: number | Use | undefined, at: string): Promise<number | Schedule> => {
    if (typeof rate === "number" && rate >= 0 && Number.isFinite(rate)) return rate;
    if (typeof rate === "number") problems.push(`${at} is ${rate}. Give a number ≥ 0, or a schedule.`);
    else if (rate === undefined)
      problems.push(`${at} is missing. Give a number, or { "use": "warmup-cosine", "with": { ... } }.`);
    else return (await build("schedule", rate, at)) ?? 0;
    return 0;
  };

  const backends = await all("backend", recipe.backends, "backends");
  const patches = await all("patch", recipe.patches, "patches");
  const combiner = recipe.combiner === undefined ? undefined : await build("combiner", recipe.combiner, "combiner");
  const hooks = (
    await Promise.all((recipe.hooks ?? []).map(async (use, i) => placed(await build("hook", use, `hooks[${i}]`), use)))
  ).filter((hook) => hook !== undefined);
  const rule = recipe.rule === undefined ? undefined : await build("rule", recipe.rule, "rule");
  if (recipe.rule === undefined)
    problems.push('rule is missing. Give one: "rule": { "use": "sgd", "with": { "momentum": 0.9 } }.');
  const learningRate = await scheduled(recipe.learningRate, "learningRate");
  const rateMultipliers = await Promise.all(
    (recipe.rateMultipliers ?? []).map(async ({ on, by }, i) => ({
      on,
      by: await scheduled(by, `rateMultipliers[${i}].by`),
    })),
  );
  const observers = await all("observer", recipe.observers, "observers");
  problems.push(...brokenConstraints(order(recipe), byName));
  if (!rule || problems.length > 0) {
    throw new RecipeError(`The recipe has ${problems.length} problem(s).`, problems.join("\n"));
  }
  return {
    backends,
    trainable: recipe.trainable,
    patches,
    combiner,
    hooks,
    rule,
    learningRate,
    rateMultipliers,
    observers,
  };
}

function placed(hook: AnyHook | undefined, use: Use): AnyHook | undefined {
  if (!hook || typeof use === "string") return hook;
  const named = use.as === undefined ? hook : { ...hook, name: use.as };
  return use.on === undefined ? named : masked(named, use.on);
}

async function validated(
  plugin: Plugin,
  given: unknown,
  at: string,
  problems: string[],
): Promise<{ value: unknown } | undefined> {
  if (!plugin.options) {
    if (given === undefined || (typeof given === "object" && given !== null && Object.keys(given).length === 0))
      return { value: undefined };
    problems.push(`${at}: \`${plugin.name}\` takes no options. Remove \`with\`.`);
    return undefined;
  }
  const result = await plugin.options["~standard"].validate(given ?? {});
  if (!result.issues) return { value: result.value };
  for (const { message } of result.issues) problems.push(`${at} \`${plugin.name}\`: ${message}`);
  return undefined;
}

/** Names in the order in which they act. */
function order({ backends = [], patches = [], combiner, hooks = [], rule }: Recipe): string[] {
  const uses = [
    ...backends,
    ...patches,
    ...(combiner === undefined ? [] : [combiner]),
    ...hooks,
    ...(rule === undefined ? [] : [rule]),
  ];
  return uses.map((use) => (typeof use === "string" ? use : use.use));
}

function brokenConstraints(names: readonly string[], plugins: ReadonlyMap<string, Plugin | LazyPlugin>): string[] {
  return names.flatMap((name, at) => {
    const plugin = plugins.get(name);
    if (!plugin || "load" in plugin) return [];
    const { after = [], before = [], conflicts = {}, needs = {} } = plugin;
    return [
      ...after
        .filter((other) => names.indexOf(other) > at)
        .map((other) => `\`${name}\` must come after \`${other}\`: move it down.`),
      ...before
        .filter((other) => names.includes(other) && names.indexOf(other) < at)
        .map((other) => `\`${name}\` must come before \`${other}\`: move it up.`),
      ...Object.entries(conflicts)
        .filter(([other]) => names.includes(other))
        .map(([other, why]) => `\`${name}\` conflicts with \`${other}\`: ${why}`),
      ...Object.entries(needs)
        .filter(([other]) => !names.includes(other))
        .map(([other, why]) => `\`${name}\` needs \`${other}\`: ${why}`),
    ];
  });
}

function notFound(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known);
  return near
    ? `no plugin is named \`${name}\`. ${near}`
    : `no plugin is named \`${name}\`. If it is a package: pnpm add @graftjs/${name}, then add it to "plugins". Registered: ${list(known)}.`;
}

function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near.length > 0 ? `Did you mean ${near.map((n) => `\`${n}\``).join(" or ")}?` : "";
}
