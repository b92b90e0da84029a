import { resolve } from "node:path";
import { readDelta } from "../project/files.ts";
import { assertReplaceable } from "../run/assert-places.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Command } from "./command.ts";

export const stack: Command = {
  usage: "graft stack <a.safetensors> <b.safetensors> --out both.safetensors",
  about:
    "Combines two deltas of the same base model into one file.\n" +
    "Refuses deltas that change the same tensor in different ways.\n\n" +
    "--out  Path of the combined delta.",
  options: { out: "string" },
  async run(positionals, { out: given }, { out, cwd }) {
    const [a, b, ...more] = positionals;
    if (a === undefined || b === undefined || more.length > 0 || given === undefined) {
      throw new UsageError(
        "graft stack takes two deltas and --out.",
        "graft stack a.safetensors b.safetensors --out both.safetensors",
      );
    }
    const [first, second] = [await readDelta(a, cwd), await readDelta(b, cwd)];
    const { stackDeltas, writeFileAtomic } = await import("@graftjs/tuner");
    const target = resolve(cwd, String(given));
    await assertReplaceable(target, [resolve(cwd, a), resolve(cwd, b)]);
    const both = stackDeltas(first, second);
    await writeFileAtomic(target, both);
    out(`Saved ${target} (${(both.byteLength / 1024).toFixed(1)} kB).\n`);
  },
};
