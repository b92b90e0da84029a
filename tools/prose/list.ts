import { clean } from "./clean.ts";
import { lineAt, type Passage } from "./passage.ts";
import { HABITS } from "./rates.ts";

/** Lists each use of a habit that has an upper limit: file, line, habit and the line's text. */
export function listUses(passages: readonly Passage[]): string[] {
  return passages
    .filter(({ kind }) => kind !== "message")
    .flatMap((passage) =>
      HABITS.filter(({ limit }) => "max" in limit).flatMap(({ name, find }) =>
        find(clean(passage)).map(
          (index) => `${passage.file}:${lineAt(passage, index)} ${name}: ${around(passage.text, index)}`,
        ),
      ),
    );
}

function around(text: string, index: number): string {
  const end = text.indexOf("\n", index);
  return text.slice(text.lastIndexOf("\n", index) + 1, end < 0 ? undefined : end).trim();
}
