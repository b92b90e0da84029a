import { type AnyRule, corePlugins, type OptionSchema, OptionsError, suggest, type Use } from "@graftjs/core";

export const innerRuleOption: OptionSchema = {
  description: 'The rule inside, as in a recipe: "sgd", or { "use": "adam", "with": { ... } }',
};

/**
 * One of core's rules from JSON, for rules around a rule in a recipe.
 *
 * @throws OptionsError where core has no such rule. In code any rule can be passed.
 */
export function innerRule(name: string, use: Use): AnyRule {
  const entry = typeof use === "string" ? { use } : use;
  const rules = corePlugins.filter(({ kind }) => kind === "rule");
  const plugin = rules.find((rule) => rule.name === entry?.use);
  if (!plugin) {
    throw new OptionsError(
      `\`rule\` of \`${name}\` is ${JSON.stringify(entry?.use)}.`,
      `In a recipe it is one of core's rules; in code it can be any. ${suggest(
        String(entry?.use),
        rules.map((rule) => rule.name),
      )}`,
    );
  }
  return plugin.create("with" in entry ? entry.with : undefined) as AnyRule;
}
