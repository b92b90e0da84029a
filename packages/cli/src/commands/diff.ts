import { UsageError } from "../terminal/errors.ts";
import { readDelta } from "../terminal/files.ts";
import type { Command } from "./command.ts";

export const diff: Command = {
  usage: "graft diff <a.safetensors> <b.safetensors> [--json]",
  about:
    "Says how two deltas differ, tensor by tensor: the distance, and its share of the first one's norm.\n" +
    "Prints nothing where they hold the same.",
  options: { json: "boolean" },
  async run(positionals, { json }, { out, cwd }) {
    const [a, b, ...more] = positionals;
    if (a === undefined || b === undefined || more.length > 0) {
      throw new UsageError("graft diff takes two deltas.", "graft diff a.safetensors b.safetensors");
    }
    const [first, second] = [await readDelta(a, cwd), await readDelta(b, cwd)];
    const { diffDeltas } = await import("@graftjs/tuner");
    const found = diffDeltas(first, second);
    if (json === true) return out(`${JSON.stringify(found, null, 2)}\n`);
    const width = Math.max(0, ...found.map(({ name }) => name.length));
    for (const { name, in: where, distance, relative } of found) {
      const share = relative === undefined ? "" : `  ${(100 * relative).toPrecision(3)} %`;
      const how =
        where !== "both"
          ? `only in the ${where}`
          : distance === undefined
            ? "of another shape"
            : `off by ${distance.toPrecision(3)}${share}`;
      out(`${name.padEnd(width)}  ${how}\n`);
    }
  },
};
