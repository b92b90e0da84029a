import type { Command } from "../command.ts";
import { recipePath } from "./recipe-path.ts";

export const plan: Command = {
  usage: "graft plan <recipe.json> [--json]",
  about: "Says what a recipe would train, what it would cache and what that costs. Trains nothing.",
  options: { json: "boolean" },
  async run(positionals, { json }, io) {
    const path = recipePath("plan", positionals);
    // As in run.ts: not to be loaded by every command.
    const { formatPlan, plan: makePlan } = await import("@graftjs/tuner");
    const { withSession } = await import("../session.ts");
    await withSession(path, io, async ({ model, options }) => {
      const made = await makePlan(model, options);
      io.out(json === true ? `${JSON.stringify(made, null, 2)}\n` : `${formatPlan(made)}\n`);
    });
  },
};
