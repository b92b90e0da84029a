import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

interface Emoji {
  readonly image: string;
  readonly category: string;
  readonly has_img_twitter: boolean;
  readonly unified: string;
}

/** A picture file as playwright hands it to a file input. */
export interface PictureFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Categories of Unicode that serve as classes. */
export const CLASSES: readonly [string, string, string] = ["Flags", "Smileys & People", "Animals & Nature"];

/**
 * Reads pictures of the npm package `emoji-datasource-twitter`: Twemoji, © Twitter and contributors, CC BY 4.0.
 *
 * @param from place of the first picture in a fixed random order
 */
export function emoji(category: string, from: number, count: number): readonly PictureFile[] {
  const require = createRequire(import.meta.url);
  const list = require("emoji-datasource-twitter/emoji.json") as readonly Emoji[];
  const folder = join(dirname(require.resolve("emoji-datasource-twitter/package.json")), "img/twitter/64");
  return list
    .filter((one) => one.category === category && one.has_img_twitter)
    .sort((a, b) => keyOf(a) - keyOf(b))
    .slice(from, from + count)
    .map(({ image }) => ({ name: image, mimeType: "image/png", buffer: readFileSync(join(folder, image)) }));
}

/** Orders by a hash. Emoji that are neighbours in the list look alike. */
function keyOf({ unified }: Emoji): number {
  return [...unified].reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) >>> 0, 7) % 997;
}
