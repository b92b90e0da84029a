// Draws simple shapes: five classes, as pictures of different sizes in a folder with one subfolder for each class.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Random, seeded } from "@graftjs/core";
import sharp from "sharp";

/** The SVG element of each class, for a shape of radius 1 around the origin. */
const SHAPES: Readonly<Record<string, string>> = {
  circle: '<circle r="0.9"/>',
  cross: '<path d="M-1-.3H-.3V-1H.3V-.3H1V.3H.3V1H-.3V.3H-1Z"/>',
  ring: '<circle r="0.75" fill="none" stroke-width="0.35"/>',
  square: '<rect x="-0.75" y="-0.75" width="1.5" height="1.5"/>',
  triangle: '<path d="M0-1L.87.5H-.87Z"/>',
};

/** Names of the classes, sorted. */
export const CLASSES: readonly string[] = Object.keys(SHAPES);

/** Draws `perClass` pictures of each class into `folder`. Equal seeds give equal pictures. */
export async function drawShapes(folder: string, perClass: number, seed: number): Promise<void> {
  for (const name of CLASSES) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const ending = ["png", "jpg", "webp"][i % 3] as string;
      await sharp(Buffer.from(svg(name, seeded(seed, name, i)))).toFile(join(folder, name, `${name}-${i}.${ending}`));
    }
  }
}

function svg(name: string, random: Random): string {
  const between = (low: number, high: number): number => low + (high - low) * random();
  const [width, height] = [Math.round(between(70, 130)), Math.round(between(70, 130))];
  const radius = between(20, 30);
  const colour = `hsl(${Math.round(between(0, 360))} 80% ${Math.round(between(25, 45))}%)`;
  const paper = `hsl(${Math.round(between(0, 360))} 30% ${Math.round(between(75, 95))}%)`;
  const place = `translate(${between(0.45, 0.55) * width} ${between(0.45, 0.55) * height}) rotate(${between(-15, 15)}) scale(${radius})`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/><g transform="${place}" fill="${colour}" stroke="${colour}" stroke-width="0">${SHAPES[name]}</g></svg>`;
}
