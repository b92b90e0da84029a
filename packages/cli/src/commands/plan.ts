import { parseBytes, recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

export const plan: Command = {
  usage: "graft plan <recipe.json> [--limit 2GB] [--json]",
  about:
    "Says what a recipe would train, what it would cache and what that costs. Trains nothing.\n" +
    "With --limit also whether tensors and cache stay under so many bytes.",
  options: { limit: "string", json: "boolean" },
  async run(positionals, { limit: given, json }, io) {
    const path = recipePath("plan", positionals);
    const limit = given === undefined ? {} : { limit: parseBytes("--limit", String(given)) };
    // As in run.ts: not to be loaded by every command.
    const { formatPlan, planFineTune } = await import("@graftjs/tuner");
    const { withSession } = await import("../run/session.ts");
    await withSession(path, io, async ({ model, options }) => {
      const made = await planFineTune(model, options, limit);
      io.out(json === true ? `${JSON.stringify(made, null, 2)}\n` : `${formatPlan(made)}\n`);
    });
  },
};
