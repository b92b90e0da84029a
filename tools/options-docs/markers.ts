import type { Described } from "./described.ts";
import { optionsTable } from "./table.ts";

/** `<!-- options:lars -->` or `<!-- options:lamb lambc -->`, a table, and `<!-- /options -->`. */
const REGION = /^(<!-- options:([\w -]*?) -->)\n([\s\S]*?)^(<!-- \/options -->)$/gm;

/** A README with its tables written, and the faults of its markers. */
export interface Written {
  readonly text: string;
  /** Names of all markers. */
  readonly names: readonly string[];
  /** Names in markers that no options have. */
  readonly unknown: readonly string[];
}

/** Writes the table of options between each pair of markers. */
export function writeTables(readme: string, options: readonly Described[]): Written {
  const names: string[] = [];
  const unknown: string[] = [];
  const text = readme.replace(REGION, (region, open: string, list: string, _old: string, close: string) => {
    const wanted = list.split(/\s+/).filter(Boolean);
    names.push(...wanted);
    const sets = wanted.flatMap((name) => options.find((set) => set.name === name) ?? []);
    unknown.push(...wanted.filter((name) => !options.some((set) => set.name === name)));
    return sets.length === 0 ? region : `${open}\n${optionsTable(sets)}\n${close}`;
  });
  return { text, names, unknown };
}
