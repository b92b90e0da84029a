// Makes the data of a person who has none at hand: pictures and sounds of five classes, and a table.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../bootstrap.mjs";

const CLASSES = 5;
const EACH = 30;

/** Returns numbers from 0 to 1 that look random and are the same in each run (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SHAPES = {
  circle: (r) => `<circle r="${r}"/>`,
  square: (r) => `<rect x="${-r}" y="${-r}" width="${2 * r}" height="${2 * r}"/>`,
  star: (r) => polygon(10, (i) => (i % 2 ? 0.4 * r : r)),
  triangle: (r) => polygon(3, () => r),
  cross: (r) => `<path d="M${-r} 0H${r}M0 ${-r}V${r}" stroke-width="${r / 2}" stroke="currentColor"/>`,
};

function polygon(corners, radius) {
  const points = Array.from({ length: corners }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners;
    return `${radius(i) * Math.sin(angle)},${-radius(i) * Math.cos(angle)}`;
  });
  return `<polygon points="${points.join(" ")}"/>`;
}

/** Writes 5 × 30 pictures of 160 × 120 pixels, and `new.png`. */
export async function writePictures(folder) {
  const sharp = createRequire(join(root, "packages/data/package.json"))("sharp");
  const random = randomFrom(1);
  const draw = (shape) => {
    const colour = () => `hsl(${Math.floor(360 * random())} 70% ${30 + Math.floor(40 * random())}%)`;
    const at = `translate(${50 + 60 * random()} ${40 + 40 * random()}) rotate(${40 * random() - 20})`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120"><rect width="160" height="120" fill="${colour()}"/><g transform="${at}" fill="${colour()}" color="${colour()}">${SHAPES[shape](20 + 15 * random())}</g></svg>`;
    return sharp(Buffer.from(svg)).png();
  };
  for (const shape of Object.keys(SHAPES)) {
    mkdirSync(join(folder, "pictures", shape), { recursive: true });
    for (let i = 0; i < EACH; i++) await draw(shape).toFile(join(folder, "pictures", shape, `${i}.png`));
  }
  await draw("star").toFile(join(folder, "new.png"));
}

/** Writes 5 × 30 WAV files of about a second: tones that rise or fall, pulses, noise. Writes `new.wav`, which rises. */
export function writeSounds(folder) {
  const random = randomFrom(2);
  const kinds = {
    falling: (t, f) => Math.sin(2 * Math.PI * f * (t - 0.25 * t * t)),
    rising: (t, f) => Math.sin(2 * Math.PI * f * (t + 0.4 * t * t)),
    steady: (t, f) => Math.sin(2 * Math.PI * f * t),
    pulses: (t, f) => (Math.floor(8 * t) % 2 ? Math.sin(2 * Math.PI * f * t) : 0),
    noise: () => 2 * random() - 1,
  };
  const write = (path, wave) => {
    const [rate, f, loud] = [16_000, 400 + 800 * random(), 0.2 + 0.5 * random()];
    const samples = Int16Array.from(
      { length: rate * (0.8 + 0.4 * random()) },
      (_, i) => 32_000 * loud * (wave(i / rate, f) * 0.9 + 0.1 * (random() - 0.5)),
    );
    const header = Buffer.alloc(44);
    header.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
    header.writeUInt32LE(36 + samples.byteLength, 4);
    for (const [at, value] of [
      [16, 16],
      [24, rate],
      [28, rate * 2],
      [40, samples.byteLength],
    ])
      header.writeUInt32LE(value, at);
    for (const [at, value] of [
      [20, 1],
      [22, 1],
      [32, 2],
      [34, 16],
    ])
      header.writeUInt16LE(value, at);
    header.write("data", 36);
    writeFileSync(path, Buffer.concat([header, new Uint8Array(samples.buffer)]));
  };
  for (const [kind, wave] of Object.entries(kinds)) {
    mkdirSync(join(folder, "sounds", kind), { recursive: true });
    for (let i = 0; i < EACH; i++) write(join(folder, "sounds", kind, `${i}.wav`), wave);
  }
  write(join(folder, "new.wav"), kinds.rising);
}

/** Writes a table of 150 rows whose last column follows from the others, and two rows to predict. */
export function writeTable(folder) {
  const random = randomFrom(3);
  const rows = Array.from({ length: CLASSES * EACH }, () => {
    const [length, weight] = [10 * random(), 5 * random()];
    const colour = ["red", "green", "blue"][Math.floor(3 * random())];
    const kind = length > 5 ? (colour === "red" ? "apple" : "pear") : weight > 2.5 ? "plum" : "cherry";
    return `${length.toFixed(2)},${weight.toFixed(2)},${colour},${kind}`;
  });
  writeFileSync(join(folder, "fruits.csv"), `length,weight,colour,kind\n${rows.join("\n")}\n`);
  writeFileSync(join(folder, "new.csv"), "length,weight,colour\n9.5,1.5,green\n1.5,4.5,blue\n");
}

/** Writes 5 × 30 short texts, and `new.txt`. */
export function writeTexts(folder) {
  const random = randomFrom(4);
  const words = {
    garden: "rose seed soil spade tulip water leaf hedge lawn bloom",
    kitchen: "pan flour oven salt butter knife soup onion bread stir",
    office: "meeting paper desk report printer phone file staff email chair",
    sea: "wave ship harbour sail anchor storm fish captain rope tide",
    sport: "ball goal team race coach score match run whistle field",
  };
  const shared = "the a with and of in my one some that then near".split(" ");
  const text = (own) =>
    Array.from({ length: 12 + Math.floor(20 * random()) }, () => {
      const list = random() < 0.4 ? own : shared;
      return list[Math.floor(list.length * random())];
    }).join(" ");
  for (const [kind, list] of Object.entries(words)) {
    mkdirSync(join(folder, "texts", kind), { recursive: true });
    for (let i = 0; i < EACH; i++) writeFileSync(join(folder, "texts", kind, `${i}.txt`), text(list.split(" ")));
  }
  writeFileSync(join(folder, "new.txt"), "the captain of the ship saw a storm and a wave near the harbour");
}
