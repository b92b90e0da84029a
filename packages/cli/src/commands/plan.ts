import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { parseBytes, recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

export const plan: Command = {
  usage: "graft plan <recipe.json> [--limit 2GB] [--json]",
  about:
    "Says what a run would train and cache, and what that costs in time and memory. Trains nothing.\n\n" +
    "--limit        Also says whether tensors and cache fit into this many bytes.\n" +
    "--json         Prints the plan as JSON.\n" +
    trustHelp,
  options: { limit: "string", json: "boolean", ...trustFlags },
  async run(positionals, values, io) {
    const { limit: given, json } = values;
    const path = recipePath("plan", positionals);
    const limit = given === undefined ? {} : { limit: parseBytes("--limit", String(given)) };
    // Imported here because these modules take about a second to load and other commands do not need them.
    const { formatPlan, planFineTune } = await import("@graftjs/tuner");
    const { withSession } = await import("../run/session.ts");
    await withSession(path, io, trustOf(values, "none"), async ({ model, options, notes }) => {
      const made = await planFineTune(model, options, limit);
      if (json !== true) for (const note of notes) io.out(`${note}\n`);
      io.out(json === true ? `${JSON.stringify(made, null, 2)}\n` : `${formatPlan(made)}\n`);
    });
  },
};
