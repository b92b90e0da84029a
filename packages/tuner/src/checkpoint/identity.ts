import type { Assembly } from "../run/assembly.ts";
import type { FineTuneOptions } from "../run/options.ts";

/** What must be the same for a run to go on from a checkpoint. `epochs` is not in it: a run may be made longer. */
export type Identity = Readonly<Record<string, unknown>>;

/** @param base digest of what the run does not write: another base model is another run. */
export function identityOf(assembly: Assembly, options: FineTuneOptions, base: string): Identity {
  const { optimizer, params, phases, train, batchSize, accumulate, seed, patches } = assembly;
  const { shuffle = true, augment = [], views, mixup = 0, classWeights, weightNoise, checkpoint, combiner } = options;
  return {
    base,
    params: params.map(({ name, shape }) => `${name}[${shape}]`),
    phases: phases.map(({ from, params }) => `${from}: ${params.length}`),
    patches: patches.map(({ name }) => name),
    hooks: optimizer.hooks.map(({ name }) => name),
    rule: optimizer.rule.name,
    combiner: combiner?.name ?? null,
    examples: train.size,
    ...(train.buffer === undefined ? {} : { buffer: train.buffer }),
    batchSize,
    accumulate,
    seed,
    shuffle,
    augment: augment.map(({ name }) => name),
    views: views ?? null,
    mixup,
    classWeights: classWeights ?? null,
    ...(weightNoise ? { weightNoise: weightNoise.deviation } : {}),
    recipe: checkpoint?.recipe ?? null,
  };
}

/** One line for each key in which two runs differ. */
export function differences(stored: Identity, mine: Identity): string[] {
  const keys = [...new Set([...Object.keys(stored), ...Object.keys(mine)])];
  return keys.flatMap((key) => {
    const [was, is] = [JSON.stringify(stored[key]), JSON.stringify(mine[key])];
    return was === is ? [] : [`${key}: was ${short(was)}, is ${short(is)}`];
  });
}

function short(text: string | undefined): string {
  if (text === undefined) return "absent";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
