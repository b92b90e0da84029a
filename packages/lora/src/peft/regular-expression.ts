/** A part of an expression. It takes the positions where the part may begin, and returns those where it may end. */
type Part = (text: string, from: ReadonlySet<number>) => Set<number>;

/** Longest expression, so that nested groups cannot exhaust the stack. */
const LONGEST = 1000;
/** Most parts that one match may try. Names of modules need a few thousand. */
const MOST_STEPS = 200_000;

/** An expression is not in the supported subset, or takes too long. */
export class ExpressionError extends Error {}

/**
 * Reads a regular expression of Python. The returned function tells whether the whole of a text matches, as `re.fullmatch` does.
 *
 * Expressions come from files, so the match never backtracks: it follows all possible positions at once, and stops after a number of
 * steps. It supports literals, `.`, classes, groups, alternatives, repetitions, lookahead, `^` and `$`. It lacks backreferences,
 * lookbehind, flags and word boundaries.
 *
 * @throws ExpressionError if the expression has another part. The function throws it if a match takes too many steps.
 */
export function fullMatch(source: string): (text: string) => boolean {
  if (source.length > LONGEST) throw new ExpressionError(`has more than ${LONGEST} characters`);
  let [at, steps] = [0, 0];
  const counted = (part: Part): Part => {
    return (text, from) => {
      steps += 1 + from.size;
      if (steps > MOST_STEPS) throw new ExpressionError("takes too many steps");
      return part(text, from);
    };
  };
  const take = (token: string): boolean => {
    if (!source.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const alternatives = (): Part => {
    const options = [sequence()];
    while (take("|")) options.push(sequence());
    return counted((text, from) => union(options.map((option) => option(text, from))));
  };
  const sequence = (): Part => {
    const parts: Part[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") parts.push(repeated(atom()));
    return (text, from) => parts.reduce((now, part) => part(text, now), new Set(from));
  };
  const repeated = (part: Part): Part => {
    const [least, most] = repetition();
    if (least === 1 && most === 1) return part;
    return counted((text, from) => repeat(part, text, from, least, most));
  };
  const repetition = (): readonly [number, number] => {
    const [, low, comma, high] = /^\{(\d{0,4})(,?)(\d{0,4})\}/.exec(source.slice(at)) ?? [];
    const counts = low !== undefined && (low !== "" || comma === ",");
    if (counts) at = source.indexOf("}", at) + 1;
    const found = counts
      ? undefined
      : take("*")
        ? [0, Infinity]
        : take("+")
          ? [1, Infinity]
          : take("?")
            ? [0, 1]
            : undefined;
    if (!counts && !found) return [1, 1];
    if (take("+")) throw new ExpressionError("has a possessive repetition");
    // A lazy repetition matches the same whole texts.
    take("?");
    if (found) return found as [number, number];
    return [Number(low), comma === "" ? Number(low) : high === "" ? Infinity : Number(high)];
  };
  const atom = (): Part => {
    if (take("(?=")) return ahead(true);
    if (take("(?!")) return ahead(false);
    if (take("(")) return group();
    if (take("^")) return (_, from) => new Set([...from].filter((i) => i === 0));
    if (take("$")) return (text, from) => new Set([...from].filter((i) => i === text.length));
    if (take("[")) return character(characterClass());
    if (take(".")) return character((one) => one !== "\n");
    const one = source[at++] as string;
    if ("*+?".includes(one)) throw new ExpressionError(`has nothing to repeat before \`${one}\``);
    return character(one === "\\" ? escaped() : (other) => other === one);
  };
  const group = (): Part => {
    const [name] = /^\?(:|P<\w+>)/.exec(source.slice(at)) ?? [];
    if (name) at += name.length;
    else if (source[at] === "?") throw new ExpressionError(`has \`(${source.slice(at, at + 3)}\``);
    const inner = alternatives();
    if (!take(")")) throw new ExpressionError("lacks a closing parenthesis");
    return inner;
  };
  const ahead = (wanted: boolean): Part => {
    const inner = alternatives();
    if (!take(")")) throw new ExpressionError("lacks a closing parenthesis");
    return (text, from) => new Set([...from].filter((i) => inner(text, new Set([i])).size > 0 === wanted));
  };
  const escaped = (): ((one: string) => boolean) => {
    const letter = source[at++];
    if (letter === undefined) throw new ExpressionError("ends with a backslash");
    const known = CLASSES[letter.toLowerCase()];
    if (known) return letter === letter.toLowerCase() ? (one) => known.test(one) : (one) => !known.test(one);
    if (/[A-Za-z0-9]/.test(letter)) throw new ExpressionError(`has \`\\${letter}\``);
    return (one) => one === letter;
  };
  const characterClass = (): ((one: string) => boolean) => {
    const negative = take("^");
    const members: ((one: string) => boolean)[] = [];
    while (members.length === 0 || source[at] !== "]") {
      if (at >= source.length) throw new ExpressionError("lacks a closing bracket");
      if (take("\\")) members.push(escaped());
      else {
        const [first, last] = [source[at++] as string, rangeEnd()];
        members.push((one) => one >= first && one <= (last ?? first));
      }
    }
    at++;
    return (one) => members.some((member) => member(one)) !== negative;
  };
  const rangeEnd = (): string | undefined => {
    if (source[at] !== "-" || source[at + 1] === "]" || source[at + 1] === undefined) return undefined;
    at += 2;
    return source[at - 1];
  };
  const whole = alternatives();
  if (at < source.length) throw new ExpressionError("has a closing parenthesis too many");
  return (text) => {
    steps = 0;
    return whole(text, new Set([0])).has(text.length);
  };
}

const CLASSES: Readonly<Record<string, RegExp>> = { d: /^\p{Nd}$/u, w: /^[\p{L}\p{N}_]$/u, s: /^\s$/ };

function character(matches: (one: string) => boolean): Part {
  return (text, from) =>
    new Set([...from].filter((i) => i < text.length && matches(text[i] as string)).map((i) => i + 1));
}

function union(sets: readonly Set<number>[]): Set<number> {
  return new Set(sets.flatMap((set) => [...set]));
}

/** Applies a part from `least` to `most` times. Positions that were reached before are not followed again. */
function repeat(part: Part, text: string, from: ReadonlySet<number>, least: number, most: number): Set<number> {
  let now = new Set(from);
  for (let i = 0; i < least && now.size > 0; i++) now = part(text, now);
  const reached = new Set(now);
  for (let i = least; i < most && now.size > 0; i++) {
    now = new Set([...part(text, now)].filter((position) => !reached.has(position)));
    for (const position of now) reached.add(position);
  }
  return reached;
}
