import * as fflate from "fflate";
import { GraftError } from "@graftjs/core";
import { unzip } from "../src/models/load/zip.ts";
import { type Random, seeded } from "../src/random/random.ts";
import type { RunFuzz } from "./fuzz-runs.ts";

/** The trials of damaged zip archives, with the number of each outcome. */
export interface ZipFuzz extends RunFuzz {
  readonly refused: number;
  /** Unpacked with the content of the undamaged archive, or without a file whose name was damaged. */
  readonly same: number;
}

const NAMES = ["config.json", "model.weights.h5"];
const MOST = 2 ** 16;

/**
 * Unpacks zip archives whose headers are damaged: sizes, offsets, names, methods, counts. Wrong: content that differs without an error,
 * an error of another type, or more bytes than the limit.
 */
export function fuzzZips(archives: number): ZipFuzz {
  const random = seeded("zips");
  const content = Object.fromEntries(
    NAMES.map((name, n) => [name, Uint8Array.from({ length: 300 * (n + 1) }, (_, i) => (i * (7 + n)) % 61)]),
  );
  const goods = ([0, 9] as const).map((level) =>
    fflate.zipSync({ ...content, "metadata.json": new Uint8Array(9) }, { level }),
  );
  const counts = { refused: 0, same: 0 };
  const wrong: string[] = [];
  for (let i = 0; i < archives; i++) {
    const bytes = damaged(goods[i % 2] as Uint8Array, random);
    try {
      for (const [name, file] of unzip(bytes, NAMES, MOST, fflate)) {
        if (Buffer.compare(file, content[name] as Uint8Array) !== 0) wrong.push(`archive ${i}: ${name} differs`);
      }
      counts.same++;
    } catch (error) {
      if (error instanceof GraftError) counts.refused++;
      else wrong.push(`archive ${i}: ${String(error)}`);
    }
  }
  return { trials: archives, ...counts, wrong };
}

/** Sets up to three fields in or near the headers to extreme or random values, or cuts the archive. */
function damaged(good: Uint8Array, random: Random): Uint8Array {
  const out = good.slice();
  if (random() < 0.1) return out.slice(0, random() * out.length);
  const headers = [...out.keys()].filter((at) => out[at] === 0x50 && out[at + 1] === 0x4b);
  const view = new DataView(out.buffer);
  for (let n = 0; n <= random() * 3; n++) {
    const header = headers[Math.floor(random() * headers.length)] as number;
    const at = Math.min(header + Math.floor(random() * 60), out.length - 4);
    const kind = random();
    if (kind < 0.4) out[at] = (out[at] as number) ^ (1 << Math.floor(random() * 8));
    else if (kind < 0.7) view.setUint32(at, EXTREMES[Math.floor(random() * EXTREMES.length)] as number, true);
    else view.setUint32(at, random() * out.length, true);
  }
  return out;
}

const EXTREMES = [0, 1, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
