import { type Described, optionsIn } from "./described.ts";
import { writeTables } from "./markers.ts";

/** Lists everything that is wrong with the options tables of one README, each with its fix. */
export function problems(file: string, readme: string, options: readonly Described[]): string[] {
  const { text, names, unknown } = writeTables(readme, options);
  const missing = options.map(({ name }) => name).filter((name) => !names.includes(name));
  return [
    ...unknown.map((name) => `${file}: no options are named "${name}". Correct the marker.`),
    ...(missing.length === 0
      ? []
      : [
          `${file}: the options of ${missing.join(", ")} are not documented. Add a line <!-- options:${missing.join(" ")} --> ` +
            "and a line <!-- /options -->, and run pnpm options-docs --write.",
        ]),
    ...options.flatMap(({ name, schema }) =>
      optionsIn(schema)
        .filter(({ option }) => !option.description)
        .map(({ path }) => `${file}: option "${path}" of "${name}" has no description. Add one to its schema.`),
    ),
    ...(text === readme ? [] : [`${file}: a table of options is out of date. Run pnpm options-docs --write.`]),
  ];
}
