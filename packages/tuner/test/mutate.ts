import type { Random } from "../src/random/random.ts";

/** Damages bytes, both as files get damaged by accident and as an attacker would. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const at = (): number => Math.floor(random() * out.length);
  const kind = Math.floor(random() * 6);
  if (kind === 0) return out.slice(0, at());
  if (kind === 1) for (let i = 0; i <= random() * 4; i++) out[at()] = Math.floor(random() * 256);
  else if (kind === 2) out[at() % 64] = Math.floor(random() * 256);
  else {
    // Replaces text within the JSON: numbers, types, names.
    const text = new TextDecoder("latin1").decode(out);
    const [from, to] = SWAPS[Math.floor(random() * SWAPS.length)] as [RegExp, string];
    const swapped = text.replace(from, to);
    const padded = kind === 3 ? swapped : swapped.slice(0, text.length).padEnd(text.length, " ");
    return Uint8Array.from(padded, (char) => char.charCodeAt(0));
  }
  return out;
}

const SWAPS: readonly (readonly [RegExp, string])[] = [
  [/\d+/, "9007199254740993"],
  [/\d+/, "-1"],
  [/\d+/, "1e9"],
  [/\[(\d+),(\d+)\]/, "[$2,$1]"],
  [/F32|float32/, "F64"],
  [/F32|float32/, "__proto__"],
  [/"shape"/, '"dtype"'],
  [/"shape":\[[^\]]*\]/, '"shape":[[1]]'],
  [/"[a-z/]+"/, '"__proto__"'],
  [/"[a-z/]+"/, '"constructor"'],
  [/\{/, '{"a":1,"a":2,'],
  [/"paths":\["/, '"paths":["../../../../etc/passwd","'],
  [/"paths":\["/, '"paths":["file:///etc/passwd","'],
  [/"paths":\["/, '"paths":["%2e%2e/secret","'],
  [/"paths":\[/, '"paths":[null,'],
  [/"weights":\[/, '"weights":[{},'],
  [/"shape":\[/, '"shape":[4294967296,4294967296,'],
];
