/** Base of every error that Graft throws on purpose. `hint` names the fix; the message contains it too. */
export class GraftError extends Error {
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(`${message}\n  ${hint.replaceAll("\n", "\n  ")}`, options);
    this.name = new.target.name;
    this.hint = hint;
  }
}
// Each class below names itself, because a minifier shortens the names of classes.

/** An option of a hook, rule, patch or backend is out of range, of the wrong type, or unknown. */
export class OptionsError extends GraftError {
  override name = "OptionsError";
}
/** A recipe or a composition does not fit together. */
export class RecipeError extends GraftError {
  override name = "RecipeError";
}
/** A selector matches nothing, or a parameter has no gradient. */
export class SelectionError extends GraftError {
  override name = "SelectionError";
}
/** A checkpoint does not fit the optimizer or run that loads it. */
export class StateError extends GraftError {
  override name = "StateError";
}
/** No backend can do the job, or a backend failed to start. */
export class BackendError extends GraftError {
  override name = "BackendError";
}
/** The device behind a backend is lost, and every tensor on it. Continue from a checkpoint on a new session or another backend. */
export class BackendLostError extends BackendError {
  override name = "BackendLostError";
}
/** A gradient, a loss or a state is NaN or infinite. */
export class NonFiniteError extends GraftError {
  override name = "NonFiniteError";
}

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
  const far = (other: string): number => distance(name.toLowerCase(), other.toLowerCase());
  const near = known.filter((other) => far(other) <= limit);
  return near.sort((a, b) => far(a) - far(b)).slice(0, 3);
}

/** Returns the Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = [0, ...b].map((_, j) => j);
  for (const [i, from] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, to] of [...b].entries())
      next.push(
        Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, (row[j] as number) + Number(from !== to)),
      );
    row = next;
  }
  return row.at(-1) as number;
}
