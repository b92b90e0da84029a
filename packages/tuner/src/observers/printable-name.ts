// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Shows control characters of a name as `\u001b`: a name in a file cannot move a terminal's cursor or start a new line. */
export function printableName(name: string): string {
  return name.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
