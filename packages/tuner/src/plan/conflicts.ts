import { brokenConstraints, type Constrained, type Plugin } from "@graftjs/core";
import type { Assembly } from "../loop/assembly/assembly.ts";
import type { Phase } from "../loop/assembly/phases.ts";

/** Lists valid options that defeat each other, each with a suggested fix. */
export function conflictsOf({ phases, optimizer, options }: Assembly, plugins: readonly Plugin[]): string[] {
  const { augment, views, mixup, cutmix = 0, cache, epochs, unfreeze, combiner } = options;
  const { trunk } = (phases[0] as Phase).cut;
  const cacheable = cache !== false && trunk.layers > 0;
  const uncached = `the trunk (${trunk.layers} of ${trunk.of} layers) runs for every batch of every epoch`;
  const found: string[] = [];
  const mixing = mixup > 0 ? "mixup" : cutmix > 0 ? "cutmix" : undefined;
  if (views !== undefined && mixing)
    found.push(
      `\`views\` with \`${mixing}\`: mixed inputs are new every time, so no view is cached. Remove one of them.`,
    );
  else if (cacheable && mixing)
    found.push(
      `\`${mixing}\` with a trunk: mixed inputs are new every time, so ${uncached}. Remove \`${mixing}\` to cache it.`,
    );
  else if (cacheable && augment.length > 0 && views === undefined)
    found.push(
      `\`augment\` without \`views\`: every view is new, so ${uncached}. Set a number of \`views\` to cache them.`,
    );
  for (const [i, { epoch }] of unfreeze.entries())
    if (epoch >= epochs)
      found.push(
        `\`unfreeze[${i}]\` never happens: it starts in epoch ${epoch} (counted from 0), but the run has ${epochs} epochs. Set an earlier \`epoch\`.`,
      );
  const parts = [
    ...optimizer.hooks.map(({ name }, i) => ({ at: `hooks[${i}]`, name })),
    { at: "rule", name: optimizer.rule.name },
    ...(combiner ? [{ at: "combiner", name: combiner.name }] : []),
  ];
  const used = parts.map(({ at, name }): Constrained => {
    const plugin = plugins.find((plugin) => plugin.name === name);
    return { at, plugin: plugin ?? { name } };
  });
  return [...found, ...brokenConstraints(used)];
}
