// Control characters except line feed and tab, and characters that change the direction of text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Shows control characters as `\u001b`, so that a name in a file cannot move the cursor, hide text or press keys of a terminal. JSON stays
 * the same value.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, escaped);
}

// The tuner has the same for its observers. Importing it from there would load the tuner in every command.
/** Like {@link printable}, for a name within a line: line feeds and tabs are shown too. */
export function printableName(name: string): string {
  return printable(name).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
