/**
 * Whether `version` lies in `range`: `^1.2.0`, `~1.2.0`, `>=1.2.0 <3.0.0`, `1.2.3`, `*`, alternatives with `||`, as npm
 * understands them, without prerelease tags.
 *
 * @returns undefined where `range` is none of these.
 */
export function satisfies(version: string, range: string): boolean | undefined {
  const actual = parse(version);
  const results = range.split("||").map((side) => {
    const parts = side.trim().split(/\s+/).filter(Boolean);
    const tests = parts.map((part) => comparator(part));
    if (!actual || tests.length === 0 || tests.includes(undefined)) return undefined;
    return tests.every((test) => test?.(actual));
  });
  return results.includes(undefined) ? undefined : results.includes(true);
}

type Version = readonly [number, number, number];

function comparator(part: string): ((actual: Version) => boolean) | undefined {
  if (part === "*" || part === "x") return () => true;
  const [, sign = "", rest = ""] = /^(\^|~|>=|<=|>|<|=)?(.+)$/.exec(part) ?? [];
  const wanted = parse(rest);
  if (!wanted) return undefined;
  const [major, minor, patch] = wanted;
  if (sign === "^") {
    // The leftmost number that is not 0 stays.
    const next: Version = major > 0 ? [major + 1, 0, 0] : minor > 0 ? [0, minor + 1, 0] : [0, 0, patch + 1];
    return (actual) => compare(actual, wanted) >= 0 && compare(actual, next) < 0;
  }
  if (sign === "~") return (actual) => compare(actual, wanted) >= 0 && compare(actual, [major, minor + 1, 0]) < 0;
  if (sign === ">=") return (actual) => compare(actual, wanted) >= 0;
  if (sign === "<=") return (actual) => compare(actual, wanted) <= 0;
  if (sign === ">") return (actual) => compare(actual, wanted) > 0;
  if (sign === "<") return (actual) => compare(actual, wanted) < 0;
  return (actual) => compare(actual, wanted) === 0;
}

function parse(text: string): Version | undefined {
  const [, major, minor = "0", patch = "0"] = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
