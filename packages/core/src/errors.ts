/** Base of every error that Graft throws on purpose. `hint` names the fix; the message contains it too. */
export class GraftError extends Error {
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(`${message}\n  ${hint.replaceAll("\n", "\n  ")}`, options);
    this.name = new.target.name;
    this.hint = hint;
  }
}
/** An option of a hook, rule, patch or backend is out of range, of the wrong type, or unknown. */
export class OptionsError extends GraftError {}
/** A recipe or a composition does not fit together. */
export class RecipeError extends GraftError {}
/** A selector matches nothing, or a parameter has no gradient. */
export class SelectionError extends GraftError {}
/** A checkpoint does not fit the optimizer or run that loads it. */
export class StateError extends GraftError {}
/** No backend can do the job, or a backend failed to start. */
export class BackendError extends GraftError {}
/** The device behind a backend is lost, and every tensor on it. Continue from a checkpoint on a new session or another backend. */
export class BackendLostError extends BackendError {}
/** A gradient, a loss or a state is NaN or infinite. */
export class NonFiniteError extends GraftError {}

/** Formats names as "`a`, `b` and `c`", or "none". */
export function formatNames(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length < 2 ? (quoted[0] ?? "none") : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
}

/** Returns "Did you mean `x`?" with the nearest of `known`, or the whole list if none is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearestNames(name, known);
  return near.length > 0
    ? `Did you mean ${near.map((n) => `\`${n}\``).join(" or ")}?`
    : `Known: ${formatNames(known)}.`;
}

/** Returns up to three of `known` within an edit distance of 2 or a third of the length, nearest first. */
export function nearestNames(name: string, known: readonly string[]): readonly string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return known
    .map((other) => ({ other, d: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ d }) => d <= limit)
    .sort((a, b) => a.d - b.d)
    .slice(0, 3)
    .map(({ other }) => other);
}

/** Returns the Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + Number(a[i] !== b[j]);
      next.push(Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
