/**
 * Turns JSON with comments (`.jsonc`) into plain JSON: comments and commas before a closing bracket become spaces. Every other character
 * keeps its place, so that the position of an error is that of the file.
 */
export function plainJson(text: string): string {
  const blank = (part: string): string => part.replace(/[^\n]/g, " ");
  const tokens = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  const bare = text.replace(tokens, (token) => (token.startsWith('"') ? token : blank(token)));
  return bare.replace(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[\]}])/g, (token) => (token === "," ? " " : token));
}
