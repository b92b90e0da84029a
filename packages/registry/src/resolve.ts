import {
  type AnyHook,
  brokenConstraints,
  type Callback,
  chain,
  formatNames,
  type ModelPatch,
  nearestNames,
  type Observer,
  type OptionSchema,
  RecipeError,
} from "@graftjs/core";
import { builder, type Used } from "./build.ts";
import { type Entries, nearOnes } from "./entries.ts";
import type { RunParts } from "./kinds.ts";
import type { Recipe, Resolved } from "./recipe.ts";
import { type Section, sectionsOf } from "./sections.ts";

/** A recipe's values, the plugins that it uses, and the sections that it may have. */
export interface Resolution {
  readonly resolved: Resolved;
  readonly used: readonly Used[];
  readonly sections: readonly Section[];
}

/** Builds the parts that `recipe` names. @throws RecipeError with all problems at once. */
export async function resolve(recipe: Recipe, { plugins, kinds }: Entries, run?: OptionSchema): Promise<Resolution> {
  if (typeof recipe !== "object" || recipe === null || Array.isArray(recipe)) {
    throw new RecipeError("The recipe is not an object.", 'Write { "rule": "sgd", "learningRate": 0.1 }.');
  }
  const sections = sectionsOf(kinds, run);
  const keys = sections.map(({ key }) => key);
  const { fill, problems, used } = builder(plugins);
  for (const key of Object.keys(recipe).filter((key) => !keys.includes(key)))
    problems.push(`\`${key}\` is not a key of a recipe. ${placeOf(key, keys, run)}`);
  const values: Record<string, unknown> = {};
  for (const section of sections) {
    const problem = misshapen(section, recipe[section.key]);
    if (problem) problems.push(problem);
    else values[section.key] = await fill(section.schema, recipe[section.key], section.key);
  }
  const present = <T>(key: string): T[] =>
    ((values[key] ?? []) as (T | undefined)[]).filter((value) => value !== undefined);
  const added = contributions(sections, present);
  const hooks = [...present<AnyHook>("hooks"), ...added.hooks];
  problems.push(...misnamed(hooks), ...brokenConstraints(used));
  if (values.rule === undefined || problems.length > 0) {
    throw new RecipeError(`The recipe has ${problems.length} problem(s).`, problems.join("\n"));
  }
  return {
    used,
    sections,
    resolved: {
      backends: present("backends"),
      trainable: recipe.trainable,
      patches: [...present<ModelPatch>("patches"), ...added.patches],
      combiner: values.combiner as Resolved["combiner"],
      hooks,
      rule: values.rule as Resolved["rule"],
      learningRate: values.learningRate as Resolved["learningRate"],
      rateMultipliers: present("rateMultipliers"),
      callbacks: [...present<Callback>("callbacks"), ...added.callbacks],
      observers: [...present<Observer>("observers"), ...added.observers],
      run: values.run,
      parts: Object.fromEntries(sections.filter((section) => section.added).map(({ key }) => [key, values[key]])),
    },
  };
}

/** Names that other tools give to a recipe's keys. */
const ELSEWHERE: Readonly<Record<string, string>> = { optimizer: "rule", lr: "learningRate", layers: "trainable" };

/** Says what to write instead of an unknown key. */
function placeOf(key: string, keys: readonly string[], run: OptionSchema | undefined): string {
  const near = nearOnes(key, keys);
  if (near) return near;
  const other = Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
  if (other) return `Write \`${other}\`.`;
  const options = Object.keys(run?.properties ?? {});
  if (options.includes(key)) return `It belongs into \`run\`: "run": { "${key}": ... }.`;
  const [inRun] = nearestNames(key, options);
  return inRun ? `Did you mean \`${inRun}\` in \`run\`?` : `The keys are ${formatNames(keys)}.`;
}

/** Returns the problem of a section that is missing or has the wrong form. */
function misshapen({ key, schema, required }: Section, value: unknown): string | undefined {
  if (value === undefined) return required && `${key} is missing. ${required}`;
  if (schema.type === "array" && !Array.isArray(value)) return `${key} is not a list. Put it into brackets.`;
  if (schema.plugin === "schedule" && typeof value === "number" && !(value >= 0 && Number.isFinite(value)))
    return `${key} is ${value}. Give a number ≥ 0, or a schedule.`;
  return undefined;
}

/** Parts of the added kinds, turned into parts that a run knows. */
function contributions(
  sections: readonly Section[],
  present: <T>(key: string) => T[],
): { readonly [K in keyof RunParts]-?: NonNullable<RunParts[K]> } {
  const made = sections.flatMap(({ key, added }): RunParts[] => {
    const contribute = added?.contribute as ((parts: readonly unknown[]) => RunParts) | undefined;
    if (!contribute) return [];
    const parts = present(key);
    return parts.length > 0 ? [contribute(parts)] : [];
  });
  return {
    hooks: made.flatMap(({ hooks = [] }) => hooks),
    patches: made.flatMap(({ patches = [] }) => patches),
    observers: made.flatMap(({ observers = [] }) => observers),
    callbacks: made.flatMap(({ callbacks = [] }) => callbacks),
  };
}

/** Returns the problem that `chain` would report about the names of `hooks`. */
function misnamed(hooks: readonly AnyHook[]): string[] {
  try {
    chain(...hooks);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
