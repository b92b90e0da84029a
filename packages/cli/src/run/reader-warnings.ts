import type { ModelCard } from "@graftjs/tuner";

/** Options of a reader that may differ without harm: the model's input decides them. */
const FREE: ReadonlySet<string> = new Set(["size", "channels", "fit"]);

/**
 * Warns if a recipe prepares its inputs otherwise than the base model's were prepared: another range of pixels, for example.
 *
 * @param base the card that is stored with the base model.
 * @param reader the reader of the recipe's data.
 */
export function readerWarnings(base: ModelCard | undefined, reader: ModelCard["reader"]): readonly string[] {
  if (!base?.reader || !reader || base.reader.use !== reader.use) return [];
  const [trained, now] = [optionsOf(base.reader), optionsOf(reader)];
  return [...new Set([...Object.keys(trained), ...Object.keys(now)])]
    .filter((name) => !FREE.has(name) && JSON.stringify(trained[name]) !== JSON.stringify(now[name]))
    .map(
      (name) =>
        `Warning: the base model was trained on inputs with ${name} ${shown(trained[name])}, and the recipe's data have ${shown(now[name])}. Remove \`${name}\` from the recipe's data to use the base model's.`,
    );
}

function optionsOf({ with: options }: NonNullable<ModelCard["reader"]>): Readonly<Record<string, unknown>> {
  return (options ?? {}) as Readonly<Record<string, unknown>>;
}

function shown(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
