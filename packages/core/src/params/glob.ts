import { SelectionError } from "../errors.ts";

/**
 * Compiles a glob over the names of parameters: `*` within a segment, `**` across segments, `[1-3]` and `[!1-3]` one character.
 *
 * Time grows with the length of the name times that of the glob. A RegExp would take exponential time for globs like `*a*a*a*b`.
 *
 * @throws SelectionError if a class of characters is not valid.
 */
export function compileGlob(glob: string): ({ name }: { readonly name: string }) => boolean {
  // Every other character is literal, also an unmatched bracket.
  const found = glob.match(/\*\*\/|\*\*|\*|\[!?[^\]/*]+\]|[^*[]+|\[/g) ?? [];
  const parts = found.map((part) => (/^\[./.test(part) ? classOf(part, glob) : part));
  return ({ name }) => {
    /** At i: whether the parts so far match the first i characters. */
    let reached: (boolean | undefined)[] = [true];
    for (const part of parts) {
      const [first, next] = [reached.indexOf(true), [] as typeof reached];
      for (let i = first; i >= 0 && i <= name.length; i++) {
        if (part === "**") next[i] = true;
        else if (part === "**/") next[i] = reached[i] || (i > first && name[i - 1] === "/");
        else if (part === "*") next[i] = reached[i] || (next[i - 1] && name[i - 1] !== "/");
        else if (typeof part === "string") next[i] = reached[i - part.length] && name.startsWith(part, i - part.length);
        else next[i] = reached[i - 1] && part.test(name[i - 1] ?? "");
      }
      reached = next;
    }
    return reached[name.length] === true;
  };
}

function classOf(part: string, glob: string): RegExp {
  try {
    return new RegExp(`^[${part.slice(1, -1).replace(/^!/, "^").replace(/[\\[]/g, "\\$&")}]$`);
  } catch {
    throw new SelectionError(`\`${glob}\` is not a glob.`, "A class goes from low to high: [1-3], [a-z].");
  }
}
