import { resolve } from "node:path";
import { UsageError } from "../terminal/errors.ts";
import { readDelta } from "../terminal/files.ts";
import type { Command } from "./command.ts";

export const stack: Command = {
  usage: "graft stack <a.safetensors> <b.safetensors> --out both.safetensors",
  about:
    "Writes two deltas of one base as one: the tensors of both.\n" +
    "Refused where both changed a tensor, and differently.",
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
    const both = stackDeltas(first, second);
    await writeFileAtomic(target, both);
    out(`Saved ${target} (${(both.byteLength / 1024).toFixed(1)} kB).\n`);
  },
};
