import { readDelta } from "../project/files.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import type { Command } from "./command.ts";

export const diff: Command = {
  usage: "graft diff <a.safetensors> <b.safetensors> [--json]",
  about:
    "Says how two deltas differ, tensor by tensor.\n" +
    "For each tensor it prints the distance, and the distance as a percentage of the first tensor's norm.\n" +
    "Prints nothing if the deltas are the same.\n\n" +
    "--json  Prints the differences as JSON.",
  options: { json: "boolean" },
  async run(positionals, { json }, { out, cwd }) {
    const [a, b, ...more] = positionals;
    if (a === undefined || b === undefined || more.length > 0) {
      throw new UsageError("graft diff takes two deltas.", "graft diff a.safetensors b.safetensors");
    }
    const [first, second] = [await readDelta(a, cwd), await readDelta(b, cwd)];
    const { diffDeltas } = await import("@graftjs/tuner");
    const differences = diffDeltas(first, second);
    if (json === true) return out(`${JSON.stringify(differences, null, 2)}\n`);
    const width = Math.max(0, ...differences.map(({ name }) => printableName(name).length));
    for (const { name, in: side, distance, relative } of differences) {
      const percentage = relative === undefined ? "" : `  ${(100 * relative).toPrecision(3)} %`;
      const difference =
        side !== "both"
          ? `only in the ${side}`
          : distance === undefined
            ? "shapes differ"
            : `differs by ${distance.toPrecision(3)}${percentage}`;
      out(`${printableName(name).padEnd(width)}  ${difference}\n`);
    }
  },
};
