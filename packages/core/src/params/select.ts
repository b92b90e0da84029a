import { didYouMean, SelectionError } from "../errors.ts";
import { compileGlob } from "./glob.ts";
import type { ParamInfo } from "./params.ts";

/** Globs over parameter names: `*` within a segment, `**` across segments, `[1-3]` and `[!1-3]` one character. */
export interface SelectSpec {
  /** @default ["**"] */
  readonly include?: readonly string[];
  /** @default [] */
  readonly exclude?: readonly string[];
}

/**
 * Selects parameters: a name, preset or glob, several of them (any may match), a spec with `exclude`, a RegExp on the name, or a
 * predicate. Presets: `all`, `bias` or `bitfit`, `norm` or `norm-tuning` (gamma and beta), `head` (the last layer that has
 * parameters), `last:n` (the last n such layers), `role:kernel` (any role). A pattern that is exactly the name of a parameter selects only it.
 */
export type Selector = string | readonly string[] | SelectSpec | RegExp | ((param: ParamInfo) => boolean);

/** A selector, compiled for a list of parameters. */
export type Select = (param: ParamInfo) => boolean;

/**
 * Returns the parameters that `selector` matches, in the order of `params`.
 *
 * @param what names the caller; the error begins with it: "The mask of `lars`".
 * @throws SelectionError with each pattern that matches nothing, and the nearest names. This holds for predicates and
 *   `exclude` patterns too: if a pattern has no effect, it is more likely a typing error than intended.
 */
export function selectParams<P extends ParamInfo>(
  params: readonly P[],
  selector: Selector,
  what: string,
): readonly P[] {
  const { select, unmatched } = compile(params, selector);
  const picked = params.filter(select);
  const names = params.map(({ name }) => name);
  if (unmatched.length > 0) {
    throw new SelectionError(
      `${what} matches nothing with ${unmatched.map((p) => `\`${p}\``).join(", ")}.`,
      unmatched.map((pattern) => hintFor(pattern, params)).join("\n"),
    );
  }
  if (picked.length === 0) {
    throw new SelectionError(`${what} matches none of ${params.length} parameters.`, didYouMean("", names));
  }
  return picked;
}

/** Compiles `selector` for masks. Throws like {@link selectParams}. */
export function matcher(params: readonly ParamInfo[], selector: Selector, what: string): Select {
  const names = new Set(selectParams(params, selector, what).map(({ name }) => name));
  return ({ name }) => names.has(name);
}

function compile(params: readonly ParamInfo[], selector: Selector): { select: Select; unmatched: string[] } {
  if (typeof selector === "function") return { select: selector, unmatched: [] };
  if (selector instanceof RegExp) {
    const test = ({ name }: ParamInfo): boolean => name.search(selector) >= 0;
    return { select: test, unmatched: params.some(test) ? [] : [String(selector)] };
  }
  const spec: SelectSpec =
    typeof selector === "string" ? { include: [selector] } : "at" in selector ? { include: selector } : selector;
  const side = (patterns: readonly string[]): { any: Select; unmatched: string[] } => {
    const tests = patterns.map((pattern) => ({ pattern, test: one(params, pattern) }));
    return {
      any: (param) => tests.some(({ test }) => test(param)),
      unmatched: tests.filter(({ test }) => !params.some(test)).map(({ pattern }) => pattern),
    };
  };
  const include = side(spec.include ?? ["**"]);
  const exclude = side(spec.exclude ?? []);
  return {
    select: (param) => include.any(param) && !exclude.any(param),
    unmatched: include.unmatched.concat(exclude.unmatched),
  };
}

/** One name, preset or glob. A name that is also a preset is the name: a converted graph may have a constant `bias`. */
function one(params: readonly ParamInfo[], pattern: string): Select {
  if (params.some(({ name }) => name === pattern)) return ({ name }) => name === pattern;
  if (pattern === "all") return () => true;
  if (pattern === "bias" || pattern === "bitfit") return ({ role }) => /(^|_)bias(es)?$/.test(role);
  if (pattern === "norm" || pattern === "norm-tuning") return ({ role }) => role === "gamma" || role === "beta";
  if (pattern.startsWith("role:")) return ({ role }) => role === pattern.slice(5);
  const last = pattern === "head" ? 1 : Number(/^last:(\d+)$/.exec(pattern)?.[1]);
  // A model may well have a layer called `head`; the preset is that layer then, by glob as written.
  if (last > 0 && !params.some(({ layer }) => layer === pattern)) {
    const layers = new Set([...new Set(params.map(({ layer }) => layer))].slice(-last));
    return ({ layer }) => layers.has(layer);
  }
  return compileGlob(params.some(({ layer }) => layer === pattern) ? `${pattern}/**` : pattern);
}

function hintFor(pattern: string, params: readonly ParamInfo[]): string {
  const known = (["name", "layer", "role"] as const).flatMap((key) => params.map((param) => param[key]));
  const bare = pattern.replaceAll("**", "").replace(/^\/|\/$/g, "");
  return didYouMean(bare, [...new Set(known)]);
}
